import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { checkFloors } from './check-floors.ts';

type Tree = Readonly<Record<string, string>>;
const planted: string[] = [];

afterEach(async () => {
  for (const root of planted.splice(0)) await rm(root, { recursive: true });
});

async function findingsIn(tree: Tree): Promise<string[]> {
  const root = await mkdtemp(join(tmpdir(), 'backplane-floors-'));
  planted.push(root);
  for (const [path, text] of Object.entries(tree)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  const found = await checkFloors(root);
  return found.map(({ file, line, rule, severity }) => `${file}:${line} ${severity ?? rule}`);
}

/** A package with an index and whatever else; its dependencies are ours, and the references agree. */
function unit(folder: string, dependencies: readonly string[], sources: Tree, manifest: object = {}): Tree {
  const name = folder.replace('packages/', '@backplane/').replace('plugins/', '@backplane/plugin-');
  return {
    [`${folder}/package.json`]: JSON.stringify({
      name,
      exports: { '.': './src/index.ts', './open': './src/open.ts' },
      dependencies: Object.fromEntries(dependencies.map((dependency) => [`@backplane/${dependency}`, '0.1.0'])),
      ...manifest,
    }),
    [`${folder}/tsconfig.json`]: JSON.stringify({ references: dependencies.map((path) => ({ path: `../${path}` })) }),
    [`${folder}/src/index.ts`]: 'export {};\n',
    ...Object.fromEntries(Object.entries(sources).map(([file, text]) => [`${folder}/src/${file}`, text])),
  };
}

const base = unit('packages/base', [], {
  'open.ts': 'export const open = 1;\n',
  'index.ts': "export { open } from './open.ts';\n",
});

describe('floors', () => {
  it('lets imports point down', async () => {
    const kernel = unit('packages/kernel', ['base'], { 'a.ts': "import { open } from '@backplane/base';\nopen;\n" });
    expect(await findingsIn({ ...base, ...kernel })).toEqual([]);
  });

  it('refuses an import that points up, also of a type', async () => {
    const kernel = unit('packages/kernel', ['base'], {
      'a.ts': "import type { K } from '@backplane/base';\nexport type A = K;\n",
    });
    const up = unit('packages/base', ['kernel'], {
      'b.ts': "\nimport type { A } from '@backplane/kernel';\nexport type B = A;\n",
    });
    expect(await findingsIn({ ...kernel, ...up })).toEqual(['packages/base/src/b.ts:2 floors']);
  });

  it('refuses one adapter to another', async () => {
    const loader = unit('packages/loader', [], {});
    const gateway = unit('packages/gateway', ['loader'], {
      'a.ts': "export const a = () => import('@backplane/loader');\n",
    });
    expect(await findingsIn({ ...loader, ...gateway })).toEqual(['packages/gateway/src/a.ts:1 floors']);
  });

  it('gives plugins the plugin API and nothing else of ours', async () => {
    const api = unit('packages/plugin-api', [], { 'open.ts': 'export const open = 1;\n' });
    const plugin = unit('plugins/trust', ['plugin-api', 'base'], {
      'a.ts': "import '@backplane/plugin-api/open';\nimport '@backplane/base';\n",
    });
    const { 'plugins/trust/tsconfig.json': _none, ...withoutReferences } = plugin;
    expect(await findingsIn({ ...base, ...api, ...withoutReferences })).toEqual(['plugins/trust/src/a.ts:2 floors']);
  });

  it('refuses a package that has no floor', async () => {
    expect(await findingsIn(unit('packages/attic', [], {}))).toEqual(['packages/attic/package.json:1 floors']);
  });

  it('leaves tests alone', async () => {
    const gateway = unit('packages/gateway', [], { 'a.test.ts': "import '@backplane/base';\n" });
    expect(await findingsIn({ ...base, ...gateway })).toEqual([]);
  });
});

describe('deep imports', () => {
  it('refuses what a package does not export, in tests too', async () => {
    const kernel = unit('packages/kernel', ['base'], {
      'a.ts': "import '@backplane/base/open';\n",
      'a.test.ts': "import '@backplane/base/src/open.ts';\n",
    });
    expect(await findingsIn({ ...base, ...kernel })).toEqual(['packages/kernel/src/a.test.ts:1 deep-imports']);
  });

  it('refuses a relative path into another package, from anywhere', async () => {
    const kernel = unit('packages/kernel', [], { 'a.test.ts': "import '../../base/src/open.ts';\n" });
    const bench = { 'bench/a.bench.ts': "import '../packages/base/src/open.ts';\n" };
    expect(await findingsIn({ ...base, ...kernel, ...bench })).toEqual([
      'bench/a.bench.ts:1 deep-imports',
      'packages/kernel/src/a.test.ts:1 deep-imports',
    ]);
  });

  it('refuses a package of ours that is not there', async () => {
    const bench = { 'bench/a.bench.ts': "import '@backplane/ghost';\n" };
    expect(await findingsIn(bench)).toEqual(['bench/a.bench.ts:1 deep-imports']);
  });
});

describe('index files', () => {
  it('refuses a definition', async () => {
    const text = "// What we give.\nexport { a } from './a.ts';\nexport const b = 1;\n";
    const tree = unit('packages/base', [], { 'index.ts': text, 'a.ts': 'export const a = 1;\n' });
    expect(await findingsIn(tree)).toEqual(['packages/base/src/index.ts:3 index']);
  });

  it('refuses re-exports without names', async () => {
    const tree = unit('packages/base', [], {
      'index.ts': "export * from './a.ts';\n",
      'a.ts': 'export const a = 1;\n',
    });
    expect(await findingsIn(tree)).toEqual(['packages/base/src/index.ts:1 index']);
  });

  it('refuses an import of the own index, by path and by name', async () => {
    const tree = unit('packages/base', [], {
      'a.ts': "import type {} from './index.ts';\n",
      'b.ts': "import '@backplane/base';\n",
    });
    expect(await findingsIn(tree)).toEqual(['packages/base/src/a.ts:1 index', 'packages/base/src/b.ts:1 index']);
  });
});

describe('cycles', () => {
  it('refuses a cycle of values over several files', async () => {
    const tree = unit('packages/base', [], {
      'a.ts': "import './b.ts';\n",
      'b.ts': "import './c.ts';\n",
      'c.ts': "import { type A } from './a.ts';\nexport type C = A;\n",
    });
    expect(await findingsIn(tree)).toEqual(['packages/base/src/c.ts:1 cycles']);
  });

  it('lets types go round', async () => {
    const tree = unit('packages/base', [], {
      'a.ts': "import './b.ts';\nexport type A = 1;\n",
      'b.ts': "import type { A } from './a.ts';\nexport type B = A;\n",
    });
    expect(await findingsIn(tree)).toEqual([]);
  });
});

describe('the process', () => {
  const uses = [
    'export const home = process.env.HOME;',
    'export const stop = () => process.exit(1);',
    'process.exitCode = 1;',
    'const { env } = process; export default env;',
    "import { env } from 'node:process'; export default env;",
    "process.on('SIGTERM', () => {});",
    "process.once('uncaughtException', () => {});",
  ];

  it.each(uses)('refuses it below the runtime: %s', async (line) => {
    const tree = unit('packages/base', [], { 'a.ts': `\n${line}\n` });
    expect(await findingsIn(tree)).toEqual(['packages/base/src/a.ts:2 process']);
  });

  it.each(uses)('lets runtime and cli do it: %s', async (line) => {
    const tree = {
      ...unit('packages/cli', [], { 'a.ts': `${line}\n` }),
      ...unit('packages/runtime', [], { 'a.ts': `${line}\n` }),
    };
    expect(await findingsIn(tree)).toEqual([]);
  });

  it.each([
    '// process.exit(1) would end the host.',
    "export const hint = 'set process.env.HOME';",
    "process.on('warning', () => {});",
    "import { nextTick } from 'node:process'; nextTick(() => {});",
  ])('does not mind: %s', async (line) => {
    expect(await findingsIn(unit('packages/base', [], { 'a.ts': `${line}\nexport {};\n` }))).toEqual([]);
  });
});

describe('manifests', () => {
  it('refuses an import that is not declared', async () => {
    const tree = unit('packages/base', [], { 'a.ts': "import 'node:fs';\nimport 'pino/file';\n" });
    expect(await findingsIn(tree)).toEqual(['packages/base/src/a.ts:2 manifests']);
  });

  it('takes a package of types for a type import only', async () => {
    const dependencies = { dependencies: { '@types/ws': '^8.0.0' } };
    const sources = { 'a.ts': "import type { WebSocket } from 'ws';\nexport type A = WebSocket;\n" };
    expect(await findingsIn(unit('packages/base', [], sources, dependencies))).toEqual([]);
    const values = { 'a.ts': "import { WebSocket } from 'ws';\nWebSocket;\n" };
    expect(await findingsIn(unit('packages/base', [], values, dependencies))).toEqual([
      'packages/base/src/a.ts:1 manifests',
    ]);
  });

  it('refuses a dependency that nothing but a test uses', async () => {
    const tree = unit('packages/kernel', ['base'], {
      'a.ts': 'export const a = 1;\n',
      'a.test.ts': "import '@backplane/base';\n",
    });
    expect(await findingsIn({ ...base, ...tree })).toEqual(['packages/kernel/package.json:1 manifests']);
  });

  it('refuses references that differ from the dependencies, both ways', async () => {
    const tree = unit('packages/kernel', ['base'], { 'a.ts': "import '@backplane/base';\n" });
    const references = { 'packages/kernel/tsconfig.json': '{"references":[{"path":"../ports"}]}' };
    expect(await findingsIn({ ...base, ...tree, ...references })).toEqual([
      'packages/kernel/tsconfig.json:1 manifests',
      'packages/kernel/tsconfig.json:1 manifests',
    ]);
  });
});

describe('file size', () => {
  it('names a long file and refuses a very long one', async () => {
    const lines = (count: number) => `export {};\n${'\n'.repeat(count - 1)}`;
    const tree = unit('packages/base', [], { 'a.ts': lines(300), 'b.ts': lines(301), 'c.ts': lines(501) });
    expect(await findingsIn(tree)).toEqual(['packages/base/src/b.ts:1 warning', 'packages/base/src/c.ts:1 file-size']);
  });
});

describe('readable', () => {
  it('refuses TypeScript that cannot be erased', async () => {
    const tree = unit('packages/base', [], { 'a.ts': 'export enum Colour { Red }\n' });
    expect(await findingsIn(tree)).toEqual(['packages/base/src/a.ts:1 readable']);
  });
});
