import type { MetricService } from '@backplane/plugin-api';
import { ManualClock } from '@backplane/testing';
import { describe, expect, it } from 'vitest';
import { MOST_SAMPLES } from './collected.ts';
import { HOST, MetricRegistry } from './metric-registry.ts';

/** A registry, and versions of plugins that come and go. */
function hostOf(known: readonly string[] = ['a', 'b']) {
  const warnings: string[] = [];
  const clock = new ManualClock();
  const registry = new MetricRegistry({
    clock,
    isKnown: (owner) => known.includes(owner),
    warn: (owner, error) => warnings.push(`${owner}: ${(error as Error & { code?: string }).code}`),
  });
  const version = (name: string, prefix = name) => {
    const undo: (() => void)[] = [];
    const metrics: MetricService = registry.facet({
      name,
      prefix,
      scope: {
        add(label, action) {
          undo.push(action as () => void);
          return { label, dispose: async () => void (await action()) };
        },
      },
    });
    return { metrics, unload: () => undo.reverse().forEach((action) => void action()) };
  };
  const lines = async (format: 'text' | 'openmetrics' = 'text') =>
    (await registry.render(format)).body.split('\n').filter((line) => line !== '' && !line.startsWith('# HELP'));
  return { registry, version, lines, warnings, clock };
}

const raise = (message: string): never => {
  throw new Error(message);
};

describe('series', () => {
  it('go on when a new version declares the same metric, whichever is loaded or unloaded first', async () => {
    const { version, lines } = hostOf();
    const one = version('a');
    one.metrics.counter('seen').inc(2);
    const two = version('a');
    two.metrics.counter('seen').inc();
    one.unload();
    two.metrics.counter('seen').inc();
    two.unload();
    const three = version('a');
    three.metrics.counter('seen').inc();
    expect(await lines()).toEqual(['# TYPE a_seen_total counter', 'a_seen_total 5']);
  });

  it('begin anew when a new version gives the metric another form, and the old ones return with the old version', async () => {
    const { version, lines } = hostOf();
    const one = version('a');
    one.metrics.counter('seen').inc(2);
    const broken = version('a');
    broken.metrics.counter('seen', { labels: ['by'] }).inc(1, { by: 'x' });
    expect(await lines()).toContain('a_seen_total{by="x"} 1');
    broken.unload();
    expect(await lines()).toContain('a_seen_total 2');
    const two = version('a');
    two.metrics.gauge('seen_total').set(7);
    one.unload();
    expect(await lines()).toEqual(['# TYPE a_seen_total gauge', 'a_seen_total 7']);
  });

  it('stay while their plugin may come back, and go with it or with the version that has them no longer', async () => {
    const known = ['a'];
    const { version, lines } = hostOf(known);
    const one = version('a');
    one.metrics.gauge('up').set(1);
    one.metrics.gauge('left').set(1);
    one.unload();
    expect(await lines()).toContain('a_up 1');
    const two = version('a');
    two.metrics.gauge('up');
    expect(await lines()).toEqual(['# TYPE a_up gauge', 'a_up 1']);
    two.unload();
    known.pop();
    expect(await lines()).toEqual([]);
    version('b', 'a').metrics.gauge('up').set(3);
    expect(await lines()).toContain('a_up 3');
  });

  it('of too many labels are counted as others, which is told once', async () => {
    const { version, lines, warnings } = hostOf();
    const counter = version('a').metrics.counter('seen', { labels: ['id'] });
    for (let id = 0; id < 2500; id++) counter.inc(1, { id });
    const shown = await lines();
    expect(shown).toHaveLength(2002);
    expect(shown).toContain('a_seen_total{id="other"} 500');
    expect(warnings).toEqual(['a: BP_METRIC_SERIES']);
  });
});

