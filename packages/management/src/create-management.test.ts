import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BackplaneError } from '@backplane/base';
import type { Logger } from '@backplane/plugin-api';
import type { ChangeReport, HostControl, PluginRoutes, PluginStatus } from '@backplane/ports';
import { ManualClock } from '@backplane/testing';
import {
  HealthBody,
  PluginHealthBody,
  PluginsStatusBody,
  Problem,
  ReadyBody,
  ReloadBody,
} from '@backplane/wire/bodies';
import { Value } from 'typebox/value';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createManagement, type Management } from './create-management.ts';

const running = (name: string, more: Partial<PluginStatus> = {}): PluginStatus => ({
  name,
  displayName: name,
  version: '1.0.0',
  description: '',
  type: 'custom',
  kinds: [],
  phase: 'business',
  priority: 100,
  level: 'inline',
  origin: `${name}.ts`,
  state: { phase: 'running' },
  since: 0,
  reason: '',
  instance: 1,
  inFlight: 0,
  services: [`${name}.counter`],
  dependencies: [],
  dependents: [],
  holds: [],
  draining: [],
  lastChange: undefined,
  history: [{ at: 0, phase: 'running', version: '1.0.0', reason: undefined }],
  receipts: [],
  ...more,
});

const applied: ChangeReport = {
  generation: 7,
  tookMs: 12,
  steps: [
    {
      name: 'shop',
      action: 'replace',
      fromVersion: '1.0.0',
      toVersion: '1.1.0',
      reason: '',
      outcome: 'applied',
      failure: undefined,
    },
  ],
};

let plugins: PluginStatus[];
let ready: boolean;
let asked: number;
let served: PluginRoutes[];
let reloaded: ChangeReport;
let server: Server;
let management: Management;
const clock = new ManualClock();
const logged: string[] = [];

const control: HostControl = {
  readiness: () => (ready ? { ready, reason: '' } : { ready, reason: 'The host is starting.' }),
  generation: () => 3,
  points: () => [],
  handlers: () => [],
  routes: async () => served,
  status: () => plugins,
  pluginStatus: (name) => {
    const found = plugins.find((plugin) => plugin.name === name || (name === 'alias' && plugin.name === 'shop'));
    if (!found)
      throw new BackplaneError({ code: 'BP_PLUGIN_UNKNOWN', status: 404, details: { plugin: name } }, 'unknown');
    return found;
  },
  health: async (name) => {
    asked++;
    const sick = plugins.find((plugin) => plugin.name === name)?.state.phase !== 'running';
    return {
      status: sick ? 'unhealthy' : 'healthy',
      checks: [],
      services: { counter: { status: sick ? 'unhealthy' : 'healthy' } },
      details: { connections: 5 },
    };
  },
  reload: async () => reloaded,
  rescan: async () => reloaded,
  planRescan: async () => [],
};

beforeEach(async () => {
  plugins = [running('shop', { displayName: 'The Shop' })];
  ready = true;
  asked = 0;
  served = [];
  reloaded = applied;
  const line = (message: string) => void logged.push(message);
  const logger: Logger = { trace: line, debug: line, info: line, warn: line, error: line };
  management = await createManagement({
    control,
    logger,
    clock,
    version: '1.2.3',
    openapi: 'closed',
    allowedHosts: ['ops.example'],
    isAuthorized: (authorization) => authorization === 'Bearer right',
  });
  server = createServer((request, response) => management.handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  await clock.advance(10_000);
  await management.close();
  server.closeAllConnections();
  server.close();
});

const TOKEN = { authorization: 'Bearer right' };

/** Not fetch, which sets Host and Origin itself. */
function ask(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const { port } = server.address() as AddressInfo;
  return new Promise<{ status: number; headers: Record<string, unknown>; body: Record<string, unknown> }>(
    (resolve, reject) => {
      httpRequest(
        { host: '127.0.0.1', port, path, method, headers: { host: `127.0.0.1:${port}`, ...headers } },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8').on('data', (part) => {
            text += part;
          });
          answer.on('end', () =>
            resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: JSON.parse(text || '{}') }),
          );
        },
      )
        .on('error', reject)
        .end();
    },
  );
}

