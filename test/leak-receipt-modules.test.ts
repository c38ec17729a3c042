import { describe, expect, it } from 'vitest';
import { type LeakCase, threeVersions } from './testing/leaky-plugin.ts';

const CASES: Record<string, LeakCase> = {
  'a file whose name is known at run time only, once: the next version gets the same': {
    parts: () => ({
      top: "const name = './lan' + 'guage.mjs';",
      route: 'await import(name); // import',
    }),
    files: { 'language.mjs': "export default 'en';" },
    expected: (at, version) => (version === 1 ? [`module module language.mjs @ ${at('// import')}`] : []),
  },
  'files that a require of its own has loaded, unless they were taken out again': {
    parts: () => ({
      top: `
        import { createRequire } from 'node:module';
        const load = createRequire(import.meta.url);
        load('node:path');`,
      start: `
        load('./data.json'); // data
        load('./gone.cjs');
        delete load.cache[load.resolve('./gone.cjs')];`,
    }),
    files: { 'data.json': '{}', 'gone.cjs': 'module.exports = 1;' },
    expected: (at, version) => (version === 1 ? [`module module data.json @ ${at('// data')}`] : []),
  },
  'what a package of its own required by a name it put together': {
    parts: () => ({ top: "import { load } from 'loading';\nload(); // calls" }),
    files: {
      'node_modules/loading/package.json': '{ "name": "loading", "main": "index.js" }',
      'node_modules/loading/index.js': "exports.load = () => require(['loading', 'more'].join('/'));",
      'node_modules/loading/more.js': '',
    },
    expected: (at, version) =>
      version === 1
        ? [`module module more.js @ ${at('require', 'node_modules/loading/index.js')}, called at ${at('// calls')}`]
        : [],
  },
  'nothing for modules by fixed names, builtins and shared ones': {
    parts: () => ({
      top: "import data from './data.json' with { type: 'json' };",
      route: `
        const names = ['node:os', '@backplane/plugin-api'];
        await Promise.all([...names.map((name) => import(name)), import('./late.ts')]);
        void data;`,
    }),
    files: { 'data.json': '{}', 'late.ts': 'export const late: number = 1;' },
    expected: () => [],
  },
};

const withoutFolder = (line: string) => line.replace(/(module module )\S*\//, '$1');

describe('the receipt of a version, three in a row', () => {
  it.each(Object.keys(CASES))('names %s', async (name) => {
    const { seen, wanted } = await threeVersions(CASES[name] as LeakCase);
    expect(seen.map((lines) => lines.map(withoutFolder))).toEqual(wanted);
  });
});
