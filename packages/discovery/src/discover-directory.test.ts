import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDirectoryDiscoverer, discoverDirectory } from './discover-directory.ts';

let base: string;
let plugins: string;

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'backplane-discovery-')));
  plugins = join(base, 'plugins');
  mkdirSync(plugins);
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

function write(files: Record<string, string>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(plugins, name)), { recursive: true });
    writeFileSync(join(plugins, name), content);
  }
}
const manifest = (name: string, more = '') => `name: ${name}\nversion: 1.0.0\n${more}`;
const names = async () => (await discoverDirectory(plugins)).candidates.map(({ name }) => name);
const problems = async () => (await discoverDirectory(plugins)).problems;

describe('discoverDirectory', () => {
  it('finds a folder with a manifest', async () => {
    write({
      'marty/plugin.yaml': manifest('trust_pki', 'entry_point: ./lib/main.ts#Trust\n'),
      'marty/lib/main.ts': '',
    });
    const { candidates, problems: found } = await discoverDirectory(plugins);
    expect(found).toEqual([]);
    expect(candidates).toMatchObject([
      {
        name: 'trust-pki',
        nameFrom: 'manifest',
        origin: 'marty',
        root: join(plugins, 'marty'),
        entry: join(plugins, 'marty/lib/main.ts'),
        exportName: 'Trust',
        manifestFile: join(plugins, 'marty/plugin.yaml'),
        manifest: { file: join(plugins, 'marty/plugin.yaml'), manifest: { version: '1.0.0' } },
      },
    ]);
    expect(candidates[0]?.manifest?.positions.get('/entry_point')).toEqual({ line: 3, column: 1 });
  });

  it('finds single files and names them after themselves', async () => {
    write({ 'PaymentPlugin.ts': '', 'jwt_auth.mjs': '', 'c.cjs': '', 'd.mts': '', 'e.js': '' });
    expect(await names()).toEqual(['payment-plugin', 'c', 'd', 'e', 'jwt-auth']);
  });

  it('runs nothing of what it finds', async () => {
    write({ 'a.mjs': 'throw new Error("ran")', 'b/plugin.js': 'throw new Error("ran")' });
    expect(await names()).toEqual(['a', 'b']);
  });

  it('passes over tests, type declarations, hidden and private entries, node_modules and everything else', async () => {
    write({
      'a.test.ts': '',
      'a.spec.ts': '',
      'a.d.ts': '',
      'a.d.mts': '',
      '.hidden.ts': '',
      '_private.ts': '',
      'README.md': '',
      'node_modules/x/plugin.ts': '',
      '_x/plugin.ts': '',
      '.x/plugin.ts': '',
      'docs-only/README.md': '',
    });
    expect(await discoverDirectory(plugins)).toEqual({ candidates: [], problems: [] });
  });

  it.each([
    'plugin.ts',
    'plugin.mts',
    'plugin.js',
    'plugin.mjs',
    'index.ts',
    'index.js',
    'src/plugin.ts',
    'dist/plugin.js',
  ])('takes %s as the entry unless told', async (entry) => {
    write({ [`p/${entry}`]: '', 'p/plugin.yaml': manifest('p'), [`q/${entry}`]: '' });
    expect((await discoverDirectory(plugins)).candidates.map((found) => found.entry)).toEqual([
      join(plugins, 'p', entry),
      join(plugins, 'q', entry),
    ]);
  });

  it('takes an entry point that is only the name of an export', async () => {
    write({ 'p/plugin.yaml': manifest('p', 'entry_point: PaymentPlugin\n'), 'p/index.js': '' });
    expect((await discoverDirectory(plugins)).candidates).toMatchObject([
      { entry: join(plugins, 'p/index.js'), exportName: 'PaymentPlugin' },
    ]);
  });

  it('finds the plugins that a package.json declares', async () => {
    const declared = {
      backplane: { plugins: { payment_processing: './dist/payment.js#PaymentPlugin', inventory: './dist/inv.js' } },
    };
    write({ 'shop/package.json': JSON.stringify(declared), 'shop/dist/payment.js': '', 'shop/dist/inv.js': '' });
    expect((await discoverDirectory(plugins)).candidates).toMatchObject([
      {
        name: 'payment-processing',
        nameFrom: 'package',
        entry: join(plugins, 'shop/dist/payment.js'),
        exportName: 'PaymentPlugin',
      },
      { name: 'inventory', entry: join(plugins, 'shop/dist/inv.js') },
    ]);
  });

  it('says in which line a package.json declares what is not there', async () => {
    write({
      'shop/package.json':
        '{\n  "backplane": {\n    "plugins": {\n      "a": "./none.js",\n      "b": 3\n    }\n  }\n}\n',
    });
    expect(await problems()).toMatchObject([
      { code: 'BP_DISCOVERY_ENTRY_MISSING', line: 4, column: 7, plugin: 'a' },
      { code: 'BP_DISCOVERY_PACKAGE_INVALID', line: 5, column: 7, plugin: 'b' },
    ]);
  });

  it('says where a package.json is broken', async () => {
    write({ 'shop/package.json': '{\n  "backplane": {\n    "plugins": [1,\n' });
    expect(await problems()).toMatchObject([{ code: 'BP_DISCOVERY_PACKAGE_INVALID', origin: 'shop' }]);
    expect((await problems())[0]?.line).toBeGreaterThanOrEqual(3);
  });

  it('reads a discovery path that is itself a plugin', async () => {
    write({ 'marty/plugin.yaml': manifest('marty'), 'marty/plugin.ts': '', 'marty/other.ts': '' });
    const { candidates } = await discoverDirectory(join(plugins, 'marty'));
    expect(candidates).toMatchObject([{ name: 'marty', origin: 'marty', root: join(plugins, 'marty') }]);
  });

  it('reports a broken manifest with line, column and the lines around, and finds the others', async () => {
    write({ 'bad/plugin.yaml': 'name: bad\nversion: "1.0.0\n', 'bad/plugin.ts': '', 'good.ts': '' });
    const found = await discoverDirectory(plugins);
    expect(found.candidates.map(({ name }) => name)).toEqual(['good']);
    expect(found.problems).toMatchObject([
      { code: 'BP_YAML_SYNTAX', file: join(plugins, 'bad/plugin.yaml'), plugin: 'bad', origin: 'bad' },
    ]);
    expect(found.problems[0]?.line).toBeGreaterThan(1);
    expect(found.problems[0]?.frame).toContain('> ');
  });

  it('reports everything that is wrong with a manifest at once', async () => {
    write({ 'bad/plugin.yaml': 'name: bad\nverison: 1.0.0\nphase: late\n', 'bad/plugin.ts': '' });
    expect((await problems()).map(({ code, line, hint }) => [code, line, hint])).toEqual([
      ['BP_MANIFEST_INVALID', 2, 'Did you mean "version"?'],
      ['BP_MANIFEST_INVALID', 3, undefined],
    ]);
  });

  it('reports an entry file that is not there, at the key that names it', async () => {
    write({ 'a/plugin.yaml': manifest('a', 'entry_point: ./gone.ts\n'), 'b/plugin.yaml': manifest('b') });
    expect(await problems()).toMatchObject([
      { code: 'BP_DISCOVERY_ENTRY_MISSING', line: 3, column: 1, message: expect.stringContaining('./gone.ts') },
      { code: 'BP_DISCOVERY_ENTRY_MISSING', line: 1, message: expect.stringContaining('plugin.ts, plugin.mts') },
    ]);
  });

  it.each(['../outside.ts', '/etc/outside.ts', './x/../../outside.ts', '../a-sibling/outside.ts'])(
    'refuses the entry point %s',
    async (entry) => {
      write({ 'a/plugin.yaml': manifest('a', `entry_point: ${entry}\n`), 'a-sibling/outside.ts': '', 'a/x/y.ts': '' });
      writeFileSync(join(plugins, 'outside.ts'), '');
      expect((await problems()).map(({ code }) => code)).toEqual(['BP_DISCOVERY_OUTSIDE']);
    },
  );

  it.each(['./plugin.py', './plugin.ts#not-an-export', './lib.ts'])(
    'refuses the entry point %s, which names no code',
    async (entry) => {
      write({ 'a/plugin.yaml': manifest('a', `entry_point: ${entry}\n`), 'a/plugin.ts': '', 'a/lib.ts/x': '' });
      expect(await problems()).toMatchObject([{ code: 'BP_DISCOVERY_ENTRY_INVALID', line: 3 }]);
    },
  );

  it('refuses what symbolic links lead out to: entries, folders of an entry, plugin folders, files, manifests', async () => {
    writeFileSync(join(base, 'outside.ts'), '');
    mkdirSync(join(base, 'elsewhere'));
    writeFileSync(join(base, 'elsewhere/plugin.ts'), '');
    writeFileSync(join(base, 'secret'), 'top: secret\n');
    write({
      'a/plugin.yaml': manifest('a'),
      'b/plugin.yaml': manifest('b', 'entry_point: ./lib/plugin.ts\n'),
      'e/plugin.ts': '',
    });
    symlinkSync(join(base, 'outside.ts'), join(plugins, 'a/plugin.ts'));
    symlinkSync(join(base, 'elsewhere'), join(plugins, 'b/lib'));
    symlinkSync(join(base, 'elsewhere'), join(plugins, 'c'));
    symlinkSync(join(base, 'outside.ts'), join(plugins, 'd.ts'));
    symlinkSync(join(base, 'secret'), join(plugins, 'e/plugin.yaml'));
    const found = await discoverDirectory(plugins);
    expect(found.candidates).toEqual([]);
    expect(found.problems.map(({ code, origin }) => [code, origin])).toEqual([
      ['BP_DISCOVERY_OUTSIDE', 'a'],
      ['BP_DISCOVERY_OUTSIDE', 'b'],
      ['BP_DISCOVERY_OUTSIDE', 'c'],
      ['BP_DISCOVERY_OUTSIDE', 'd.ts'],
      ['BP_DISCOVERY_OUTSIDE', 'e'],
    ]);
    expect(JSON.stringify(found)).not.toContain('top: secret');
  });

  it('follows symbolic links that stay inside, to one candidate', async () => {
    write({ 'a/real/main.ts': '', 'a/plugin.yaml': manifest('a', 'entry_point: ./link.ts\n'), 'z.ts': '' });
    symlinkSync(join(plugins, 'a/real/main.ts'), join(plugins, 'a/link.ts'));
    symlinkSync(join(plugins, 'a'), join(plugins, 'again'));
    symlinkSync(join(plugins, 'nowhere'), join(plugins, 'dangling'));
    expect((await discoverDirectory(plugins)).candidates).toMatchObject([
      { name: 'a', entry: join(plugins, 'a/real/main.ts') },
      { name: 'z' },
    ]);
  });

  it('takes none of two plugins of one name or alias, and names both files once', async () => {
    write({
      'a/plugin.yaml': manifest('marty', 'aliases: [trust]\n'),
      'a/plugin.ts': '',
      'b/plugin.yaml': manifest('other', 'aliases: [marty, trust]\n'),
      'b/plugin.ts': '',
      'twice.ts': '',
      'twice.js': '',
      'free.ts': '',
    });
    const found = await discoverDirectory(plugins);
    expect(found.candidates.map(({ name }) => name)).toEqual(['free']);
    expect(found.problems).toHaveLength(2);
    expect(found.problems[0]).toMatchObject({
      code: 'BP_DISCOVERY_NAME_TAKEN',
      file: join(plugins, 'a/plugin.yaml'),
      line: 1,
    });
    for (const file of ['a/plugin.yaml', 'b/plugin.yaml'])
      expect(found.problems[0]?.message).toContain(join(plugins, file));
    for (const file of ['twice.ts', 'twice.js']) expect(found.problems[1]?.message).toContain(join(plugins, file));
  });

  it('does not mind an alias that repeats the name in another spelling', async () => {
    write({ 'a/plugin.yaml': manifest('pay_ment', 'aliases: [pay-ment]\n'), 'a/plugin.ts': '' });
    expect(await names()).toEqual(['pay-ment']);
  });

  it('finds rivals across paths, and no rival in a path given twice', async () => {
    write({ 'x.ts': '' });
    mkdirSync(join(base, 'more'));
    writeFileSync(join(base, 'more/x.js'), '');
    const both = await createDirectoryDiscoverer({ paths: [plugins, join(base, 'more')] }).discover();
    expect(both).toMatchObject({ candidates: [], problems: [{ code: 'BP_DISCOVERY_NAME_TAKEN' }] });
    const twice = await createDirectoryDiscoverer({ paths: [plugins, join(base, 'more/../plugins')] }).discover();
    expect(twice).toMatchObject({ candidates: [{ name: 'x' }], problems: [] });
  });

  it('refuses reserved names, whether written or taken from the path', async () => {
    write({
      'a/plugin.yaml': manifest('api'),
      'a/plugin.ts': '',
      'config_dir.ts': '',
      'docs/index.ts': '',
      '9lives.ts': '',
    });
    expect((await problems()).map(({ code, origin }) => [code, origin])).toEqual([
      ['BP_NAME_INVALID', '9lives.ts'],
      ['BP_NAME_RESERVED', 'a'],
      ['BP_NAME_RESERVED', 'config_dir.ts'],
      ['BP_NAME_RESERVED', 'docs'],
    ]);
  });

  it('reports a folder that is absent, no folder, or has two manifests', async () => {
    write({ 'file.ts': '', 'two/plugin.yaml': manifest('a'), 'two/plugin.yml': manifest('a'), 'two/plugin.ts': '' });
    const paths = [join(base, 'absent'), join(plugins, 'file.ts'), plugins];
    const found = await createDirectoryDiscoverer({ paths }).discover();
    expect(found.problems.map(({ message }) => message)).toEqual([
      expect.stringContaining('it does not exist'),
      expect.stringContaining('it is no folder'),
      expect.stringContaining('both plugin.yaml and plugin.yml'),
    ]);
    expect(found.candidates).toMatchObject([{ name: 'file' }]);
  });

  it.skipIf(process.getuid?.() === 0)('reports a folder that may not be read', async () => {
    write({ 'closed/plugin.ts': '' });
    chmodSync(join(plugins, 'closed'), 0o000);
    expect(await problems()).toMatchObject([{ code: 'BP_DISCOVERY_FOLDER_UNREADABLE', origin: 'closed' }]);
    chmodSync(join(plugins, 'closed'), 0o755);
  });

  it('refuses a manifest over a mebibyte, and one that is a bomb', async () => {
    const laughs = ['l0: &l0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]'];
    for (let i = 1; i < 10; i++)
      laughs.push(
        `l${i}: &l${i} [${Array(9)
          .fill(`*l${i - 1}`)
          .join(', ')}]`,
      );
    write({
      'big/plugin.yaml': manifest('big', `# ${'x'.repeat(1024 * 1024)}\n`),
      'big/plugin.ts': '',
      'bomb/plugin.yaml': laughs.join('\n'),
      'bomb/plugin.ts': '',
      'proto/plugin.yaml': manifest('proto', '__proto__: {polluted: true}\n'),
      'proto/plugin.ts': '',
    });
    expect((await problems()).map(({ code }) => code)).toEqual([
      'BP_FILE_TOO_LARGE',
      'BP_YAML_REFUSED',
      'BP_YAML_REFUSED',
    ]);
    expect('polluted' in {}).toBe(false);
  });

  it('gives the same candidates in the same order, whatever the order of creation', async () => {
    const stem = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/);
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(stem, { maxLength: 8 }), async (stems) => {
        rmSync(plugins, { recursive: true });
        mkdirSync(plugins);
        const usable = stems.filter(
          (name) => !['api', 'docs', 'admin', 'stats', 'logs', 'bulk', 'ready'].includes(name),
        );
        for (const [index, name] of usable.entries()) write({ [index % 2 ? `${name}.ts` : `${name}/plugin.ts`]: '' });
        const found = (await discoverDirectory(plugins)).candidates.map(({ origin }) => origin);
        expect(found).toEqual([...found].sort());
        expect(found).toHaveLength(usable.length);
      }),
      { numRuns: 25 },
    );
  });
});
