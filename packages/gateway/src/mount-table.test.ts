import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { GenerationDraft, Unavailable, View } from '@backplane/ports';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { buildMountTable } from './mount-table.ts';
import { fakeInstance } from './testing/fake-host.ts';
import { startGateway } from './testing/gateway-fixture.ts';
import { useGateway } from './testing/use-gateway.ts';

const system = vi.fn<(request: unknown, response: { end(text: string): void }) => void>((_, response) =>
  response.end('system'),
);
const fixture = useGateway({ system: [{ segments: ['health', 'plugins'], handle: (q, s) => system(q, s) }] });
afterEach(() => system.mockClear());

const get = (path: string, init?: RequestInit) => fetch(fixture.current.origin + path, init);
const served = (routes: (app: FastifyInstance) => void, name = 'served') =>
  fixture.current.plugin({ name }, (http) => http.routes(routes));
const absent = (more: Partial<Unavailable> = {}): Unavailable => ({
  name: 'absent',
  aliases: ['gone'],
  phase: 'failed',
  reason: 'start() threw: no database',
  retryAt: undefined,
  back: undefined,
  ...more,
});

/** Sends bytes as they are and gives what comes back until the server closes. */
async function raw(request: string, origin = fixture.current.origin): Promise<string> {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1');
  socket.write(request);
  return text(socket);
}

/** Makes a table, and a way to find out whether its draft is still there. */
function tableAndDraft() {
  const draft: GenerationDraft = { id: 1, instances: [], unavailable: [absent()], view: () => ({}) as View };
  const refuser = () => ({ plugin: 'absent', serve: () => {} });
  const table = buildMountTable(draft, { system: [], httpOf: () => undefined, refuser });
  return { table, draft: new WeakRef(draft) };
}

describe('the mount table', () => {
  test('does not hold the draft of its generation, and through it every generation before', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const { table, draft } = tableAndDraft();
    await turn();
    collect();
    expect(draft.deref()).toBeUndefined();
    expect(table.mounts.has('absent')).toBe(true);
  });

  test('serves the routes of a plugin below its name, in the generation that is current', async () => {
    const hello = served((app) => {
      app.get('/world', async (request) => ({ generation: request.call.generation }));
    });
    fixture.current.publish([hello]);
    expect(await (await get('/served/world')).json()).toEqual({ generation: 2 });
    fixture.current.publish([hello]);
    expect(await (await get('/served/world')).json()).toEqual({ generation: 3 });
  });

  test('serves a plugin by its alias, by another spelling and with a trailing slash, without redirect', async () => {
    const pki = fixture.current.plugin({ name: 'trust-pki', aliases: ['marty'] }, (http) =>
      http.routes((app) => {
        app.get('/keys/:id', async ({ url, originalUrl, params }) => ({ url, sent: originalUrl, params }));
        app.get('/', async () => 'root');
      }),
    );
    fixture.current.publish([pki]);
    for (const name of ['trust-pki', 'marty', 'trust_pki', 'Trust-PKI', 'trust%2Dpki']) {
      expect(await (await get(`/${name}/keys/7/?a=1`)).json()).toEqual({
        url: '/trust-pki/keys/7/?a=1',
        sent: `/${name}/keys/7/?a=1`,
        params: { id: '7' },
      });
      expect(await (await get(`/${name}`)).text()).toBe('root');
      expect(await (await get(`/${name}/`)).text()).toBe('root');
    }
  });

  test('serves a target that a proxy client sends whole', async () => {
    fixture.current.publish([served((app) => void app.get('/', async () => 'whole'))]);
    const answer = await raw('GET http://example.org/served HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
    expect(answer).toContain('HTTP/1.1 200');
    expect(answer).toContain('whole');
  });

  test('has no mount for a plugin that serves nothing', async () => {
    fixture.current.publish([fixture.current.plugin({ name: 'silent' }, () => {})]);
    const answer = await get('/silent/x?y');
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ code: 'BP_HTTP_NOT_FOUND', instance: '/silent/x' });
  });

  test('refuses a broken encoding', async () => {
    const answer = await get('/%zz');
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: 'BP_HTTP_BAD_URL' });
  });

  test('lets a pages-of-the-host request past middleware that fails, and before a plugin of that name', async () => {
    const broken = fixture.current.plugin({ name: 'health' }, (http) => {
      http.middleware({ handle: () => Promise.reject(new Error('broken')) });
      http.routes(() => {});
    });
    fixture.current.publish([broken]);
    expect(await (await get('/health')).text()).toBe('system');
    expect(fixture.current.host.entered).toBe(0);
    expect((await get('/other')).status).toBe(500);
  });

  test('answers a page of the host that fails as a problem', async () => {
    system.mockImplementationOnce(() => {
      throw new Error('secret');
    });
    const answer = await get('/plugins/status');
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('secret');
    expect(fixture.current.logger.lines).toMatchObject([{ level: 'error' }]);
  });

  test('takes no registration once an instance is part of a generation', () => {
    const { gateway, host } = fixture.current;
    const instance = fakeInstance({ name: 'late' });
    const http = gateway.facet(instance);
    host.publish(gateway.part, [instance]);
    expect(() => http.routes(() => {})).toThrow(expect.objectContaining({ code: 'BP_HTTP_REGISTERED_LATE' }));
  });
});

describe('a plugin that does not run', () => {
  test('is a 503 with the reason, by name and alias', async () => {
    fixture.current.publish([], [absent()]);
    for (const path of ['/absent/x', '/gone/x']) {
      const answer = await get(path);
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toBe('10');
      expect(await answer.json()).toMatchObject({
        code: 'BP_PLUGIN_UNAVAILABLE',
        detail: expect.stringContaining('absent is failed: start() threw: no database.'),
      });
    }
  });

  test('says when it is tried again', async () => {
    await fixture.current.close();
    const own = await startGateway({ clock: { now: () => 1000, monotonic: () => 0, after: () => ({ cancel() {} }) } });
    own.publish([], [absent({ retryAt: 31_400 })]);
    expect((await fetch(`${own.origin}/absent`)).headers.get('retry-after')).toBe('31');
    await own.close();
  });

  test('has its requests wait while it is replaced, and serves them in the generation that brings it back', async () => {
    const back = Promise.withResolvers<void>();
    fixture.current.publish([], [absent({ phase: 'replacing', back: () => back.promise })]);
    const answer = get('/gone/', { method: 'POST', body: 'kept' });
    await vi.waitFor(() => expect(fixture.current.gateway.inFlight).toBe(1));
    const instance = fixture.current.plugin({ name: 'absent', aliases: ['gone'] }, (http) =>
      http.routes((app) => {
        app.post('/', async (request) => `${request.body} ${request.call.generation}`);
      }),
    );
    fixture.current.publish([instance]);
    back.resolve();
    expect(await (await answer).text()).toBe('kept 3');
  });

  test('is a 503 where it has not come back when the wait is over', async () => {
    fixture.current.publish([], [absent({ back: async () => {} })]);
    expect((await get('/absent')).status).toBe(503);
  });

  test('forgets the request of a client that has gone while it waited', async () => {
    const back = Promise.withResolvers<void>();
    fixture.current.publish([], [absent({ back: () => back.promise })]);
    const client = new AbortController();
    const answer = get('/absent', { signal: client.signal });
    await vi.waitFor(() => expect(fixture.current.gateway.inFlight).toBe(1));
    client.abort();
    await expect(answer).rejects.toThrow();
    await vi.waitFor(() => expect(fixture.current.gateway.inFlight).toBe(0));
    back.resolve();
    await turn();
    expect(fixture.current.host.entered).toBe(0);
  });
});