describe('health and readiness', () => {
  it('answers health in the printed shape when one domain plugin runs, and always names all plugins', async () => {
    expect(await ask('/health')).toMatchObject({
      status: 200,
      body: {
        plugin: 'The Shop',
        status: 'healthy',
        services: { counter: { status: 'healthy' } },
        plugins: { shop: { status: 'healthy', state: 'running' } },
      },
    });
  });

  it('is degraded, not down, when a plugin is sick, and leaves the printed keys out when there are two domains', async () => {
    const failure = { code: 'BP_STEP_FAILED', message: 'no', stack: undefined };
    plugins.push(running('bank', { state: { phase: 'failed', failure, retryAt: 5, crashes: 1 } }));
    const { status, body } = await ask('/health');
    expect(status).toBe(200);
    expect(body).toEqual({
      status: 'degraded',
      plugins: { shop: { status: 'healthy', state: 'running' }, bank: { status: 'unhealthy', state: 'failed' } },
    });
  });

  it('asks the plugins at most once a second, however many ask', async () => {
    await Promise.all([ask('/health'), ask('/health'), ask('/health/')]);
    expect(asked).toBe(1);
    await clock.advance(1000);
    await ask('/health');
    expect(asked).toBe(2);
  });

  it('says why traffic may not come yet', async () => {
    ready = false;
    expect(await ask('/ready')).toMatchObject({
      status: 503,
      body: { status: 'not_ready', reason: 'The host is starting.' },
    });
    ready = true;
    expect(await ask('/ready')).toMatchObject({ status: 200, body: { status: 'ready' } });
  });
});

describe('the guard of management', () => {
  it.each([
    ['no token', {}, 401, 'BP_MANAGEMENT_UNAUTHORIZED'],
    ['a wrong token', { authorization: 'Bearer wrong' }, 401, 'BP_MANAGEMENT_UNAUTHORIZED'],
    ['another host name', { ...TOKEN, host: 'evil.example' }, 403, 'BP_MANAGEMENT_FORBIDDEN_HOST'],
    ['a page of another origin', { ...TOKEN, origin: 'http://evil.example' }, 403, 'BP_MANAGEMENT_FORBIDDEN_ORIGIN'],
    ['a page without origin', { ...TOKEN, origin: 'null' }, 403, 'BP_MANAGEMENT_FORBIDDEN_ORIGIN'],
  ])('refuses %s', async (_case, headers, status, code) => {
    for (const [path, method] of [
      ['/plugins/status', 'GET'],
      ['/plugins/shop/reload', 'POST'],
      ['/plugins/shop/health', 'GET'],
    ] as const) {
      expect(await ask(path, headers, method)).toMatchObject({ status, body: { code, status } });
    }
  });

  it('lets pass who has the token, under the names it is served by', async () => {
    expect((await ask('/plugins/status', TOKEN)).status).toBe(200);
    expect((await ask('/plugins/status', { ...TOKEN, host: 'ops.example:8080' })).status).toBe(200);
    const { port } = server.address() as AddressInfo;
    const own = { host: `localhost:${port}`, origin: `http://localhost:${port}` };
    expect((await ask('/plugins/status', { ...TOKEN, ...own })).status).toBe(200);
  });
});

it('closes extension points, as the rest of management', async () => {
  expect(await ask('/extension-points')).toMatchObject({ status: 401, body: { code: 'BP_MANAGEMENT_UNAUTHORIZED' } });
  expect(await ask('/extension-points/', TOKEN)).toMatchObject({ status: 200, body: { generation: 3 } });
});

