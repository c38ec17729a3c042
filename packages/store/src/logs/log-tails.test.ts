import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LogRecord } from '@backplane/ports';
import { expect, it } from 'vitest';
import { LogTails } from './log-tails.ts';

const line = (message: string, more: Partial<LogRecord> = {}): LogRecord => ({
  time: 1_000,
  level: 'info',
  namespace: 'plugins.orders',
  message,
  fields: {},
  traceId: undefined,
  ...more,
});

it('gives each listener the lines that it means, in order, and never within the logging itself', async () => {
  const tails = new LogTails();
  const heard: Record<string, string[]> = { all: [], grave: [], db: [], text: [], trace: [] };
  const hear = (name: string) => (lines: readonly LogRecord[]) =>
    void heard[name]?.push(...lines.map((one) => one.message));
  tails.add({}, hear('all'), 10);
  tails.add({ level: 'warn', plugin: 'orders' }, hear('grave'), 10);
  tails.add({ namespace: 'plugins.orders.db', since: 1_000, until: 1_001 }, hear('db'), 10);
  tails.add({ text: 'PAID' }, hear('text'), 10);
  tails.add({ traceId: 't' }, hear('trace'), 10);
  tails.take(line('1'));
  tails.take(line('2', { level: 'error' }));
  tails.take(line('3', { level: 'error', namespace: 'plugins.other' }));
  tails.take(line('4', { namespace: 'plugins.orders.db' }));
  tails.take(line('5', { namespace: 'plugins.orders.db', time: 1_001 }));
  tails.take(line('6 paid'));
  tails.take(line('7', { fields: { state: 'Paid' }, traceId: 't' }));
  expect(heard.all).toEqual([]);
  await nextTurn();
  await nextTurn();
  expect(heard).toEqual({
    all: ['1', '2', '3', '4', '5', '6 paid', '7'],
    grave: ['2'],
    db: ['4'],
    text: ['6 paid', '7'],
    trace: ['7'],
  });
});

it('waits for a slow listener within bounds, says what it skipped, and holds up nobody else', async () => {
  const tails = new LogTails();
  const heard: [string[], number][] = [];
  const quick: string[] = [];
  let release = Promise.withResolvers<void>();
  const slow = (lines: readonly LogRecord[], skipped: number) => {
    heard.push([lines.map((one) => one.message), skipped]);
    return release.promise;
  };
  tails.add({}, slow, 3);
  tails.add({}, (lines) => void quick.push(...lines.map((one) => one.message)), 100);
  tails.take(line('0'));
  await nextTurn();
  for (let n = 1; n <= 8; n++) tails.take(line(`${n}`));
  await nextTurn();
  await nextTurn();
  expect(heard).toEqual([[['0'], 0]]);
  expect(quick).toHaveLength(9);
  release.resolve();
  release = Promise.withResolvers();
  await nextTurn();
  await nextTurn();
  expect(heard).toEqual([
    [['0'], 0],
    [['1', '2', '3'], 5],
  ]);
  release.resolve();
  await nextTurn();
  tails.take(line('9'));
  await nextTurn();
  await nextTurn();
  expect(heard.at(-1)).toEqual([['9'], 0]);
});

it('calls nobody who has ended or failed, and goes on for the others', async () => {
  const tails = new LogTails();
  const calls = { ended: 0, failed: 0, sound: 0 };
  const end = tails.add({}, () => void calls.ended++, 10);
  tails.add(
    {},
    () => {
      calls.failed++;
      throw new Error('gone');
    },
    10,
  );
  tails.add({}, () => void calls.sound++, 10);
  for (let n = 0; n < 3; n++) {
    tails.take(line(`${n}`));
    if (n === 0) end();
    await nextTurn();
    await nextTurn();
  }
  expect(calls).toEqual({ ended: 0, failed: 1, sound: 3 });
});

it('does not hear its own listener for ever, when that one logs', async () => {
  const tails = new LogTails();
  let heard = 0;
  const end = tails.add(
    {},
    () => {
      heard++;
      tails.take(line('about the log'));
    },
    5,
  );
  tails.take(line('first'));
  await nextTurn();
  expect(heard).toBeGreaterThan(0);
  await nextTurn();
  end();
  await nextTurn();
  const until = heard;
  await nextTurn();
  expect(heard).toBe(until);
});
