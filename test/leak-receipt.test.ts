import { describe, expect, it } from 'vitest';
import { hostOf, placeOf, replaced, shown } from './testing/leaky-plugin.ts';
import type { PluginFiles } from './testing/plugin-files.ts';

/** Lines that TypeScript drops, so that places in the bundle and in the source differ. */
const types = (lines: number) =>
  Array.from({ length: lines }, (_, at) => `interface Gone${at} { n: number }`).join('\n');

/** A plugin that leaks a timer in every place where its code runs, and clears others. */
const ticking = (version: number): PluginFiles => ({
  'ticking/node_modules/dep/package.json': '{ "name": "dep", "main": "index.js" }',
  'ticking/node_modules/dep/index.js': `
const timers = require('timers');
exports.later = () => timers.setInterval(() => {}, ${version}007);
`,
  'ticking/plugin.ts': `${types(version * 3)}
import { setTimeout as sleep } from 'node:timers/promises';
import { definePlugin, service } from '@backplane/plugin-api';
import { later } from 'dep';
interface Greeter { greet(): Promise<string> }
const greeter = service<Greeter>('ticking.greeter');
setInterval(() => {}, ${version}001);
const cleared = setInterval(() => {}, 5);
clearInterval(cleared);
export default definePlugin({
  name: 'ticking',
  version: '${version}.0.0',
  provides: [greeter],
  initialize(context) {
    globalThis.setTimeout(() => {}, ${version}002_0);
    context.scope.interval('polling', 1000, () => {});
    const own = setInterval(() => {}, 1000);
    context.scope.add('own', () => clearInterval(own));
    context.provide(greeter, {
      async greet() {
        void sleep(${version}003_0);
        return 'hello';
      },
    });
    context.http.routes((app) => {
      app.get('/', async () => {
        later();
        await sleep(1);
        setTimeout(() => {}, ${version}004_0);
        return '${version}';
      });
    });
    return {
      start() {
        void sleep(${version}005_0, undefined, { signal: new AbortController().signal });
        setTimeout(() => {}, 1);
      },
    };
  },
});
`,
});

describe('the receipt of a version that left timers behind', () => {
  it('names exactly its own, each with the line of its source that set it, three versions in a row', async () => {
    await using test = await hostOf(ticking(1));
    for (const version of [1, 2, 3]) {
      const files = ticking(version);
      expect(await (await fetch(`${test.url}/ticking`)).text()).toBe(`${version}`);
      await test.host.callService('ticking.greeter', 'greet');
      const receipt = await replaced(test, 'ticking', ticking(version + 1));
      const at = (part: string, file = 'ticking/plugin.ts') => placeOf(test, files, file, part);
      const dependency = at('setInterval', 'ticking/node_modules/dep/index.js');
      expect(receipt).toMatchObject({ version: `${version}.0.0`, problems: [] });
      expect(shown(receipt)).toEqual(
        [
          `timer setInterval of ${version}001 ms @ ${at(`setInterval(() => {}, ${version}001`)}`,
          `timer setTimeout of ${version}0020 ms @ ${at('globalThis.setTimeout')}`,
          `timer setTimeout of ${version}0030 ms @ ${at(`sleep(${version}003`)}`,
          `timer setTimeout of ${version}0040 ms @ ${at(`setTimeout(() => {}, ${version}004`)}`,
          `timer setTimeout of ${version}0050 ms @ ${at(`sleep(${version}005`)}`,
          `timer setInterval of ${version}007 ms @ ${dependency}, called at ${at('later();')}`,
        ].sort(),
      );
    }
  });

  it('stands in the log and in the status, and has cleared them', async () => {
    await using test = await hostOf(ticking(1));
    await replaced(test, 'ticking', ticking(2));
    const place = placeOf(test, ticking(1), 'ticking/plugin.ts', 'setInterval(() => {}, 1001');
    const status = await fetch(`${test.url}/plugins/status`, { headers: test.management });
    const { plugins } = (await status.json()) as { plugins: { receipts: unknown[] }[] };
    expect(plugins[0]?.receipts).toMatchObject([
      {
        held: expect.arrayContaining([
          {
            kind: 'timer',
            label: 'setInterval of 1001 ms',
            reason: 'it was still to fire and has been cleared; use context.scope.interval, or clear it in stop()',
            made_at: place,
          },
        ]),
      },
    ]);
    const line = `setInterval of 1001 ms, made at ${place} (it was still to fire and has been cleared; use context`;
    const warnings = test.log.filter((line) => line.includes('left something behind'));
    expect(warnings).toEqual([expect.stringContaining(line)]);
    expect(JSON.parse(warnings[0] ?? '')).toMatchObject({
      level: 'warn',
      namespace: 'plugins.ticking',
      msg: expect.stringMatching(/^1\.0\.0 left something behind: /),
    });
  });

  it('is clean for a version that cleared its own', async () => {
    const clean = (version: number): PluginFiles => ({
      'clean.ts': `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: 'clean',
  version: '${version}.0.0',
  initialize({ scope }) {
    scope.interval('polling', 1000, () => {});
    const own = setInterval(() => {}, 1000);
    setTimeout(() => {}, 0);
    return { stop: () => clearInterval(own) };
  },
});
`,
    });
    await using test = await hostOf(clean(1));
    expect(await replaced(test, 'clean', clean(2))).toMatchObject({ held: [], problems: [] });
    expect(test.log.filter((line) => line.includes('left something behind'))).toEqual([]);
  });
});
