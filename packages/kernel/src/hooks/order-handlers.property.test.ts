import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Handler, labelOf } from './handler.ts';
import { orderHandlers } from './order-handlers.ts';

interface Wish {
  readonly priority: number;
  readonly before: readonly number[];
  readonly after: readonly number[];
}

const wishes = fc.array(
  fc.record({
    priority: fc.integer({ min: -2, max: 2 }),
    before: fc.array(fc.nat(11), { maxLength: 2 }),
    after: fc.array(fc.nat(11), { maxLength: 2 }),
  }),
  { maxLength: 12 },
);

const named = (index: number, { priority, before, after }: Wish): Handler =>
  ({
    instance: { identity: { name: `p${index}` } },
    name: 'h',
    priority,
    before: before.map((other) => `p${other}`),
    after: after.map((other) => `p${other}/h`),
  }) as unknown as Handler;

const plain = ({ priority }: Wish): Wish => ({ priority, before: [], after: [] });

it('runs everybody once, keeps what handlers wish of each other, and else goes by priority, then as given', () => {
  fc.assert(
    fc.property(wishes, (list) => {
      const given = list.map((wish, index) => named(index, wish));
      const { handlers, circular } = orderHandlers(given);
      expect(new Set(handlers)).toEqual(new Set(given));
      expect(handlers).toHaveLength(given.length);
      const place = new Map(handlers.map((handler, index) => [handler.instance.identity.name, index]));
      const free = new Set(circular);
      for (const handler of handlers) {
        const own = place.get(handler.instance.identity.name) as number;
        for (const after of handler.after) {
          const other = place.get(after.split('/')[0] as string);
          if (other !== undefined && other !== own && !free.has(labelOf(handler))) expect(other).toBeLessThan(own);
        }
      }
      const simple = orderHandlers(list.map((wish, index) => named(index, plain(wish)))).handlers;
      for (const [index, handler] of simple.entries()) {
        const next = simple[index + 1];
        if (next === undefined) continue;
        expect(handler.priority).toBeLessThanOrEqual(next.priority);
        if (handler.priority === next.priority)
          expect(Number(handler.instance.identity.name.slice(1))).toBeLessThan(
            Number(next.instance.identity.name.slice(1)),
          );
      }
    }),
  );
});

it('ignores only what contradicts itself, and says whose it is', () => {
  const wish = (index: number, before: number[] = [], after: number[] = []) =>
    named(index, { priority: 0, before, after });
  const { handlers, circular } = orderHandlers([wish(0, [], [1]), wish(1, [], [2]), wish(2, [], [1]), wish(3, [1])]);
  expect(handlers.map(labelOf)).toEqual(['p3/h', 'p1/h', 'p0/h', 'p2/h']);
  expect(circular).toEqual(['p1/h']);
});
