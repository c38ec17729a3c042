import type { CacheFacet } from '@backplane/ports';
import { ManualClock } from '@backplane/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { globMatcher } from './glob.ts';
import { HostCaches } from './host-caches.ts';
import { MemoryLevel } from './memory-level.ts';
import { FakeStore } from './testing/fake-store.ts';
import { TurnClock } from './turn-clock.ts';

const KEYS = ['a:1', 'a:2', 'b:1', 'b:2'] as const;
const key = fc.constantFrom(...KEYS);
const host = fc.nat(1);

/** What happens to two hosts and the store between them. */
const steps = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('set' as const), host, key, ttl: fc.constantFrom(50, 5_000, 60_000) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), host, key }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('deletePattern' as const),
        host,
        pattern: fc.constantFrom('a:*', '*:1', '*'),
      }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('get' as const), host, key }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('load' as const), host, key }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 60, 400, 7_000) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('mood' as const),
        mood: fc.constantFrom('refusing' as const, 'hanging' as const),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('break' as const) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('mend' as const) }) },
  ),
  { maxLength: 40 },
);

const logger = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

describe('two hosts and a store that fails, over random steps', () => {
  it('give what was set last or nothing, never what was set otherwise, deleted or over, whenever both can reach the store', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const clock = new ManualClock();
        const store = new FakeStore(clock);
        const hosts = [0, 1].map(() => new HostCaches({ clock, logger, store: store.asSeen() }));
        const caches = hosts.map((one) => one.facet('p')) as [CacheFacet, CacheFacet];
        const model = new Map<string, { value: number; expires: number }>();
        let made = 0;
        /** Lets time go on while somebody waits for a store that hangs. */
        const settled = async <T>(work: Promise<T>): Promise<T> => {
          let done = false;
          const over = () => {
            done = true;
          };
          work.then(over, over);
          await clock.advance(0);
          for (let n = 0; n < 30 && !done; n++) await clock.advance(100);
          expect(done).toBe(true);
          return work;
        };
        /** Also what a step without the store's knowledge has left: a value that its own host sees is the newest. */
        const valid = (name: string): (number | undefined)[] => {
          const entry = model.get(name);
          return [undefined, ...(entry !== undefined && entry.expires > clock.now() ? [entry.value] : [])];
        };
        const bothReach = () => hosts.every(({ storeAnswers }) => storeAnswers !== false);
        const mend = async () => {
          store.mood = 'fine';
          await clock.advance(10_000);
        };
        for (const step of list) {
          const cache = 'host' in step ? (caches[step.host] as CacheFacet) : caches[0];
          if (step.do === 'set') {
            const value = ++made;
            const began = clock.now();
            await settled(cache.set(step.key, value, { ttl: step.ttl }));
            // In the store, time counts from the arrival.
            model.set(step.key, { value, expires: began + step.ttl + (clock.now() - began) });
          } else if (step.do === 'delete') {
            model.delete(step.key);
            await settled(cache.delete(step.key));
          } else if (step.do === 'deletePattern') {
            for (const name of [...model.keys()].filter(globMatcher(step.pattern))) model.delete(name);
            await settled(cache.deletePattern(step.pattern));
          } else if (step.do === 'load') {
            // One that is there is found, and what is loaded is as new as anything.
            const known = valid(step.key).at(-1);
            const value = known ?? ++made;
            const got = await settled(cache.getOrSet(step.key, { ttl: 60_000 }, () => value));
            if (bothReach()) expect([...valid(step.key), value]).toContain(got);
            if (got === value && known === undefined) model.set(step.key, { value, expires: clock.now() + 60_000 });
          } else if (step.do === 'get') {
            const got = await settled(cache.get<number>(step.key));
            if (bothReach()) expect(valid(step.key)).toContain(got);
          } else if (step.do === 'wait') await clock.advance(step.ms);
          else if (step.do === 'mood') store.mood = step.mood;
          else if (step.do === 'break') store.breakConnections();
          else await mend();
        }
        await mend();
        for (const cache of caches)
          for (const name of KEYS) expect(valid(name)).toContain(await settled(cache.get<number>(name)));
        for (const one of hosts) one.close();
      }),
      { numRuns: 500 },
    );
  });
});

describe('memory, over random steps', () => {
  it('keeps within its limits, gives nothing but what was kept last, and spares what was found since', async () => {
    const operation = fc.record({
      do: fc.constantFrom('set', 'get', 'remove'),
      key: fc.integer({ min: 0, max: 12 }).map(String),
      size: fc.integer({ min: 0, max: 300 }),
    });
    await fc.assert(
      fc.property(fc.array(operation, { maxLength: 200 }), (list) => {
        const limits = { maxEntries: 5, maxBytes: 1_000 };
        const memory = new MemoryLevel(limits, new TurnClock(new ManualClock()));
        const model = new Map<string, number>();
        for (const [value, step] of list.entries()) {
          if (step.do === 'set') {
            memory.set(step.key, { sealed: { kind: 'frozen', value, size: step.size }, expires: Number.MAX_VALUE });
            model.set(step.key, value);
            expect(memory.get(step.key)?.sealed).toMatchObject({ value });
          } else if (step.do === 'remove') {
            memory.remove({ keys: [step.key] });
            model.delete(step.key);
          }
          const found = memory.get(step.key);
          if (found !== undefined) expect(found.sealed).toMatchObject({ value: model.get(step.key) });
          expect(memory.size).toBeLessThanOrEqual(limits.maxEntries);
          expect(memory.bytes).toBeLessThanOrEqual(limits.maxBytes);
        }
        memory.remove({ pattern: '*' });
        expect([memory.size, memory.bytes]).toEqual([0, 0]);
      }),
    );
  });
});
