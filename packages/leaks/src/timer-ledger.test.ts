import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { TimerLedger } from './timer-ledger.ts';

const ledgers: TimerLedger[] = [];
function open(): TimerLedger {
  const ledger = new TimerLedger();
  ledgers.push(ledger);
  return ledger;
}
afterEach(() => {
  for (const ledger of ledgers.splice(0)) ledger.close(() => {});
});

const names = (ledger: TimerLedger) => ledger.pending.map(({ name, delayMs }) => `${name} ${delayMs}`);

describe('a timer of a ledger', () => {
  it('is pending until it has fired, and is called as Node would call it', async () => {
    const ledger = open();
    const { promise, resolve } = Promise.withResolvers<unknown[]>();
    const timer = ledger.setTimeout(
      function (this: unknown, ...args: unknown[]) {
        resolve([this, ...args]);
      },
      1,
      'a',
      2,
    );
    expect(names(ledger)).toEqual(['setTimeout 1']);
    expect(await promise).toEqual([timer, 'a', 2]);
    expect(timer.hasRef()).toBe(true);
    expect(timer).toBeInstanceOf(setTimeout(() => {}, 0).constructor);
    expect(ledger.pending).toEqual([]);
  });

  it.each([
    ['clearTimeout', (ledger: TimerLedger, timer: NodeJS.Timeout) => ledger.clearTimeout(timer)],
    ['the global clearTimeout', (_: TimerLedger, timer: NodeJS.Timeout) => clearTimeout(timer)],
    ['its number', (ledger: TimerLedger, timer: NodeJS.Timeout) => ledger.clearTimeout(+timer)],
    ['close()', (_: TimerLedger, timer: NodeJS.Timeout) => timer.close()],
    ['using', (_: TimerLedger, timer: NodeJS.Timeout) => timer[Symbol.dispose]()],
  ])('is pending no more when it is ended by %s', (_, end) => {
    const ledger = open();
    for (const set of [ledger.setTimeout, ledger.setInterval]) {
      const timer = set(() => {}, 1000);
      expect(ledger.pending).toHaveLength(1);
      end(ledger, timer);
      expect(ledger.pending).toEqual([]);
    }
  });

  it('is pending again when it is refreshed after it has fired', async () => {
    const ledger = open();
    let fired = 0;
    const timer = ledger.setTimeout(() => {
      fired += 1;
    }, 1);
    await expect.poll(() => fired).toBe(1);
    expect(timer.refresh()).toBe(timer);
    expect(ledger.pending).toHaveLength(1);
    await expect.poll(() => fired).toBe(2);
    expect(ledger.pending).toEqual([]);
  });

  it('is refused in the words of Node', () => {
    const ledger = open();
    expect(() => ledger.setTimeout('code' as never, 1)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    );
    expect(() => ledger.setInterval(undefined as never, 1)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    );
  });

  it('is forgotten when it was ended behind the back of the ledger, however many there are', () => {
    const ledger = open();
    for (let count = 0; count < 10_000; count += 1) ledger.setTimeout(() => {}, 1_000_000).close();
    expect(ledger.pending).toEqual([]);
  });
});

describe('a promise of a ledger', () => {
  it('is what promisify makes of a timer', async () => {
    const ledger = open();
    expect(promisify(ledger.setTimeout)).toBe(ledger.promises.setTimeout);
    expect(promisify(ledger.setImmediate)).toBe(ledger.promises.setImmediate);
    expect(await promisify(ledger.setTimeout)(1, 'value')).toBe('value');
    expect(await ledger.promises.setImmediate('now')).toBe('now');
  });

  it('is pending until it settles', async () => {
    const ledger = open();
    const waiting = ledger.promises.setTimeout(5, 'done');
    const wait = ledger.promises.wait(5);
    expect(names(ledger)).toEqual(['setTimeout 5', 'setTimeout 5']);
    expect(await waiting).toBe('done');
    await wait;
    expect(ledger.pending).toEqual([]);
  });

  it('rejects when it is aborted, as that of Node does', async () => {
    const ledger = open();
    const abort = new AbortController();
    const waiting = ledger.promises.setTimeout(1000, undefined, { signal: abort.signal });
    expect(ledger.pending).toHaveLength(1);
    const reason = new Error('enough');
    abort.abort(reason);
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: reason });
    expect(ledger.pending).toEqual([]);
    await expect(ledger.promises.setTimeout('1' as never)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    await expect(ledger.promises.setTimeout(1, 0, { signal: {} as never })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
    });
  });

  it('ticks until it is left', async () => {
    const ledger = open();
    const ticks: string[] = [];
    for await (const tick of ledger.promises.setInterval(1, 'tick')) {
      ticks.push(tick, ...names(ledger));
      if (ticks.length >= 4) break;
    }
    expect(ticks).toEqual(['tick', 'setInterval 1', 'tick', 'setInterval 1']);
    expect(ledger.pending).toEqual([]);
  });
});

describe('a closed ledger', () => {
  it('has cleared what was pending, whichever kind, and none of it ever goes on', async () => {
    const ledger = open();
    const went: string[] = [];
    ledger.setTimeout(() => went.push('timeout'), 2);
    ledger.setInterval(() => went.push('interval'), 2);
    const signal = new AbortController().signal;
    void ledger.promises.setTimeout(2).then(() => went.push('promise'));
    void ledger.promises.setTimeout(2, 0, { signal }).finally(() => went.push('with signal'));
    void (async () => {
      for await (const _ of ledger.promises.setInterval(2)) went.push('tick');
      went.push('after the ticks');
    })();
    expect(ledger.pending).toHaveLength(5);
    ledger.close(() => {});
    await new Promise((resolve) => setTimeout(resolve, 15));
    expect(went).toEqual([]);
  });

  it('sets nothing, and tells who asked', async () => {
    const ledger = open();
    const fired = ledger.setTimeout(() => {}, 1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const late: string[] = [];
    ledger.close(({ name }) => late.push(name));
    const went: string[] = [];
    const timer = ledger.setTimeout(() => went.push('timeout'), 1);
    expect(timer.hasRef()).toBe(true);
    ledger.setInterval(() => went.push('interval'), 1);
    ledger.setImmediate(() => went.push('immediate'));
    void ledger.promises.setTimeout(1).then(() => went.push('promise'));
    void ledger.promises.setImmediate().then(() => went.push('immediate promise'));
    fired.refresh();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(went).toEqual([]);
    expect(late).toEqual(['setTimeout', 'setInterval', 'setImmediate', 'setTimeout', 'setImmediate', 'setTimeout']);
  });
});
