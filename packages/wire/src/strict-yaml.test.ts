import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { parseYaml } from './strict-yaml.ts';

const read = async (text: string) => {
  const { document, problems } = await parseYaml(text, 'x.yaml');
  return { value: document?.value, positions: document?.positions, problems };
};
const firstProblem = async (text: string) => (await read(text)).problems[0];

describe('parseYaml', () => {
  it('gives plain values and the place of every key and item', async () => {
    const { value, positions } = await read('name: a\nlimits:\n  stop_ms: 5\nlist:\n  - x\n  - y: 1\n');
    expect(value).toEqual({ name: 'a', limits: { stop_ms: 5 }, list: ['x', { y: 1 }] });
    expect(positions?.get('/limits/stop_ms')).toEqual({ line: 3, column: 3 });
    expect(positions?.get('/list/1/y')).toEqual({ line: 6, column: 5 });
  });

  it('says where broken YAML is broken, with the lines around it', async () => {
    const problem = await firstProblem('name: a\nversion: "1.0.0\nphase: x\n');
    expect(problem).toMatchObject({ code: 'BP_YAML_SYNTAX', file: 'x.yaml' });
    expect(problem?.line).toBeGreaterThanOrEqual(2);
    expect(problem?.frame).toContain('^');
  });

  it('leaves the lines out where they may hold secrets', async () => {
    const { problems } = await parseYaml('key: "secret\n', 'x.yaml', { frames: false });
    expect(JSON.stringify(problems)).not.toContain('secret');
  });

  it('refuses a repeated key where it is repeated', async () => {
    expect(await firstProblem('a: 1\nb: 2\na: 3\n')).toMatchObject({ code: 'BP_YAML_REFUSED', line: 3, column: 1 });
  });

  it.each(['__proto__: {polluted: 1}', 'a: {__proto__: 1}', '"__proto__": 1', '<<: {__proto__: {polluted: 1}}'])(
    'refuses %s',
    async (text) => {
      expect((await firstProblem(text))?.message).toContain('__proto__');
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    },
  );

  it('refuses tags, second documents and keys that are no text', async () => {
    expect(await firstProblem('a: !!js/function "x"')).toMatchObject({ line: 1 });
    expect(await firstProblem('a: 1\n---\nb: 2\n')).toBeDefined();
    expect((await firstProblem('? [a, b]\n: 1\n'))?.message).toContain('a key must be text');
  });

  it('refuses a billion laughs in little time', async () => {
    const lines = ['l0: &l0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]'];
    for (let i = 1; i < 12; i++)
      lines.push(
        `l${i}: &l${i} [${Array(9)
          .fill(`*l${i - 1}`)
          .join(', ')}]`,
      );
    const started = performance.now();
    expect((await firstProblem(lines.join('\n')))?.message).toContain('more than');
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it('refuses a bomb made of merges', async () => {
    const lines = ['l0: &l0 {a0: x, b0: x}'];
    for (let i = 1; i < 30; i++) lines.push(`l${i}: &l${i} {x${i}: {<<: *l${i - 1}}, y${i}: {<<: *l${i - 1}}}`);
    expect((await firstProblem(lines.join('\n')))?.message).toMatch(/more than|levels deep/);
  });

  it('refuses what contains itself', async () => {
    expect((await firstProblem('a: &a [*a]'))?.message).toContain('contains itself');
    expect((await firstProblem('a: &a {<<: *a}'))?.message).toContain('merged into itself');
  });

  it.each(['[', '- ', '*a ', '%', '\n', '{a: '])('gives up in good time on a mebibyte of %j', async (unit) => {
    const started = performance.now();
    expect(await firstProblem(unit.repeat((1024 * 1024) / unit.length))).toBeDefined();
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it('reads an honest file of thousands of lines', async () => {
    const text = Array.from({ length: 5_000 }, (_, index) => `key${index}: value ${index}`).join('\n');
    expect(Object.keys((await read(text)).value as object)).toHaveLength(5_000);
  });

  it('repeats what an alias names without sharing it', async () => {
    const { value } = await read('a: &x {deep: [1]}\nb: *x\n');
    const { a, b } = value as { a: unknown; b: unknown };
    expect(b).toEqual(a);
    expect(b).not.toBe(a);
  });

  it('lets a map win over what it merges, and earlier merges over later', async () => {
    const { value, positions } = await read('a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  <<: [*a, *b]\n  x: 3\n');
    expect((value as { c: unknown }).c).toEqual({ x: 3, y: 1, z: 2 });
    expect(positions?.get('/c/y')).toEqual({ line: 1, column: 14 });
  });

  it('refuses a number that would lose digits', async () => {
    expect((await firstProblem('id: 12345678901234567890'))?.message).toContain('quotes');
  });

  it('reads an empty file as null', async () => {
    expect((await read('')).value).toBeNull();
  });

  it('gives back whatever plain data was written', async () => {
    const key = fc.string({ minLength: 1 }).filter((text) => text !== '__proto__' && text !== '<<');
    const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        leaf,
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(key, tie('tree'), { maxKeys: 3, noNullPrototype: true }),
      ),
    }));
    await fc.assert(
      fc.asyncProperty(tree, async (data) => {
        expect(await read(stringify(data))).toMatchObject({ value: data, problems: [] });
      }),
      { numRuns: 150 },
    );
  });
});
