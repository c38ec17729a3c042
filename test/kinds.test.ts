import { spawnSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestHost, type TestHost } from '@backplane/testing';
import { describe, expect, it, vi } from 'vitest';
import { writePlugins } from './testing/plugin-files.ts';

/** One class of every kind that can run anywhere. */
const everyKind = (version: string) => `
import { currentCall, PluginBase, type EventHandlerKind, type HealthKind, type MetricsKind, type ServiceInfo, type ServiceKind } from '@backplane/plugin-api';

export default class EveryKind extends PluginBase implements EventHandlerKind, HealthKind, MetricsKind, ServiceKind {
  static override readonly metadata = { name: 'every-kind', version: '${version}' };
  readonly heard: unknown[] = [];
  readonly services: string[] = [];
  checks = 0;

  override initialize() {
    const { http, metrics, events } = this.context;
    const asked = metrics.counter('asked', { help: 'How often it was asked.', labels: ['what'] });
    const took = metrics.histogram('took_seconds', { buckets: [1, 2] });
    http.routes((app) => {
      app.get('/heard', async () => {
        asked.inc(1, { what: 'heard' });
        took.observe(1.5);
        return { heard: this.heard, services: this.services, version: '${version}', pid: process.pid };
      });
      app.post('/say', async (request) => {
        const { type, data } = request.body as { type: string; data: unknown };
        await events.publish(type, data);
        return { trace: request.call.trace.traceId };
      });
      app.get('/discover', () => this.context.registry.discover({ plugin: 'ledger' }));
    });
  }

  getEventSubscriptions() {
    return { 'user.login': 'handleLogin', 'user.#': 'handleEvent', 'bad.news': 'fail' };
  }
  handleLogin(data: { name: string }, event: { id: string; source: string }) {
    this.heard.push(['login', data.name, event.source, currentCall()?.trace.traceId]);
  }
  handleEvent(type: string, data: unknown) {
    this.heard.push(['any', type, data]);
  }
  fail() {
    throw new Error('It cannot take it.');
  }

  checkHealth() {
    this.checks++;
    return { healthy: true, database: 'postgresql', connections: this.checks };
  }
  getHealthCheckInterval() {
    return 30;
  }

  collectMetrics() {
    return { custom_counter: 42, response_time: 0.125, active_users: [{ labels: { plan: 'free' }, value: 100 }] };
  }
  getMetricDefinitions() {
    return { custom_counter: { type: 'counter', description: 'Custom counter metric' } } as const;
  }

  onServiceRegister(info: ServiceInfo) {
    this.services.push('+' + info.id + '@' + info.version);
  }
  onServiceUnregister(info: ServiceInfo) {
    this.services.push('-' + info.id);
  }
  onServiceDiscovery() {
    return [{ id: 'ledger.elsewhere', name: 'elsewhere', plugin: 'ledger', version: '9.0.0', methods: [], metadata: { url: 'http://127.0.0.1:1' } }];
  }
}
`;

const ledger = (version: string) => `
import { definePlugin, service } from '@backplane/plugin-api';
export const book = service('ledger.book');
export default definePlugin({
  name: 'ledger',
  version: '${version}',
  provides: [book],
  initialize({ provide }) {
    provide(book, { async entry() { return 1; } });
  },
});
`;

async function boot(level: 'inline' | 'process'): Promise<TestHost> {
  return createTestHost({
    isolation: { 'every-kind': level },
    prepare: (folder) =>
      writePlugins(folder, { 'plugins/every-kind.ts': everyKind('1.0.0'), 'plugins/ledger.ts': ledger('1.0.0') }),
  });
}

/** What the pages of this test answer, as far as it looks at them. */
interface Answer {
  readonly trace: string;
  readonly version: string;
  readonly heard: readonly unknown[];
  readonly services: readonly string[];
  readonly plugins: readonly { readonly name: string; readonly kinds: readonly string[] }[];
  readonly checks: readonly [{ readonly age_ms: number }];
  readonly extension_points: readonly {
    readonly name: string;
    readonly handlers: readonly { readonly plugin: string }[];
  }[];
}

const getJson = async (test: TestHost, path: string, init: RequestInit = {}): Promise<Answer> =>
  (await fetch(`${test.url}${path}`, { headers: test.management, ...init })).json() as Promise<Answer>;

const say = (test: TestHost, type: string, data: unknown) =>
  getJson(test, '/every-kind/say', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ type, data }),
  });

