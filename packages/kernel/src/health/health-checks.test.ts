import type { HealthAnswer } from '@backplane/plugin-api';
import { ManualClock } from '@backplane/testing';
import { describe, expect, it } from 'vitest';
import { PluginScope } from '../scope/plugin-scope.ts';
import { ResourceTable } from '../scope/resource-table.ts';
import { HealthChecks } from './health-checks.ts';
import { joinHealth } from './join-health.ts';

function checksOf() {
  const clock = new ManualClock();
  const scope = new PluginScope('a', {
    plugin: 'a',
    clock,
    resources: new ResourceTable(),
    disposeLimitMs: 1000,
    tick: async (_label, action) => action({} as never),
    taskFailed: () => {},
  });
  return { clock, scope, checks: new HealthChecks('a', scope, clock) };
}

describe('a check without an interval', () => {
  it('is made whenever somebody asks, once for all who ask at the same time', async () => {
    const { checks } = checksOf();
    let made = 0;
    checks.check('database', {}, () => ({ healthy: true, made: ++made }));
    const [one, two] = await Promise.all([checks.results(), checks.results()]);
    expect(one).toEqual(two);
    expect(one).toEqual([{ name: 'database', status: 'pass', details: { made: 1 }, durationMs: 0, ageMs: 0 }]);
    expect(await checks.results()).toMatchObject([{ details: { made: 2 } }]);
  });

  it.each<[string, () => HealthAnswer | Promise<HealthAnswer>, object]>([
    ['passes', () => true, { status: 'pass' }],
    ['warns', () => 'degraded', { status: 'warn' }],
    ['fails', () => ({ healthy: false, message: 'gone' }), { status: 'fail', message: 'gone' }],
    ['fails', () => Promise.reject(new Error('refused')), { status: 'fail', message: 'refused' }],
    [
      'fails',
      () => {
        throw new Error('at once');
      },
      { status: 'fail', message: 'at once' },
    ],
    ['fails', () => ({ checks: [{ name: 'disk', status: 'fail' }] }), { status: 'fail', message: 'disk' }],
  ])('%s as its answer says', async (_word, check, expected) => {
    const { checks } = checksOf();
    checks.check('x', {}, check);
    expect(await checks.results()).toMatchObject([expected]);
  });

  it('that hangs costs its limit, is told to stop, and is not made again before it has ended', async () => {
    const { checks, clock } = checksOf();
    const gate = Promise.withResolvers<boolean>();
    let made = 0;
    let signal: AbortSignal | undefined;
    checks.check('slow', { timeoutMs: 100 }, (given) => {
      made++;
      signal = given;
      return gate.promise;
    });
    checks.check('quick', {}, () => true);
    const results = checks.results();
    await clock.advance(100);
    expect(await results).toMatchObject([
      { name: 'slow', status: 'fail', message: 'It has not answered after 100 ms.', durationMs: 100 },
      { name: 'quick', status: 'pass' },
    ]);
    expect(signal?.aborted).toBe(true);
    expect(await checks.results()).toMatchObject([{ message: 'The check before has not ended yet.' }, {}]);
    expect(made).toBe(1);
    gate.resolve(true);
    await clock.advance(0);
    expect(await checks.results()).toMatchObject([{ status: 'pass' }, {}]);
    expect(made).toBe(2);
    expect(clock.waiting).toBe(0);
  });
});

describe('a check with an interval', () => {
  it('is made when somebody first asks, then at its interval alone, and is answered with its age', async () => {
    const { checks, clock, scope } = checksOf();
    let made = 0;
    checks.check('queue', { everyMs: 1000 }, () => ({ healthy: true, made: ++made }));
    expect(await checks.results()).toMatchObject([{ ageMs: 0, details: { made: 1 } }]);
    scope.activate();
    await clock.advance(700);
    expect(await checks.results()).toMatchObject([{ ageMs: 700, details: { made: 1 } }]);
    await clock.advance(600);
    expect(await checks.results()).toMatchObject([{ ageMs: 300, details: { made: 2 } }]);
  });

  it('warns when its last result is overdue, as it is while its plugin is paused', async () => {
    const { checks, clock, scope } = checksOf();
    checks.check('queue', { everyMs: 1000, timeoutMs: 500 }, () => true);
    scope.activate();
    await clock.advance(1000);
    await scope.pause();
    await clock.advance(3500);
    expect(await checks.results()).toMatchObject([{ status: 'pass', ageMs: 3500 }]);
    await clock.advance(1);
    expect(await checks.results()).toMatchObject([
      { status: 'warn', message: 'The last result is 4 s old, and one is due every 1 s.' },
    ]);
    scope.activate();
    await clock.advance(1000);
    expect(await checks.results()).toMatchObject([{ status: 'pass', ageMs: 0 }]);
  });

  it('that hangs fails at its limit, and its interval waits for it', async () => {
    const { checks, clock, scope } = checksOf();
    let made = 0;
    checks.check('queue', { everyMs: 1000, timeoutMs: 100 }, () => {
      made++;
      return new Promise(() => {});
    });
    scope.activate();
    await clock.advance(10_000);
    expect(made).toBe(1);
    expect(await checks.results()).toMatchObject([{ status: 'fail' }]);
  });
});

describe('checks', () => {
  it('go with their effect or with the scope, and leave no timer', async () => {
    const { checks, clock, scope } = checksOf();
    const effect = checks.check('one', { everyMs: 1000 }, () => true);
    checks.check('two', { everyMs: 1000 }, () => true);
    scope.activate();
    await effect.dispose();
    expect(checks.names).toEqual(['two']);
    expect(await scope.close()).toEqual([]);
    expect(checks.names).toEqual([]);
    expect(clock.waiting).toBe(0);
  });

  it('are refused with a name that is taken or a time that is none', () => {
    const { checks } = checksOf();
    checks.check('one', {}, () => true);
    const refused = expect.objectContaining({ code: 'BP_HEALTH_CHECK' });
    expect(() => checks.check('one', {}, () => true)).toThrow(refused);
    expect(() => checks.check('', {}, () => true)).toThrow(refused);
    for (const everyMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, '5' as never]) {
      expect(() => checks.check('two', { everyMs }, () => true)).toThrow(refused);
      expect(() => checks.check('two', { timeoutMs: everyMs }, () => true)).toThrow(refused);
    }
    expect(checks.names).toEqual(['one']);
  });

  it('and what health() said are one answer: the worst of all, with the name of the culprit', () => {
    const pass = { name: 'a', status: 'pass' } as const;
    const warn = { name: 'b', status: 'warn', message: 'slow' } as const;
    const fail = { name: 'c', status: 'fail' } as const;
    expect(joinHealth(true, [])).toBe(true);
    expect(joinHealth({ healthy: true, region: 'eu' }, [pass])).toEqual({
      status: 'healthy',
      region: 'eu',
      checks: [pass],
    });
    expect(joinHealth(true, [pass, warn])).toMatchObject({ status: 'degraded', message: 'b: slow' });
    expect(joinHealth('degraded', [warn, fail])).toMatchObject({ status: 'unhealthy', message: 'c: fail' });
    expect(joinHealth({ healthy: false, message: 'mine' }, [pass])).toMatchObject({
      status: 'unhealthy',
      message: 'mine',
    });
  });
});