describe('a metric', () => {
  it('belongs to one plugin, under whatever name the formats give it', () => {
    const { version } = hostOf();
    const { metrics: a } = version('a', 'x');
    a.counter('seen');
    a.histogram('took');
    const { metrics: b } = version('b', 'x');
    const taken = expect.objectContaining({
      code: 'BP_METRIC_TAKEN',
      details: { metric: expect.any(String), owners: ['a', 'b'] },
    });
    expect(() => b.counter('seen')).toThrow(taken);
    expect(() => b.gauge('seen')).toThrow(taken);
    expect(() => b.gauge('seen_total')).toThrow(taken);
    expect(() => b.counter('took_count')).toThrow(taken);
    expect(() => b.gauge('took_bucket')).toThrow(taken);
    expect(() => b.gauge('seen_count')).not.toThrow();
    expect(() => b.gauge('took_total')).not.toThrow();
    expect(() => a.gauge('took_sum')).toThrow(expect.objectContaining({ code: 'BP_METRIC_REDEFINED' }));
    expect(() => a.counter('seen', { labels: ['by'] })).toThrow(
      expect.objectContaining({ code: 'BP_METRIC_REDEFINED' }),
    );
  });

  it('is refused with a name, labels, buckets or values that it cannot have', () => {
    const { metrics } = hostOf().version('a');
    const code = (wanted: string) => expect.objectContaining({ code: wanted });
    for (const name of ['', 'ä', 'a b', 'x'.repeat(250), 'a-b'])
      expect(() => metrics.counter(name)).toThrow(code('BP_METRIC_NAME'));
    for (const label of ['le', '__x', 'a-b', '', '1'])
      expect(() => metrics.counter('c', { labels: [label] })).toThrow(code('BP_METRIC_LABEL_NAME'));
    expect(() => metrics.counter('c', { labels: ['a', 'a'] })).toThrow(code('BP_METRIC_LABEL_NAME'));
    for (const buckets of [[1, 1], [2, 1], [Number.NaN], [Number.POSITIVE_INFINITY]])
      expect(() => metrics.histogram('h', { buckets })).toThrow(code('BP_METRIC_BUCKETS'));
    const counter = metrics.counter('c', { labels: ['by'] });
    expect(() => counter.inc(-1, { by: 'x' })).toThrow(code('BP_METRIC_VALUE'));
    expect(() => counter.inc(Number.NaN, { by: 'x' })).toThrow(code('BP_METRIC_VALUE'));
    for (const labels of [undefined, {}, { of: 'x' }, { by: 'x', of: 'y' }])
      expect(() => counter.inc(1, labels as never)).toThrow(code('BP_METRIC_LABELS'));
    expect(() => metrics.histogram('h').observe(Number.NaN)).toThrow(code('BP_METRIC_VALUE'));
    expect(() => metrics.gauge('g').set('1' as never)).toThrow(code('BP_METRIC_VALUE'));
  });

  it('counts values into buckets up to their bound', async () => {
    const { version, lines } = hostOf();
    const histogram = version('a')
      .metrics.histogram('took', { buckets: [0.5, 1], labels: ['by'] })
      .labels({ by: 'x' });
    for (const value of [0.5, 0.6, 1, 1.5]) histogram.observe(value);
    expect(await lines()).toEqual([
      '# TYPE a_took histogram',
      'a_took_bucket{by="x",le="0.5"} 1',
      'a_took_bucket{by="x",le="1.0"} 3',
      'a_took_bucket{by="x",le="+Inf"} 4',
      'a_took_sum{by="x"} 3.6',
      'a_took_count{by="x"} 4',
    ]);
  });
});

