import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './generated-file.ts';
import { checkProofs } from './ledger/check-proofs.ts';
import { compare } from './ledger/compare.ts';
import { readLedger } from './ledger/ledger.ts';
import { printedItems } from './ledger/printed-items.ts';
import { ledgerProblems, REFERENCES } from './reference-ledger.ts';

const DOCUMENT = `# Guide

Set \`SHOP\` or MMF_SHOP_DIR. \`POST /api/v1/shops/{id}\` opens one, \`/api/v1/help\` helps; see [more](./docs/more.md).

## Files

1. One:
   \`\`\`yaml
   # config/shop.yaml
   shop:
     open: true
     goods:
       - name: "tea"
   \`\`\`

\`\`\`bash
# Sell
sell --what tea \\
  --now
curl http://localhost:8080/shop
\`\`\`

\`\`\`bash
shop/
└── shop.yaml
\`\`\`

## Code

\`\`\`python
@track_metrics(metric_name="sales")
def sell(self, what: Dict[str, Any]):
    """Sells: {"not": "a key"}"""
    price = self.config.get('price', 3)  # "nor": this
    return {"sold": f"{what}", "to": [{"name": "Ada", "at": now()}], "sum": {"net": 1}}
\`\`\`

\`\`\`
sales_total{what="tea",to="Ada"} 3
\`\`\`
`;

describe('what is printed', () => {
  it('is found in fences, lines and code, with the line on which it stands', async () => {
    const { fragments, named } = await printedItems(DOCUMENT);
    expect(fragments).toEqual([
      {
        line: 9,
        heading: 'Files',
        language: 'yaml',
        text: '# config/shop.yaml\nshop:\n  open: true\n  goods:\n    - name: "tea"\n',
        keys: ['shop.open', 'shop.goods[].name'],
      },
      expect.objectContaining({
        line: 31,
        language: 'python',
        keys: ['sold', 'to[].name', 'to[].at', 'sum.net', 'config.price'],
      }),
    ]);
    expect(Object.fromEntries(Object.entries(named).map(([kind, found]) => [kind, [...found]]))).toEqual({
      variables: [['MMF_SHOP_DIR', 3]],
      requests: [
        ['POST /api/v1/shops/{id}', 3],
        ['/api/v1/help', 3],
        ['GET /shop', 20],
      ],
      files: [
        ['config/shop.yaml', 9],
        ['shop.yaml', 25],
      ],
      commands: [
        ['sell --what tea --now', 18],
        ['curl http://localhost:8080/shop', 20],
      ],
      metrics: [
        ['sales', 31],
        ['sales_total{what,to}', 39],
      ],
    });
  });
});

const LEDGER = `
tests:
  opens: a.test.ts#opens a shop
  each: a.test.ts#sells %s
documents:
  guide.md:
    fragments:
      - { line: 9, heading: Files, copy: shop.yaml, shown: opens, keys: { shop.open: opens, "shop.goods[].name": [each, row M1] } }
      - { line: 31, heading: Code, keys: { sold: each, "to[].name": each, "to[].at": each, sum.net: each, config.price: issue 4 } }
    variables: { MMF_SHOP_DIR: { line: 3, shown: opens } }
    requests:
      POST /api/v1/shops/{id}: { line: 3, shown: opens }
      /api/v1/help: { line: 3, shown: opens }
      GET /shop: { line: 20, shown: opens }
    files: { config/shop.yaml: { line: 9, shown: opens }, shop.yaml: { line: 25, shown: opens } }
    commands: { sell --what tea --now: { line: 18, shown: opens }, "curl http://localhost:8080/shop": { line: 20, shown: opens } }
    metrics: { sales: { line: 31, shown: opens }, "sales_total{what,to}": { line: 39, shown: opens } }
`;
const COPY = '# config/shop.yaml\nshop:\n  open: true\n  goods:\n    - name: "tea"\n';
const TESTS = "it('opens a shop', () => {});\nit.each(['tea'] as const)(\n  'sells %s',\n  () => {});\n";