describe('plugins', () => {
  it('shows status in snake_case, with times in ISO 8601 and the type in capitals', async () => {
    const { body } = await ask('/plugins/status', TOKEN);
    expect(body).toMatchObject({
      generation: 3,
      ready: true,
      plugins: [
        {
          name: 'shop',
          display_name: 'The Shop',
          plugin_type: 'CUSTOM',
          state: 'running',
          since: '1970-01-01T00:00:00.000Z',
          in_flight: 0,
          failure: null,
          history: [{ at: '1970-01-01T00:00:00.000Z', state: 'running', version: '1.0.0', reason: null }],
        },
      ],
    });
  });

  it('answers the health of one plugin with its own facts, 503 when it is sick, 404 when there is none', async () => {
    expect(await ask('/plugins/alias/health', TOKEN)).toMatchObject({
      status: 200,
      body: { plugin: 'shop', status: 'healthy', state: 'running', connections: 5 },
    });
    plugins = [running('shop', { state: { phase: 'stopped', reason: 'It was removed.' } })];
    expect((await ask('/plugins/shop/health', TOKEN)).status).toBe(503);
    expect(await ask('/plugins/ghost/health', TOKEN)).toMatchObject({
      status: 404,
      body: { code: 'BP_PLUGIN_UNKNOWN' },
    });
  });

  it('reloads, and says what serves now', async () => {
    expect(await ask('/plugins/alias/reload', TOKEN, 'POST')).toMatchObject({
      status: 200,
      body: {
        plugin: 'shop',
        outcome: 'applied',
        from_version: '1.0.0',
        to_version: '1.1.0',
        generation: 7,
        took_ms: 12,
      },
    });
  });

  it('says why a reload failed, and which version serves on', async () => {
    const failure = {
      code: 'BP_STEP_FAILED',
      message: 'Plugin "shop" 1.1.0 failed in start: no.',
      stack: 'at shop.ts:3:7',
    };
    reloaded = {
      ...applied,
      steps: [{ ...(applied.steps[0] as never as object), outcome: 'returned', failure } as never],
    };
    const { status, body } = await ask('/plugins/shop/reload', TOKEN, 'POST');
    expect(status).toBe(409);
    expect(body).toMatchObject({
      code: 'BP_RELOAD_FAILED',
      details: { failure: { code: 'BP_STEP_FAILED' }, serving: '1.0.0' },
    });
    expect(body.detail).toContain('version 1.0.0 serves on');
  });

  it('says that a reload failed when the plugin is put in place and cannot run', async () => {
    plugins = [
      running('shop', {
        state: { phase: 'blocked', by: ['stock'], reason: 'It waits for "stock".' },
        reason: 'It waits for "stock".',
      }),
    ];
    const { status, body } = await ask('/plugins/shop/reload', TOKEN, 'POST');
    expect(status).toBe(409);
    expect(body.detail).toContain('nothing serves in its place. It waits for "stock".');
  });

  it('answers unknown paths with 404 and other methods with 405 and the ones there are', async () => {
    expect(await ask('/plugins/nothing/here', TOKEN)).toMatchObject({
      status: 404,
      body: { code: 'BP_MANAGEMENT_NOT_FOUND' },
    });
    const answer = await ask('/plugins/shop/reload', TOKEN);
    expect(answer).toMatchObject({ status: 405, body: { code: 'BP_MANAGEMENT_METHOD' } });
    expect(answer.headers.allow).toBe('POST');
  });

  it('answers a mistake of its own without telling what it was', async () => {
    reloaded = undefined as never;
    const { status, body } = await ask('/plugins/shop/reload', TOKEN, 'POST');
    expect(status).toBe(500);
    expect(body.code).toBe('BP_MANAGEMENT_FAILED');
    expect(body.detail).not.toContain('undefined');
    expect(logged).toContain('Management failed.');
  });

  it('answers every page in the shape that is published for it', async () => {
    const pages = [
      ['GET', '/health', HealthBody],
      ['GET', '/ready', ReadyBody],
      ['GET', '/plugins/status', PluginsStatusBody],
      ['GET', '/plugins/shop/health', PluginHealthBody],
      ['POST', '/plugins/shop/reload', ReloadBody],
      ['GET', '/plugins/ghost/health', Problem],
    ] as const;
    for (const [method, path, schema] of pages) {
      expect([...Value.Errors(schema, (await ask(path, TOKEN, method)).body)]).toEqual([]);
    }
  });
});

it('refuses a path that cannot be read with a problem, and not before it knows who asks', async () => {
  for (const path of ['/plugins/%/health', `/plugins/${'a'.repeat(300)}/health`]) {
    const { status, headers, body } = await ask(path, TOKEN);
    expect(status).toBe(400);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(body).toMatchObject({ code: 'BP_MANAGEMENT_BAD_PATH', instance: path });
    expect((await ask(path)).status).toBe(401);
  }
});