describe('what is collected', () => {
  it('leaves out what cannot be read or is no number, and keeps the rest of all plugins', async () => {
    const { registry, version, lines } = hostOf();
    const unreadable = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no keys');
        },
      },
    );
    const sample = {
      labels: {},
      get value(): number {
        throw new Error('no value');
      },
    };
    version('a').metrics.collect({}, () => ({ big: 10n, text: 'x', odd: [sample], ok: 3 }) as never);
    version('b').metrics.collect({}, () => unreadable);
    version('c').metrics.collect({}, () => ({ fine: 1 }));
    expect(JSON.parse(JSON.stringify(await registry.collected()))).toMatchObject({ a: { ok: 3 }, c: { fine: 1 } });
    expect(await lines()).toContain('a_ok 3');
  });

  it('is a gauge where it has no definition, and a counter where it says so', async () => {
    const { version, lines } = hostOf();
    version('a').metrics.collect({ custom_counter: { type: 'counter' } }, () => ({
      custom_counter: 42,
      toString: 1,
      users: [
        { labels: { plan: 'free' }, value: 1 },
        { labels: { plan: 'paid' }, value: 2 },
      ],
    }));
    expect(await lines()).toEqual([
      '# TYPE a_custom_counter_total counter',
      'a_custom_counter_total 42',
      '# TYPE a_toString gauge',
      'a_toString 1',
      '# TYPE a_users gauge',
      'a_users{plan="free"} 1',
      'a_users{plan="paid"} 2',
    ]);
  });

  it('is left out where it is wrong, which is told once, and the rest is shown', async () => {
    const { version, lines, warnings } = hostOf();
    version('a').metrics.collect({}, () => ({
      fine: 1,
      'not a name': 1,
      text: 'x' as never,
      twice: [
        { labels: { a: 1, b: 2 }, value: 1 },
        { labels: { b: 2, a: 1 }, value: 2 },
      ],
      label: [{ labels: { le: 1 }, value: 1 }],
      many: Array.from({ length: MOST_SAMPLES + 1 }, (_, id) => ({ labels: { id }, value: 1 })),
    }));
    version('b', 'a').metrics.collect({}, () => ({ fine: 2, own: 2 }));
    version('b', 'c').metrics.collect({}, () => Promise.reject(new Error('no')));
    await lines();
    expect(await lines()).toEqual(['# TYPE a_fine gauge', 'a_fine 1', '# TYPE a_own gauge', 'a_own 2']);
    expect(warnings.sort()).toEqual([
      'a: BP_METRIC_NAME',
      'a: BP_METRIC_VALUE',
      'a: BP_METRIC_VALUE',
      'a: BP_METRIC_VALUE',
      'a: BP_METRIC_VALUE',
      'b: BP_METRICS_NOT_COLLECTED',
      'b: BP_METRIC_TAKEN',
    ]);
  });

  it('costs a plugin that hangs its limit and nobody else, and is asked for once at a time', async () => {
    const { version, registry, warnings, clock } = hostOf();
    const gate = Promise.withResolvers<{ slow: number }>();
    let asked = 0;
    version('a').metrics.collect({}, () => {
      asked++;
      return gate.promise;
    });
    version('b').metrics.gauge('here').set(1);
    for (const _scrape of [1, 2]) {
      const page = registry.render('text');
      await clock.advance(5000);
      expect((await page).body).toContain('b_here 1');
    }
    expect([asked, warnings]).toEqual([1, ['a: BP_METRICS_NOT_COLLECTED']]);
    gate.resolve({ slow: 1 });
    expect((await registry.render('text')).body).toContain('a_slow 1');
  });

  it('is numbers alone, whatever a plugin gives, and fit for JSON', async () => {
    const { version, lines, registry, warnings } = hostOf(['a', 'b', 'c']);
    version('a').metrics.collect({}, () => ({ big: 10n as never, str: 'x' as never, nan: Number.NaN, ok: 3 }));
    const refusing = new Proxy({}, { ownKeys: () => raise('no keys') });
    version('b').metrics.collect({ a: { type: 'gauge' } }, () => refusing);
    const odd = [{ labels: { plan: Object.create(null) }, value: 1 }];
    const kinds = [{ labels: { id: 10n as never }, value: 1, more: 10n }];
    version('c').metrics.collect({}, () => ({
      ...{ ok: 1, odd, kinds },
      get bad() {
        return raise('no value');
      },
    }));
    expect(JSON.parse(JSON.stringify(await registry.collected()))).toEqual({
      a: { ok: 3 },
      b: {},
      c: { ok: 1, kinds: [{ labels: { id: '10' }, value: 1 }] },
    });
    expect(await lines()).toEqual(expect.arrayContaining(['a_ok 3', 'c_ok 1', 'c_kinds{id="10"} 1']));
    expect(warnings.sort()).toEqual([
      ...Array(3).fill('a: BP_METRIC_VALUE'),
      'b: BP_METRICS_NOT_COLLECTED',
      ...Array(2).fill('c: BP_METRIC_VALUE'),
    ]);
  });

  it('is given by plugin as it is', async () => {
    const { version, registry } = hostOf();
    version('a').metrics.collect({}, () => ({ users: 100, plans: [{ labels: { plan: 'free' }, value: 1 }] }));
    version(HOST).metrics.collect({}, () => ({ secret: 1 }));
    expect(await registry.collected()).toEqual({ a: { users: 100, plans: [{ labels: { plan: 'free' }, value: 1 }] } });
    expect(registry.collecting()).toEqual(['a']);
  });
});
