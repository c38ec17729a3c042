import { expect, test } from 'vitest';
import { PluginFolder, runProgram } from './testing/plugin-folder.ts';

const RELOADS = 500;

interface Outcome {
  readonly slope: number;
  readonly alive: number;
  readonly wrong: number;
  readonly stacks: number;
  readonly digests: number;
  readonly msPerReload: number;
}

test('reloads a plugin of twenty modules with a changing package 500 times in constant memory', async () => {
  using folder = new PluginFolder(twentyModules());
  const outcome = (await runProgram('reload-many.ts', [folder.path, String(RELOADS)], ['--expose-gc'])) as Outcome;
  console.info(`heap slope ${Math.round(outcome.slope)} B per reload, ${outcome.msPerReload.toFixed(1)} ms per reload`);
  expect(outcome).toMatchObject({ wrong: 0, stacks: RELOADS, digests: RELOADS });
  expect(outcome.slope).toBeLessThan(20_000);
  expect(outcome.alive).toBeLessThanOrEqual(2);
}, 120_000);

function twentyModules(): Record<string, string> {
  const numbers = Array.from({ length: 20 }, (_, index) => index);
  const files: Record<string, string> = {
    'node_modules/dep/package.json': '{ "name": "dep", "main": "index.js" }',
    'node_modules/dep/index.js': 'exports.version = 0;',
  };
  for (const number of numbers)
    files[`m${number}.ts`] = [
      "import { version } from 'dep';",
      'export const read = (): number => version;',
      "export function fail(): never { throw new Error('at line 3'); }",
      ...numbers.map(
        (n) => `export function work${n}(text: string): string { return text.repeat(${n}) + import.meta.url; }`,
      ),
    ].join('\n');
  files['index.ts'] = [
    "import { version } from 'dep';",
    ...numbers.map((n) => `import * as m${n} from './m${n}.ts';`),
    `export const modules = [${numbers.map((n) => `m${n}`)}];`,
    'export const versions = () => [version, ...modules.map((one) => one.read())];',
    'export const fail = () => m7.fail();',
  ].join('\n');
  return files;
}
