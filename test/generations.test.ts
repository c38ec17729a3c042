import { join } from 'node:path';
import { createTestHost, type TestHost } from '@backplane/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { Gate } from './testing/gate.ts';
import { writePlugins } from './testing/plugin-files.ts';

const HELD = 50;
const PLACES = ['before', 'inside', 'after'] as const;

interface Tick {
  readonly a: string;
  readonly instance: number;
  readonly b: string;
}

/** What the plugins below see of this test. */
interface Stage {
  gates: Record<string, Gate>;
  ticks: Tick[];
  ticked: () => void;
}
declare global {
  var generationsTest: Stage;
}

const back = (version: string) => `
import { definePlugin, service } from '@backplane/plugin-api';
const stage = globalThis.generationsTest;
export default definePlugin({
  name: 'back',
  version: '${version}',
  provides: [service('back.versions')],
  initialize(context) {
    context.provide(service('back.versions'), {
      async version(gate: string | undefined) {
        await stage.gates[gate]?.pass();
        return '${version}';
      },
    });
  },
});
`;

const front = (version: string) => `
import { definePlugin, service } from '@backplane/plugin-api';
const stage = globalThis.generationsTest;
interface Versions { version(gate?: string): Promise<string> }
export default definePlugin({
  name: 'front',
  version: '${version}',
  needs: { back: service<Versions>('back.versions') },
  initialize(context) {
    const { back } = context.services;
    context.http.routes((app) => {
      app.get<{ Querystring: { hold?: string } }>('/versions', async (request) => {
        const place = request.query.hold ?? '';
        await stage.gates[place + ' before']?.pass();
        const b = [await back.version(place + ' inside')];
        await stage.gates[place + ' after']?.pass();
        b.push(await back.version());
        return { a: '${version}', b, generation: request.call.generation };
      });
    });
    context.scope.interval('watch', 10, async () => {
      stage.ticks.push({ a: '${version}', instance: context.plugin.instance, b: await back.version() });
      stage.ticked();
    });
  },
});
`;

describe('requests held while both plugins that they meet are replaced', () => {
  let test: TestHost;
  afterEach(async () => {
    for (const gate of Object.values(globalThis.generationsTest.gates)) gate.open();
    await test[Symbol.asyncDispose]();
  });

  interface Versions {
    readonly a: string;
    readonly b: readonly string[];
    readonly generation: number;
  }
  const ask = async (hold = ''): Promise<Versions> => {
    const response = await fetch(`${test.url}/front/versions?hold=${hold}`);
    expect(response.status).toBe(200);
    return (await response.json()) as Versions;
  };
  const reload = async (name: string) => {
    const response = await fetch(`${test.url}/plugins/${name}/reload`, { method: 'POST', headers: test.management });
    expect(await response.json()).toMatchObject({ plugin: name, outcome: 'applied' });
  };
  /** Sends as many requests to each place of a round, and waits until they are held there. */
  const hold = async (round: string): Promise<Promise<Versions>[]> => {
    const held: Promise<Versions>[] = [];
    for (const place of PLACES) globalThis.generationsTest.gates[`${round} ${place}`] = new Gate();
    for (const [index, place] of PLACES.entries()) {
      // The gates before the place let this share of the requests through.
      const own = Math.ceil((HELD - index) / PLACES.length);
      const gates = globalThis.generationsTest.gates;
      const name = `${round}-${place}`;
      gates[`${name} ${place}`] = gates[`${round} ${place}`] as Gate;
      for (let n = 0; n < own; n++) held.push(ask(name));
      await gates[`${round} ${place}`]?.has(own);
    }
    return held;
  };
  const release = (round: string) => {
    for (const place of PLACES) globalThis.generationsTest.gates[`${round} ${place}`]?.open();
  };

  it('end in the versions in which they began, whichever place they are held at, and none is mixed', async () => {
    globalThis.generationsTest = { gates: {}, ticks: [], ticked: () => {} };
    const { ticks } = globalThis.generationsTest;
    test = await createTestHost({
      prepare: (folder) =>
        writePlugins(join(folder, 'plugins'), { 'back.ts': back('1.0.0'), 'front.ts': front('1.0.0') }),
    });
    const plugins = join(test.folder, 'plugins');
    const nextTick = () =>
      new Promise<Tick>((resolve) => {
        globalThis.generationsTest.ticked = () => resolve(ticks.at(-1) as Tick);
      });

    expect(await nextTick()).toEqual({ a: '1.0.0', instance: 1, b: '1.0.0' });
    const first = await hold('first');
    expect(first).toHaveLength(HELD);

    await writePlugins(plugins, { 'back.ts': back('2.0.0') });
    await reload('back');
    // The timer of A was carried over, and its ticks see the new B from the next one on.
    expect(await nextTick()).toEqual({ a: '1.0.0', instance: 1, b: '2.0.0' });
    expect(await ask()).toMatchObject({ a: '1.0.0', b: ['2.0.0', '2.0.0'] });
    const second = await hold('second');

    await writePlugins(plugins, { 'front.ts': front('2.0.0') });
    await reload('front');
    expect(await nextTick()).toEqual({ a: '2.0.0', instance: 2, b: '2.0.0' });
    const third = await hold('third');
    await writePlugins(plugins, { 'back.ts': back('3.0.0'), 'front.ts': front('3.0.0') });
    await reload('front');
    await reload('back');
    expect(await ask()).toMatchObject({ a: '3.0.0', b: ['3.0.0', '3.0.0'] });

    for (const round of ['third', 'first', 'second']) release(round);
    const versions = async (held: Promise<Versions>[]) =>
      new Set((await Promise.all(held)).map(({ a, b, generation }) => `a ${a}, b ${b.join(' ')}, ${generation}`));
    expect(await versions(first)).toEqual(new Set(['a 1.0.0, b 1.0.0 1.0.0, 1']));
    expect(await versions(second)).toEqual(new Set(['a 1.0.0, b 2.0.0 2.0.0, 2']));
    expect(await versions(third)).toEqual(new Set(['a 2.0.0, b 2.0.0 2.0.0, 3']));

    expect(new Set(ticks.map(({ a, b }) => `${a} ${b}`))).not.toContain('2.0.0 1.0.0');
    await expect.poll(() => test.host.status().flatMap(({ draining }) => draining)).toEqual([]);
  });
});
