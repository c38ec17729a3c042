import type { PluginState, PluginStatus } from '@backplane/ports';
import { describe, expect, it } from 'vitest';
import { explainPlugin } from './why.ts';

const failure = {
  code: 'BP_STEP_FAILED',
  message: 'start() failed: no',
  stack: 'Error: no\n at start (/app/plugins/a.ts:7:3)',
};

const status = (name: string, state: PluginState, more: Partial<PluginStatus> = {}): PluginStatus =>
  ({ name, version: '1.0.0', state, since: 0, reason: '', lastChange: undefined, ...more }) as PluginStatus;

const why = (subject: PluginStatus, all: readonly PluginStatus[] = [subject], health?: object) =>
  explainPlugin({ status: subject, all, health: health as never, now: 1000 });

describe('why a plugin is as it is', () => {
  it('follows what it waits for down to the root, and gives the place and the mend of that', () => {
    const a = status('a', { phase: 'failed', failure, retryAt: 31_000, crashes: 2 }, { reason: failure.message });
    const b = status('b', { phase: 'blocked', by: ['a'], reason: 'waits' }, { reason: 'a does not run' });
    const c = status('c', { phase: 'blocked', by: ['b'], reason: 'waits' }, { reason: 'b does not run' });
    expect(why(c, [a, b, c])).toMatchObject({
      healthy: false,
      summary: 'c 1.0.0 is blocked: b does not run',
      because: ['b is blocked: a does not run', 'a is failed: start() failed: no'],
      place: '/app/plugins/a.ts:7:3',
      next: 'It starts by itself once b can run.',
      mend: ['Then: backplane plugin reload a'],
    });
    expect(why(a).next).toBe('It is tried again in 30 s, after 2 crashes.');
  });

  it('ends where plugins wait for each other', () => {
    const a = status('a', { phase: 'blocked', by: ['b'], reason: '' });
    const b = status('b', { phase: 'blocked', by: ['a'], reason: '' });
    expect(why(a, [a, b]).because).toHaveLength(1);
  });

  it.each([
    [{ phase: 'running' }, 'It goes on.'],
    [{ phase: 'refused', failure }, 'It is tried again when'],
    [{ phase: 'quarantined', failure, crashes: 5 }, 'it crashed 5 times'],
    [{ phase: 'stopped', reason: 'x' }, 'taken out'],
    [{ phase: 'disabled', reason: 'x' }, 'until it is switched on'],
    [{ phase: 'replacing' }, 'on its way'],
    [{ phase: 'initializing' }, 'on its way'],
    [{ phase: 'starting' }, 'on its way'],
    [{ phase: 'discovered' }, 'on its way'],
  ] as const)('says what comes next in %o', (state, next) => {
    expect(why(status('a', state as PluginState)).next).toContain(next);
  });

  it('tells of one that runs that it is sick, and by which check', () => {
    const sick = why(status('a', { phase: 'running' }), [], {
      status: 'unhealthy',
      message: 'db: down',
      checks: [{ name: 'db', status: 'fail', message: 'down' }],
    });
    expect(sick).toMatchObject({ healthy: false, because: ['Check "db" fails: down'] });
    expect(sick.summary).toBe('a 1.0.0 runs, and is unhealthy: db: down');
  });

  it('tells of one that runs that its last change was taken back', () => {
    const lastChange = { outcome: 'returned', at: 0, version: '1.0.0', failure } as const;
    const told = why(status('a', { phase: 'running' }, { lastChange }));
    expect(told).toMatchObject({ healthy: true, code: 'BP_STEP_FAILED', place: '/app/plugins/a.ts:7:3' });
    expect(told.because).toEqual(['The last change was taken back: start() failed: no']);
  });
});