describe.each(['inline', 'process'] as const)('a plugin of several kinds, at level %s', (level) => {
  it('hears events by method and by pattern, in the trace of who publishes, and fails apart', async () => {
    await using test = await boot(level);
    const { trace } = await say(test, 'user.login', { name: 'Ada' });
    await say(test, 'user.profile.changed', 7);
    await say(test, 'bad.news', null);
    const { heard } = await getJson(test, '/every-kind/heard');
    expect(heard).toEqual([
      ['login', 'Ada', 'every-kind', trace],
      ['any', 'user.login', { name: 'Ada' }],
      ['any', 'user.profile.changed', 7],
    ]);
    expect(test.log.some((line) => line.includes('bad.news failed: It cannot take it.'))).toBe(true);
  });

  it('states its kinds', async () => {
    await using test = await boot(level);
    const { plugins } = await getJson(test, '/plugins/status');
    const status = plugins.find(({ name }) => name === 'every-kind');
    expect(status?.kinds.toSorted()).toEqual(['event_handler', 'health', 'metrics', 'service']);
  });

  it('answers for its health from the last check of its interval', async () => {
    await using test = await boot(level);
    const first = await getJson(test, '/plugins/every-kind/health');
    const second = await getJson(test, '/plugins/every-kind/health');
    for (const body of [first, second]) {
      expect(body).toMatchObject({
        status: 'healthy',
        checks: [{ name: 'health', status: 'pass', details: { database: 'postgresql', connections: 1 } }],
      });
    }
    expect(second.checks[0].age_ms).toBeGreaterThanOrEqual(first.checks[0].age_ms);
  });

  it('shows its metrics in both formats, which promtool accepts, and they go on after a reload', async () => {
    await using test = await boot(level);
    await getJson(test, '/every-kind/heard');
    await writeFile(join(test.folder, 'plugins/every-kind.ts'), everyKind('1.1.0'));
    await test.host.reload('every-kind');
    expect((await getJson(test, '/every-kind/heard')).version).toBe('1.1.0');
    await vi.waitFor(async () => {
      const text = await (await fetch(`${test.url}/metrics`)).text();
      expect(text).toContain('every_kind_asked_total{what="heard"} 2\n');
      expect(text).toContain('every_kind_took_seconds_bucket{le="2.0"} 2\n');
      expect(text).toContain('every_kind_custom_counter_total 42\n');
      expect(text).toContain('every_kind_active_users{plan="free"} 100\n');
      expect(text).toContain('# TYPE every_kind_response_time gauge\n');
      expect(text).toMatch(/backplane_http_requests_total\{plugin="every-kind",method="GET",status="2xx"\} 2\n/);
    });
    // The name is the one of the reference; promtool would rather have another.
    const text = await (await fetch(`${test.url}/metrics`)).text();
    const { stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    expect(stderr.trim()).toBe("every_kind_custom_counter_total metric name should not include type 'counter'");
    const accept = 'application/openmetrics-text; version=1.0.0';
    const open = await fetch(`${test.url}/metrics`, { headers: { accept } });
    expect(open.headers.get('content-type')).toContain('application/openmetrics-text');
    expect(await open.text()).toMatch(/# TYPE every_kind_asked counter\n[\s\S]*# EOF\n$/);
    expect(await getJson(test, '/plugins/metrics')).toEqual({
      plugins: {
        'every-kind': {
          custom_counter: 42,
          response_time: 0.125,
          active_users: [{ labels: { plan: 'free' }, value: 100 }],
        },
      },
    });
  });

  it('is told of services that are there, that come anew and that go, and is asked for those it knows', async () => {
    await using test = await boot(level);
    const told = async () => (await getJson(test, '/every-kind/heard')).services;
    await vi.waitFor(async () => expect(await told()).toEqual(['+ledger.book@1.0.0']));
    expect(await getJson(test, '/every-kind/discover')).toMatchObject([
      { id: 'ledger.book', plugin: 'ledger', version: '1.0.0', methods: ['entry'] },
      { id: 'ledger.elsewhere', metadata: { url: 'http://127.0.0.1:1' } },
    ]);
    await writeFile(join(test.folder, 'plugins/ledger.ts'), ledger('1.1.0'));
    await test.host.reload('ledger');
    await vi.waitFor(async () => expect(await told()).toEqual(['+ledger.book@1.0.0', '+ledger.book@1.1.0']));
    await rm(join(test.folder, 'plugins/ledger.ts'));
    await test.host.rescan();
    await vi.waitFor(async () => expect((await told()).at(-1)).toBe('-ledger.book'));
  });

  it('stands at the extension points', async () => {
    await using test = await boot(level);
    const { extension_points } = await getJson(test, '/extension-points');
    const at = (point: string) =>
      extension_points.find(({ name }) => name === point)?.handlers.map(({ plugin }) => plugin);
    expect(at('metrics.collect')).toContain('every-kind');
    expect(at('service.post_register')).toEqual(['every-kind']);
  });
});

it('refuses a subscription to a method that is not there, and a metric that another plugin has', async () => {
  await using test = await createTestHost({
    prepare: (folder) =>
      writePlugins(folder, {
        'plugins/deaf.ts': `import { EventHandlerPlugin } from '@backplane/plugin-api';
          export default class extends EventHandlerPlugin {
            static override readonly metadata = { name: 'deaf', version: '1.0.0' };
            getEventSubscriptions() { return { 'user.login': 'nowhere' }; }
          }`,
        'plugins/one.ts': `import { definePlugin } from '@backplane/plugin-api';
          export default definePlugin({ name: 'one', version: '1.0.0', metricsPrefix: 'shared', initialize({ metrics }) { metrics.counter('things'); } });`,
        'plugins/two.ts': `import { definePlugin } from '@backplane/plugin-api';
          export default definePlugin({ name: 'two', version: '1.0.0', metricsPrefix: 'shared', initialize({ metrics }) { metrics.gauge('things'); } });`,
      }),
  });
  const failed = test.host.status().filter(({ state }) => state.phase !== 'running');
  expect(failed.map(({ name }) => name)).toEqual(['deaf', expect.stringMatching(/^(one|two)$/)]);
  expect(failed[0]?.reason).toContain('maps "user.login" to "nowhere"');
  expect(failed[1]?.reason).toContain('The metric shared_things belongs to');
});

const headers = `
import { MiddlewarePlugin, type GatewayRequest, type NextMiddleware, type PluginMetadata } from '@backplane/plugin-api';
export default class Headers extends MiddlewarePlugin {
  static override readonly metadata: PluginMetadata = { name: 'headers', version: '1.0.0' };
  readonly header = 'x-request-method';
  async processRequest(request: GatewayRequest, callNext: NextMiddleware) {
    const response = await callNext();
    response.headers.set(this.header, request.method);
    return response;
  }
  override getMiddlewarePriority() {
    return 10;
  }
}`;

it('runs a class of the kind middleware around every request, in its phase and at its priority', async () => {
  await using test = await createTestHost({
    prepare: (folder) => writePlugins(folder, { 'plugins/headers.ts': headers }),
  });
  expect((await fetch(`${test.url}/nowhere`)).headers.get('x-request-method')).toBe('GET');
  const { extension_points } = await getJson(test, '/extension-points');
  const [handler] = extension_points.find(({ name }) => name === 'middleware.pre_request')?.handlers ?? [];
  expect(handler).toMatchObject({ plugin: 'headers', phase: 'middleware', priority: 10 });
});

it('refuses middleware in a process of its own with a code that says so', async () => {
  await using test = await createTestHost({
    isolation: { headers: 'process' },
    prepare: (folder) => writePlugins(folder, { 'plugins/headers.ts': headers }),
  });
  const [status] = test.host.status();
  expect(status?.state.phase).toBe('failed');
  expect(status?.reason).toContain('middleware');
  expect(JSON.stringify(status)).toContain('BP_MIDDLEWARE_NOT_INLINE');
});

it('shows what the host knows of the health of plugins, and what versions left behind', async () => {
  const sick = (version: string) => `import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: 'sick',
  version: '${version}',
  initialize({ scope }) {
    scope.add('stubborn', () => { throw new Error('no'); });
    return { health: () => 'degraded' };
  },
});`;
  await using test = await createTestHost({
    allowLeaks: true,
    prepare: (folder) =>
      writePlugins(folder, { 'plugins/sick.ts': sick('1.0.0'), 'plugins/ledger.ts': ledger('1.0.0') }),
  });
  await writeFile(join(test.folder, 'plugins/sick.ts'), sick('2.0.0'));
  await test.host.reload('sick');
  await vi.waitFor(async () => {
    const text = await (await fetch(`${test.url}/metrics`)).text();
    expect(text).toContain('backplane_plugin_health{plugin="ledger"} 1\n');
    expect(text).toContain('backplane_plugin_health{plugin="sick"} 0.5\n');
    expect(text).toContain('backplane_plugin_leaks{plugin="sick",kind="effect"} 1\n');
    expect(text).toMatch(/backplane_changes_total\{action="replace",outcome="[a-z]+"\} 1\n/);
  });
});
