import { setImmediate as nextTurn } from 'node:timers/promises';
import { ManualClock } from '@backplane/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchWriter, type BatchWriterOptions } from './batch-writer.ts';

function create(options: Partial<BatchWriterOptions<number>> = {}) {
  const clock = new ManualClock();
  const batches: (readonly number[])[] = [];
  const state = { failing: false };
  const writer = new BatchWriter<number>({
    clock,
    write: async (batch) => {
      await nextTurn();
      if (state.failing) throw new Error('The database is away.');
      batches.push(batch);
    },
    most: 3,
    afterMs: 100,
    room: 10,
    retryMs: 1_000,
    ...options,
  });
  return { clock, batches, state, writer };
}

describe('a batch', () => {
  it('is written when it is full, without waiting for its time', async () => {
    const { clock, batches, writer } = create();
    for (const item of [1, 2, 3, 4]) writer.take(item);
    expect(batches).toEqual([]);
    await clock.advance(0);
    await clock.advance(0);
    expect(batches).toEqual([[1, 2, 3]]);
    await clock.advance(100);
    expect(batches).toEqual([[1, 2, 3], [4]]);
  });

  it('is written when its time has come, however small it is', async () => {
    const { clock, batches, writer } = create();
    writer.take(1);
    await clock.advance(99);
    expect(batches).toEqual([]);
    await clock.advance(1);
    expect(batches).toEqual([[1]]);
    expect(clock.waiting).toBe(0);
  });

  it('holds what came while another one was written, and waits for its own time', async () => {
    const { clock, batches, writer } = create({ most: 2 });
    for (const item of [1, 2]) writer.take(item);
    const flushed = writer.flush();
    writer.take(3);
    await flushed;
    expect(batches).toEqual([[1, 2]]);
    await clock.advance(100);
    expect(batches).toEqual([[1, 2], [3]]);
  });

  it('begins with the next turn where there is no time to wait', async () => {
    const { batches, writer } = create({ afterMs: 0, most: 100 });
    for (const item of [1, 2]) writer.take(item);
    await nextTurn();
    writer.take(3);
    await nextTurn();
    await nextTurn();
    await writer.flush();
    expect(batches).toEqual([[1, 2], [3]]);
  });
});

describe('a batch that cannot be written', () => {
  it('is tried again after a pause that doubles, and nothing overtakes it', async () => {
    const { clock, batches, state, writer } = create();
    state.failing = true;
    writer.take(1);
    await clock.advance(100);
    for (const item of [2, 3, 4]) writer.take(item);
    await clock.advance(999);
    state.failing = false;
    expect(batches).toEqual([]);
    await clock.advance(1);
    expect(batches).toEqual([[1, 2, 3], [4]]);
  });

  it('keeps its room, and what is over it is not taken', async () => {
    const { clock, batches, state, writer } = create({ room: 4 });
    state.failing = true;
    expect([1, 2, 3, 4, 5].map((item) => writer.take(item))).toEqual([true, true, true, true, false]);
    await clock.advance(5_000);
    expect(writer.waiting).toBe(4);
    state.failing = false;
    await clock.advance(30_000);
    expect(batches.flat()).toEqual([1, 2, 3, 4]);
    expect(writer.take(6)).toBe(true);
    await writer.close();
  });

  it('is given back at the end', async () => {
    const { state, writer } = create();
    state.failing = true;
    for (const item of [1, 2, 3, 4, 5]) writer.take(item);
    expect(await writer.close()).toEqual([1, 2, 3, 4, 5]);
    expect(writer.take(6)).toBe(false);
  });

  it('is given up where there is no second try, and the next one follows', async () => {
    const { batches, state, writer } = create({ retryMs: 0, most: 2 });
    state.failing = true;
    for (const item of [1, 2]) writer.take(item);
    await writer.flush();
    state.failing = false;
    writer.take(3);
    await writer.flush();
    expect(batches).toEqual([[3]]);
  });
});

it('writes everything that it has taken, once and in order, whatever happens meanwhile', async () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ take: fc.integer({ min: 1, max: 8 }) }) },
    { weight: 2, arbitrary: fc.record({ advance: fc.integer({ min: 0, max: 3_000 }) }) },
    { weight: 1, arbitrary: fc.record({ failing: fc.boolean() }) },
    { weight: 1, arbitrary: fc.constant({ flush: true as const }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { clock, batches, state, writer } = create();
      const taken: number[] = [];
      let next = 0;
      for (const one of steps) {
        if ('take' in one) {
          for (let n = 0; n < one.take; n++) if (writer.take(++next)) taken.push(next);
        } else if ('advance' in one) await clock.advance(one.advance);
        else if ('failing' in one) state.failing = one.failing;
        else await writer.flush();
        expect(writer.waiting).toBeLessThanOrEqual(10);
      }
      state.failing = false;
      expect(await writer.close()).toEqual([]);
      expect(batches.flat()).toEqual(taken);
      expect(batches.every((batch) => batch.length <= 3)).toBe(true);
      expect(clock.waiting).toBe(0);
    }),
    { numRuns: 60 },
  );
});
