/**
 * Events in process, awaited, beside Promise.all over the same handlers.
 * An operation is 1,000 publishes within one call, as a request would make them; so a row's figure is a thousand times that of one.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { definePlugin, type EventHandler, type Plugin, service } from '@backplane/plugin-api';
import { createHost, type Host } from '@backplane/runtime';
import { defineBenchmark, type Harness } from './harness.ts';

interface Loops {
  publish(type: string, count: number): Promise<number>;
}

const TIMES = 1_000;
const MANY = 10;
const Loops = service<Loops>('publisher.loops');

interface Added {
  readonly data: { readonly amount: number };
}
const sum = { of: 0 };
const FORMS = {
  plain: () => (event: Added) => {
    sum.of += event.data.amount;
  },
  async: () => async (event: Added) => {
    sum.of += event.data.amount;
  },
};
type Form = keyof typeof FORMS;

/** Hears the events of both forms that go to many, and the first one those that go to one. */
const subscriber = (index: number): Plugin =>
  definePlugin({
    name: `subscriber-${index}`,
    version: '1.0.0',
    initialize({ events }) {
      for (const form of Object.keys(FORMS) as Form[]) {
        events.subscribe(`${form}.${MANY}`, FORMS[form]() as EventHandler);
        if (index === 0) events.subscribe(`${form}.1`, FORMS[form]() as EventHandler);
      }
    },
  });

const publisher = definePlugin({
  name: 'publisher',
  version: '1.0.0',
  provides: [Loops],
  initialize({ provide, events }) {
    provide(Loops, {
      async publish(type, count) {
        for (let i = 0; i < count; i++) await events.publish(type, { amount: i });
        return sum.of;
      },
    });
  },
});

/** The least that anybody would write by hand. */
async function callAll(handlers: readonly ((event: Added) => unknown)[], count: number): Promise<number> {
  for (let i = 0; i < count; i++) {
    const event = { type: 'x', data: { amount: i } };
    await Promise.all(handlers.map((handler) => handler(event)));
  }
  return sum.of;
}

/** Gives our ratio to the peer. */
async function compare(harness: Harness, host: Host, form: Form, subscribers: number): Promise<number> {
  const handlers = Array.from({ length: subscribers }, FORMS[form]);
  const [ours, peer] = [`publish, ${form}, ${subscribers}`, `Promise.all, ${form}, ${subscribers}`];
  const rows = await harness.compareCalls({
    baseline: peer,
    variants: {
      [peer]: () => callAll(handlers, TIMES),
      [ours]: () => host.callService(Loops.id, 'publish', `${form}.${subscribers}`, TIMES),
    },
  });
  return harness.ratio(rows, ours);
}

export default defineBenchmark({
  name: 'events',
  description: 'events in process, awaited, beside Promise.all over the same handlers',
  async run(harness) {
    const folder = await mkdtemp(join(tmpdir(), 'backplane-bench-'));
    const host = await createHost({
      plugins: [publisher, ...Array.from({ length: MANY }, (_, index) => subscriber(index))],
      configDir: join(folder, 'config'),
      dataDir: join(folder, 'data'),
      environment: 'production',
      logLevel: 'error',
      listen: false,
    });
    await host.start();
    try {
      const one = await compare(harness, host, 'plain', 1);
      harness.promise({ text: '1 subscriber <= 0.8 x Promise.all', limit: 0.8, measured: one });
      const many = await compare(harness, host, 'plain', MANY);
      harness.promise({ text: '10 subscribers <= 0.4 x Promise.all', limit: 0.4, measured: many });
      await compare(harness, host, 'async', 1);
      await compare(harness, host, 'async', MANY);
      return harness.report();
    } finally {
      await host.stop();
      await rm(folder, { recursive: true });
    }
  },
});
