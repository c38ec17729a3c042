import { ManualClock } from '@backplane/testing';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Chain, type ChainRules } from './chain.ts';
import { HandlerFigures } from './figures.ts';
import type { Handler } from './handler.ts';

/** What a handler does with the number it is given. */
interface Deed {
  readonly does: 'add' | 'nothing' | 'throw' | 'later' | 'reject' | 'never-mind';
  readonly by: number;
  /** Called for even numbers only. */
  readonly conditional: boolean;
}

const deeds = fc.array(
  fc.record({
    does: fc.constantFrom<Deed['does']>('add', 'nothing', 'throw', 'later', 'reject', 'never-mind'),
    by: fc.integer({ min: 1, max: 9 }),
    conditional: fc.boolean(),
  }),
  { maxLength: 8 },
);
const types = fc.constantFrom<ChainRules['type']>('action', 'filter', 'event', 'gate');

interface Seen {
  readonly entered: (readonly [index: number, value: number])[];
  readonly reported: number[];
  outcome: unknown;
  stoppedBy: number | undefined;
}

const isEven = (value: unknown) => (value as number) % 2 === 0;

async function act({ does, by }: Deed, value: number): Promise<number | undefined> {
  if (does === 'throw' || does === 'reject') throw new Error('no');
  return does === 'nothing' || does === 'never-mind' ? undefined : value + by;
}

/** What the words say, as slowly as can be. */
async function modelled(type: ChainRules['type'], stops: boolean, list: readonly Deed[], given: number): Promise<Seen> {
  const seen: Seen = { entered: [], reported: [], outcome: undefined, stoppedBy: undefined };
  let value = given;
  const gathered: unknown[] = [];
  for (const [index, deed] of list.entries()) {
    if (deed.conditional && !isEven(value)) continue;
    seen.entered.push([index, value]);
    try {
      const result = await act(deed, value);
      if (type === 'filter') value = result ?? value;
      if (type === 'action') gathered.push(result);
      if (type === 'gate' && result !== undefined) return { ...seen, outcome: result };
    } catch {
      if (stops && type !== 'event') return { ...seen, stoppedBy: index };
      seen.reported.push(index);
    }
  }
  return { ...seen, outcome: type === 'filter' ? value : type === 'action' ? gathered : undefined };
}

async function made(
  type: ChainRules['type'],
  stops: boolean,
  list: readonly Deed[],
  given: number,
  form: 'dispatch' | 'timed',
  arity: number | undefined,
): Promise<Seen> {
  const seen: Seen = { entered: [], reported: [], outcome: undefined, stoppedBy: undefined };
  const views = { open: 0 };
  const view = { beginNested: () => views.open++, endNested: () => views.open-- };
  const handlers = list.map(
    (deed, index): Handler => ({
      instance: { identity: { name: `p${index}`, level: 'inline' }, view } as never,
      point: 'test.point',
      name: String(index),
      priority: 0,
      before: [],
      after: [],
      when: undefined,
      test: deed.conditional ? isEven : undefined,
      timeoutMs: undefined,
      version: undefined,
      stored: undefined,
      figures: new HandlerFigures(),
      call: (value: number, second: string) => {
        expect(second).toBe('second');
        seen.entered.push([index, value]);
        if (deed.does === 'throw') throw new Error('no');
        if (deed.does === 'later' || deed.does === 'reject' || deed.does === 'never-mind') return act(deed, value);
        return deed.does === 'add' ? value + deed.by : undefined;
      },
    }),
  );
  const rules = { point: 'test.point', type, sync: false, stops, timeoutMs: undefined, arity };
  const chain = new Chain(rules, handlers, {
    clock: new ManualClock(),
    report: (handler) => seen.reported.push(Number(handler.name)),
  });
  chain.pin();
  try {
    seen.outcome = await chain[form](given, 'second');
  } catch (error) {
    expect(error).toMatchObject({ code: 'BP_HANDLER_FAILED', cause: { message: 'no' } });
    seen.stoppedBy = Number((error as { details: { handler: string } }).details.handler);
  }
  expect(views.open).toBe(0);
  expect(chain.counts.dispatches).toBe(1);
  return seen;
}

it('does what its type, its failure policy and the conditions say, in whatever mixture handlers answer', async () => {
  await fc.assert(
    fc.asyncProperty(
      types,
      fc.boolean(),
      deeds,
      fc.integer({ min: 0, max: 9 }),
      fc.constantFrom<'dispatch' | 'timed'>('dispatch', 'timed'),
      fc.constantFrom(undefined, 2),
      async (type, stops, list, given, form, arity) => {
        const expected = await modelled(type, stops, list, given);
        const got = await made(type, stops, list, given, form, arity);
        // Who hears of an event fails when it fails, and not in turn.
        if (type === 'event') got.reported.sort((a, b) => a - b);
        expect(got).toEqual(expected);
      },
    ),
    { numRuns: 500 },
  );
});
