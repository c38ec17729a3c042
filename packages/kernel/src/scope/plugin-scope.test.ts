import type { ScopedResource } from '@backplane/plugin-api';
import { ManualClock } from '@backplane/testing';
import { describe, expect, it } from 'vitest';
import { PluginScope, type ScopeOwner } from './plugin-scope.ts';
import { ResourceTable } from './resource-table.ts';

function createScope(resources = new ResourceTable()) {
  const clock = new ManualClock();
  const errors: unknown[] = [];
  const owner: ScopeOwner = {
    plugin: 'test',
    clock,
    resources,
    disposeLimitMs: 1000,
    tick: async (_label, action) => {
      try {
        await action({} as never);
      } catch (error) {
        errors.push(error);
      }
    },
    taskFailed: (_label, error) => errors.push(error),
  };
  return { scope: new PluginScope('test', owner), clock, errors, resources };
}

describe('a scope', () => {
  it('undoes effects last-in first-out, one after the other, children in their place', async () => {
    const { scope } = createScope();
    const order: string[] = [];
    const slow = (name: string) => async () => {
      order.push(`begin ${name}`);
      await Promise.resolve();
      order.push(`end ${name}`);
    };
    scope.add('one', slow('one'));
    const child = scope.child('inner');
    child.add('two', slow('two'));
    scope.add('three', slow('three'));
    expect(scope.labels()).toEqual(['test > one', 'test > inner', 'test > three', 'test > inner > two']);
    expect(await scope.close()).toEqual([]);
    expect(order).toEqual(['begin three', 'end three', 'begin two', 'end two', 'begin one', 'end one']);
    expect(scope.labels()).toEqual([]);
  });

  it('refuses times and actions that are none, and owns nothing of them', () => {
    const { scope } = createScope();
    const nothing = undefined as never;
    for (const ms of [0, -1, Number.NaN]) {
      expect(() => scope.interval('often', ms, () => {})).toThrow(
        expect.objectContaining({ code: 'BP_SCOPE_MISUSED' }),
      );
    }
    for (const misuse of [
      () => scope.timeout('late', Number.NaN, () => {}),
      () => scope.timeout('late', 1, nothing),
      () => scope.interval('often', 1, nothing),
      () => scope.task('task', nothing),
      () => scope.add('effect', nothing),
    ])
      expect(misuse).toThrow(expect.objectContaining({ code: 'BP_SCOPE_MISUSED' }));
    expect(scope.labels()).toEqual([]);
  });

  it('names what could not be undone and goes on with the rest', async () => {
    const { scope, clock } = createScope();
    const undone: string[] = [];
    scope.add('fine', () => void undone.push('fine'));
    scope.add('throws', () => {
      throw new Error('jammed');
    });
    scope.child('inner').add('hangs', () => new Promise(() => {}));
    const closing = scope.close();
    await clock.advance(2000);
    expect(await closing).toEqual([
      {
        kind: 'effect',
        label: 'test > inner',
        madeAt: undefined,
        reason: expect.stringMatching(/not all of it|not undone within/),
      },
      { kind: 'effect', label: 'test > throws', madeAt: undefined, reason: 'jammed' },
    ]);
    expect(undone).toEqual(['fine']);
  });

  it('undoes an effect once, whoever asks', async () => {
    const { scope } = createScope();
    let count = 0;
    const effect = scope.add('x', () => void count++);
    await effect.dispose();
    await effect.dispose();
    await scope.close();
    expect(count).toBe(1);
  });

  it('holds timers and tasks back until it is activated, pauses them, and lets none run after it is closed', async () => {
    const { scope, clock } = createScope();
    const events: string[] = [];
    scope.interval('tick', 10, () => void events.push('tick'));
    scope.timeout('once', 15, () => void events.push('once'));
    scope.task('loop', async (signal) => {
      events.push('loop');
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      events.push('loop ended');
    });
    await clock.advance(100);
    expect(events).toEqual([]);
    scope.activate();
    await clock.advance(20);
    expect(events).toEqual(['loop', 'tick', 'once', 'tick']);
    await scope.pause();
    await clock.advance(100);
    expect(events.splice(0)).toEqual(['loop', 'tick', 'once', 'tick', 'loop ended']);
    scope.activate();
    await clock.advance(10);
    expect(events.splice(0)).toEqual(['loop', 'tick']);
    await scope.close();
    await clock.advance(100);
    expect(events).toEqual(['loop ended']);
    expect(clock.waiting).toBe(0);
  });

  it('never runs two ticks of one interval at once, and goes on after one that throws', async () => {
    const { scope, clock, errors } = createScope();
    let running = 0;
    let most = 0;
    const release: (() => void)[] = [];
    scope.interval('slow', 10, async () => {
      running++;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => release.push(resolve));
      running--;
      throw new Error('tick failed');
    });
    scope.activate();
    await clock.advance(50);
    expect(release).toHaveLength(1);
    release[0]?.();
    await clock.advance(10);
    expect(release).toHaveLength(2);
    expect(most).toBe(1);
    expect(errors).toMatchObject([{ message: 'tick failed' }]);
    release[1]?.();
    await scope.close();
  });

  it('hands a resource to the next holder of its key, and disposes it with the last', async () => {
    const resources = new ResourceTable();
    const events: string[] = [];
    const port = (n: number) => () => ({ value: n, dispose: () => void events.push(`closed ${n}`) });
    const old = createScope(resources).scope;
    const next = createScope(resources).scope;
    expect(await old.resource('port:80', port(1))).toBe(1);
    expect(await next.resource('port:80', port(2))).toBe(1);
    expect(await next.resource('port:81', port(3))).toBe(3);
    await old.close();
    expect(events).toEqual([]);
    await next.close();
    expect(events).toEqual(['closed 3', 'closed 1']);
    expect(resources.keys()).toEqual([]);
  });

  it('does not make a resource again before the one before it is disposed', async () => {
    const resources = new ResourceTable();
    const old = createScope(resources).scope;
    const next = createScope(resources).scope;
    const closed = Promise.withResolvers<void>();
    const events: string[] = [];
    await old.resource('port', () => ({
      value: 1,
      dispose: () => closed.promise.then(() => void events.push('closed')),
    }));
    const closing = old.close();
    const bound = next.resource('port', () => {
      events.push('bound');
      return { value: 2, dispose() {} };
    });
    await new Promise(setImmediate);
    expect(events).toEqual([]);
    closed.resolve();
    expect(await bound).toBe(2);
    expect(events).toEqual(['closed', 'bound']);
    await closing;
    await next.close();
    expect(resources.keys()).toEqual([]);
  });

  it('does not let a factory that hangs stand in the way of the next, and disposes what it makes too late', async () => {
    const resources = new ResourceTable();
    const first = createScope(resources).scope;
    const late = Promise.withResolvers<ScopedResource<string>>();
    const events: string[] = [];
    const hanging = first.resource('port', () => late.promise).catch((error) => error.code);
    expect(await first.close()).toEqual([]);
    expect(resources.keys()).toEqual([]);
    const second = createScope(resources).scope;
    expect(await second.resource('port', () => ({ value: 'second', dispose() {} }))).toBe('second');
    late.resolve({ value: 'first', dispose: () => void events.push('first disposed') });
    expect(await hanging).toBe('BP_SCOPE_CLOSED');
    expect(events).toEqual(['first disposed']);
    await second.close();
  });

  it('keeps the pace of an interval, and one run of a task, when it is resumed before they ended', async () => {
    const { scope, clock } = createScope();
    const release: (() => void)[] = [];
    let ticks = 0;
    scope.interval('slow', 10, async () => {
      ticks++;
      if (ticks === 1) await new Promise<void>((resolve) => release.push(resolve));
    });
    let running = 0;
    let most = 0;
    scope.task('deaf', async () => {
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => release.push(resolve));
      running--;
    });
    scope.activate();
    await clock.advance(10);
    const paused = scope.pause();
    scope.activate();
    await clock.advance(50);
    expect({ ticks, most }).toEqual({ ticks: 1, most: 1 });
    for (const open of release.splice(0)) open();
    await paused;
    await clock.advance(100);
    expect({ ticks, most }).toEqual({ ticks: 11, most: 1 });
    const closing = scope.close();
    for (const open of release.splice(0)) open();
    await closing;
    expect(clock.waiting).toBe(0);
  });

  it('forgets a resource whose factory fails', async () => {
    const { scope, resources } = createScope();
    const failing = scope.resource('x', () => {
      throw new Error('in use');
    });
    await expect(failing).rejects.toThrow('in use');
    expect(await scope.resource('x', () => ({ value: 1, dispose() {} }))).toBe(1);
    await scope.close();
    expect(resources.keys()).toEqual([]);
  });

  it('refuses effects once it is closed, and aborts its signal', async () => {
    const { scope } = createScope();
    const { signal } = scope;
    await scope.close();
    expect(signal.aborted).toBe(true);
    expect(() => scope.add('late', () => {})).toThrow(expect.objectContaining({ code: 'BP_SCOPE_CLOSED' }));
    await expect(scope.resource('late', () => ({ value: 1, dispose() {} }))).rejects.toMatchObject({
      code: 'BP_SCOPE_CLOSED',
    });
  });
});
