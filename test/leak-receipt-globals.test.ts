import { afterEach, describe, expect, it } from 'vitest';
import { type LeakCase, threeVersions } from './testing/leaky-plugin.ts';

const CASES: Record<string, LeakCase> = {
  'a method on a prototype': {
    parts: (version) => ({
      start: `(String.prototype as never as Record<string, unknown>).leakyShout = () => ${version}; // here`,
    }),
    expected: (at) => [`global String.prototype.leakyShout @ ${at('// here', 'plugin.ts')}`],
  },
  'a global, defined or assigned': {
    parts: (version) => ({
      top: `Object.defineProperty(globalThis, 'leakyDefined', { value: ${version}, configurable: true }); // top`,
      route: `Object.assign(globalThis, {
        leakyAssigned: ${version}, // assigned
      });`,
    }),
    expected: (at) => [`global leakyDefined @ ${at('// top')}`, `global leakyAssigned @ ${at('// assigned')}`],
  },
  'a symbol': {
    parts: (version) => ({
      service: `Reflect.set(globalThis, Symbol.for('leaky.symbol'), ${version}); // symbol`,
    }),
    expected: (at) => [`global globalThis[Symbol(leaky.symbol)] @ ${at('// symbol')}`],
  },
  'a function of Node that was wrapped, in a package of the plugin too': {
    parts: () => ({
      top: "import { wrap } from 'wrapping';\nimport os from 'node:os';",
      start: `
        const real = os.uptime;
        os.uptime = () => real(); // uptime
        wrap();`,
    }),
    files: {
      'node_modules/wrapping/package.json': '{ "name": "wrapping", "main": "index.js" }',
      'node_modules/wrapping/index.js': `
const os = require('os');
exports.wrap = () => {
  const { loadavg } = os;
  os.loadavg = () => loadavg(); // loadavg
};
`,
    },
    expected: (at) => [
      `global os.uptime @ ${at('// uptime')}`,
      `global os.loadavg @ ${at('// loadavg', 'node_modules/wrapping/index.js')}`,
    ],
  },
  'a function of the console that was replaced, and one that was taken away': {
    parts: (version) => ({
      start: `
        console.debug = () => ${version}; // debug
        Reflect.deleteProperty(console, 'table'); // table
        console.count = console.count;`,
    }),
    // It is away when the second version comes: taking it away again changes nothing.
    expected: (at, version) => [
      `global console.debug @ ${at('// debug')}`,
      ...(version === 1 ? [`global console.table @ ${at("'table'")}`] : []),
    ],
  },
  'what was put back is the wrapper of the version before, which was still there': {
    parts: () => ({
      initialize: `
        const { parse } = JSON;
        JSON.parse = (text) => parse(text); // wrapped
        context.scope.add('JSON.parse', () => { JSON.parse = parse; });`,
    }),
    // The first puts the real one back; the second took the wrapper of the first for real; the third took the real one.
    expected: (at, version) => (version === 2 ? [`global JSON.parse @ ${at('// wrapped')}`] : []),
  },
  'nothing for one that changes back what it changed': {
    parts: () => ({
      top: "import os from 'node:os';",
      initialize: `
        globalThis.leakyGone = 1;`,
      route: `
        const { hostname } = os;
        os.hostname = () => 'mine';
        os.hostname = hostname;`,
      stop: "Reflect.deleteProperty(globalThis, 'leakyGone');",
    }),
    expected: () => [],
  },
  'nothing for what somebody else changed': {
    parts: () => ({
      // Node itself puts these in the place of getters, and keeps the pool of fetch in a global.
      route: `
        await Promise.allSettled([fetch('http://127.0.0.1:1')]);
        globalThis.WebSocket; globalThis.CustomEvent; globalThis.CompressionStream; globalThis.EventSource;
        globalThis.somebodyElse();`,
    }),
    expected: () => [],
  },
};

const shared: readonly [object, PropertyKey][] = [
  [String.prototype, 'leakyShout'],
  [globalThis, 'leakyDefined'],
  [globalThis, 'leakyAssigned'],
  [globalThis, Symbol.for('leaky.symbol')],
  [globalThis, 'leakyOthers'],
];
const realParse = JSON.parse;
const real = {
  console: { ...console },
  os: { ...process.getBuiltinModule('node:os') },
};
let others = 0;
Object.assign(globalThis, {
  somebodyElse() {
    others++;
    Reflect.set(globalThis, ['leaky', 'Others'].join(''), others);
  },
});

/** What plugins leave behind here cannot be left to the next test. */
afterEach(() => {
  for (const [object, key] of shared) Reflect.deleteProperty(object, key);
  JSON.parse = realParse;
  Object.assign(console, real.console);
  const { uptime, loadavg } = real.os;
  Object.assign(process.getBuiltinModule('node:os'), { uptime, loadavg });
});

describe('the receipt of a version, three in a row', () => {
  it.each(Object.keys(CASES))('names %s', async (name) => {
    const { seen, wanted } = await threeVersions(CASES[name] as LeakCase);
    expect(seen).toEqual(wanted);
  });
});
