import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TimerLedger } from './timer-ledger.ts';

const FAR_MS = 1_000_000;

/** What the ledger does, and a list beside it that says which timers are to fire. */
class Model {
  readonly ledger = new TimerLedger();
  readonly late: string[] = [];
  readonly timers: { readonly it: NodeJS.Timeout; readonly label: string; pending: boolean }[] = [];
  made = 0;

  get labels(): string[] {
    return this.timers.filter(({ pending }) => pending).map(({ label }) => label);
  }
}

type Step = (model: Model) => void | Promise<void>;

const set = (name: 'setTimeout' | 'setInterval'): Step => {
  return (model) => {
    model.made++;
    const delayMs = FAR_MS + model.made;
    const it = model.ledger[name](() => {}, delayMs);
    const label = `${name} ${delayMs}`;
    if (model.ledger.closed) model.late.push(label);
    else model.timers.push({ it, label, pending: true });
  };
};

const end =
  (at: number, way: (model: Model, timer: NodeJS.Timeout) => void): Step =>
  (model) => {
    const timer = model.timers[at % (model.timers.length || 1)];
    if (timer === undefined) return;
    way(model, timer.it);
    timer.pending = false;
  };

/** Something short among them: it has fired when the step is over. */
const fire: Step = async ({ ledger }) => {
  if (ledger.closed) return;
  await new Promise((resolve) => ledger.setTimeout(resolve, 1));
  await ledger.promises.setTimeout(1);
};

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(set('setTimeout'), set('setInterval')) },
  { weight: 1, arbitrary: fc.constant(fire) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.nat(),
        fc.constantFrom<(model: Model, timer: NodeJS.Timeout) => void>(
          ({ ledger }, timer) => ledger.clearTimeout(timer),
          ({ ledger }, timer) => ledger.clearTimeout(+timer),
          (_, timer) => clearInterval(timer),
          (_, timer) => timer.close(),
        ),
      )
      .map(([at, way]) => end(at, way)),
  },
);

describe('a timer ledger', () => {
  it('holds those timers that are to fire, oldest first, and none when it is closed', async () => {
    const property = fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.array(step, { maxLength: 10 }),
      async (before, after) => {
        const model = new Model();
        const { ledger } = model;
        const shown = () => ledger.pending.map(({ name, delayMs }) => `${name} ${delayMs}`);
        for (const act of before) {
          await act(model);
          expect(shown()).toEqual(model.labels);
        }
        const late: string[] = [];
        ledger.close(({ name, delayMs }) => late.push(`${name} ${delayMs}`));
        expect(ledger.pending).toEqual([]);
        for (const { it } of model.timers) expect(it).toHaveProperty('_destroyed', true);
        for (const act of after) await act(model);
        expect(late).toEqual(model.late);
        expect(ledger.pending).toEqual([]);
      },
    );
    await fc.assert(property, { numRuns: 60 });
  });
});