async function problems(ledger = LEDGER, { document = DOCUMENT, copy = COPY, tests = TESTS } = {}): Promise<string[]> {
  const read = await readLedger(ledger, 'ledger.yaml');
  const sources = {
    source: (path: string) => (path === 'a.test.ts' ? tests : undefined),
    rows: new Set(['M1']),
  };
  const printed = new Map([['guide.md', await printedItems(document)]]);
  return [
    ...checkProofs(read, sources),
    ...compare(read, printed, (name) => (name === 'shop.yaml' ? copy : undefined)),
  ];
}

describe('a ledger', () => {
  it('that has everything, in its place, with tests that are there, has no problems', async () => {
    expect(await problems()).toEqual([]);
  });

  it.each([
    [
      'what has no entry',
      LEDGER.replace('      GET /shop: { line: 20, shown: opens }\n', ''),
      'guide.md:20: requests has no entry for "GET /shop".',
    ],
    ['a key that has none', LEDGER.replace('sold: each, ', ''), 'guide.md:31: there is no entry for the key sold.'],
    ['a fragment that has none', LEDGER.replace(/ {6}- \{ line: 31.*\n/, ''), 'guide.md:31: the python has no entry.'],
    [
      'an entry that stands nowhere',
      LEDGER.replace('GET /shop', 'GET /stop'),
      'guide.md:20: "GET /stop" of requests does not stand there.',
    ],
    [
      'a key that stands nowhere',
      LEDGER.replace('sold: each', 'bought: each'),
      'guide.md:31: the key bought does not stand there.',
    ],
    ['another line', LEDGER.replace('{ line: 25', '{ line: 26'), 'guide.md:25: "shop.yaml" is entered with line 26.'],
    ['a document that is not there', `${LEDGER}  other.md: {}\n`, 'other.md: there is no such document.'],
    ['a fragment of a test without a copy', LEDGER.replace('copy: shop.yaml, ', ''), 'guide.md:9: it has no copy.'],
    [
      'a test that is not there',
      LEDGER.replace('#opens a shop', '#opens a stop'),
      'tests › opens: a.test.ts has no test "opens a stop" that runs.',
    ],
    [
      'a file that is not there',
      LEDGER.replace('a.test.ts#opens', 'b.test.ts#opens'),
      'tests › opens: there is no b.test.ts.',
    ],
    [
      'a name that no test has',
      LEDGER.replace('sold: each', 'sold: eahc'),
      'guide.md:31 sold: no test is called "eahc".',
    ],
    [
      'a row that does not exist',
      LEDGER.replace('row M1', 'row M2'),
      'guide.md:9 shop.goods[].name: the mission has no row M2.',
    ],
    [
      'a test that shows nothing',
      LEDGER.replace('tests:', 'tests:\n  idle: a.test.ts#opens a shop'),
      'tests › idle: nothing is shown by it.',
    ],
  ])('is told %s', async (_what, ledger, problem) => {
    expect(await problems(ledger)).toContain(problem);
  });

  it('is told a copy that is not to the letter, and a test that does not run', async () => {
    expect(await problems(LEDGER, { copy: COPY.replace('tea', 'coffee') })).toEqual([
      'guide.md:9: test/testing/fragments/shop.yaml is not what is printed.',
    ]);
    expect(await problems(LEDGER, { tests: TESTS.replace('it(', 'it.skip(') })).toEqual([
      'tests › opens: a.test.ts has no test "opens a shop" that runs.',
    ]);
  });

  it('that is not of its form is refused with the place', async () => {
    const broken = LEDGER.replace('{ line: 25, shown: opens }', '{ line: 25 }');
    await expect(problems(broken)).rejects.toThrow(
      'ledger.yaml › documents › guide.md › files › shop.yaml › shown: expected a text.',
    );
  });
});

describe('the ledger of this repository', () => {
  it('names tests that are there', async () => {
    expect(await ledgerProblems(undefined)).toEqual([]);
  });

  it.skipIf(!existsSync(REFERENCES))(
    'has everything that the references print (which lie beside the checkout, or this is skipped)',
    async () => {
      expect(await ledgerProblems(REFERENCES)).toEqual([]);
    },
  );

  it('names no path of a machine', () => {
    expect(readFileSync(join(root, 'docs/reference-ledger.yaml'), 'utf8')).not.toMatch(/\/(home|root|work|tmp)\//);
  });
});
