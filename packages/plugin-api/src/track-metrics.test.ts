import { describe, expect, it } from 'vitest';
import { adopt } from './adopt.ts';
import type { MetricService } from './metrics.ts';
import { inCallOf } from './testing/in-call.ts';
import { NotedMetrics } from './testing/noted-metrics.ts';
import { type TrackOptions, trackMetrics } from './track-metrics.ts';

/** An object of a plugin with one method that is tracked. */
function tracked<M extends (...args: never[]) => unknown>(options: Omit<TrackOptions, 'metricName'>, method: M) {
  const metrics = new NotedMetrics();
  const owner = { act: trackMetrics({ metricName: 'acts', ...options })(method) };
  adopt({ metrics: metrics as unknown as MetricService, events: undefined as never }, owner);
  return { metrics, owner };
}

describe('a tracked method', () => {
  it('counts calls when they have ended, well or not, and gives what they give', async () => {
    const { metrics, owner } = tracked({ labels: { status: ({ status }) => status } }, async (fails: boolean) => {
      if (fails) throw new Error('no');
      return 'yes';
    });
    const pending = owner.act(false);
    expect(metrics.noted).toEqual([]);
    expect(await pending).toBe('yes');
    await expect(owner.act(true)).rejects.toThrow('no');
    expect(metrics.noted).toEqual(['acts {"status":"success"}', 'acts {"status":"error"}']);
  });

  it('stays synchronous where it was', () => {
    const { metrics, owner } = tracked({ labels: { kind: 'sync' }, timing: true }, (n: number) => n + 1);
    expect(owner.act(1)).toBe(2);
    expect(metrics.noted).toEqual(['acts {"kind":"sync"}', 'acts_duration_seconds {"kind":"sync"}']);
  });

  it('has its metrics declared before it is first called, the duration without the status', () => {
    const { metrics } = tracked({ timing: true, labels: { algorithm: ({ args }) => args[0], status: 'any' } }, () => 1);
    expect(metrics.declared).toEqual(['acts(algorithm,status)', 'acts_duration_seconds(algorithm)']);
  });

  it('takes labels from arguments, result and error, and tells what is none as unknown', () => {
    const labels: TrackOptions['labels'] = {
      first: ({ args }) => args[0],
      hit: ({ result }) => (result as { hit: boolean }).hit,
      fault: ({ error }) => (error as Error | undefined)?.name,
    };
    const { metrics, owner } = tracked({ labels }, (first: string) => {
      if (first === 'bad') throw new TypeError('bad');
      return { hit: first === 'a' };
    });
    owner.act('a');
    owner.act('b');
    expect(() => owner.act('bad')).toThrow(TypeError);
    expect(metrics.noted).toEqual([
      'acts {"first":"a","hit":true,"fault":"unknown"}',
      'acts {"first":"b","hit":false,"fault":"unknown"}',
      'acts {"first":"bad","hit":"unknown","fault":"TypeError"}',
    ]);
  });

  it('counts in the context that its object keeps, and apart for each object', () => {
    class Signer {
      readonly context: { readonly metrics: NotedMetrics };
      constructor(metrics: NotedMetrics) {
        this.context = { metrics };
      }
      sign = trackMetrics({ metricName: 'signed' })(function (this: Signer) {
        return this.context.metrics.noted.length;
      });
    }
    const [one, two] = [new NotedMetrics(), new NotedMetrics()];
    new Signer(one).sign();
    new Signer(two).sign();
    expect([one.noted, two.noted]).toEqual([['signed {}'], ['signed {}']]);
  });

  it('counts a function where it is told to', () => {
    const metrics = new NotedMetrics();
    const act = trackMetrics({ metricName: 'acts', metrics: metrics as unknown as MetricService })(() => 1);
    act();
    expect(metrics.noted).toEqual(['acts {}']);
  });

  it('counts nothing outside of a host, and says in one that its object belongs to nobody', () => {
    const owner = { act: trackMetrics({ metricName: 'acts' })(() => 1) };
    expect(inCallOf(undefined, () => owner.act())).toBe(1);
    expect(() => inCallOf({}, () => owner.act())).toThrow(expect.objectContaining({ code: 'BP_METRICS_NOWHERE' }));
  });
});
