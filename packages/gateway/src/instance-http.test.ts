import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { describe, expect, test, vi } from 'vitest';
import { fakeInstance, recordingLogger } from './testing/fake-host.ts';
import { useGateway } from './testing/use-gateway.ts';

const fixture = useGateway();

const get = (path: string, init?: RequestInit) => fetch(fixture.current.origin + path, init);
const served = (routes: (app: FastifyInstance) => void, name = 'served') =>
  fixture.current.plugin({ name }, (http) => http.routes(routes));

describe('an app', () => {
  test('has the call of the request and the logger of the plugin', async () => {
    const logger = recordingLogger();
    const instance = fakeInstance({ name: 'served' });
    fixture.current.gateway.facet(instance, logger).routes((app) => {
      app.get('/', async (request) => {
        request.log.info({ key: 1 }, 'asked');
        request.log.child({ more: 2 }).warn('twice');
        request.log.error(new Error('odd'));
        return request.call.trace.traceId;
      });
    });
    fixture.current.publish([instance]);
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const answer = await get('/served', { headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` } });
    expect(await answer.text()).toBe(traceId);
    expect(logger.lines).toMatchObject([
      { level: 'info', message: 'asked', fields: { key: 1 } },
      { level: 'warn', message: 'twice', fields: { more: 2 } },
      { level: 'error', message: 'odd', fields: { error: { message: 'odd' } } },
    ]);
    await instance.dispose();
  });

  test('runs in the call it serves', async () => {
    const { host } = fixture.current;
    const instance = served((app) => {
      app.get('/', async (request) => {
        await turn();
        return String(host.storage.getStore() === request.call);
      });
    });
    fixture.current.publish([instance]);
    expect(await (await get('/served')).text()).toBe('true');
  });

  test('whose routes hang keeps nobody from undoing its instance, and is closed when they come to an end', async () => {
    const routes = Promise.withResolvers<void>();
    const closed = vi.fn();
    const instance = fixture.current.plugin({ name: 'served' }, (http) =>
      http.routes(async (app) => {
        app.addHook('onClose', async () => closed());
        await routes.promise;
      }),
    );
    const warmed = fixture.current.gateway.part.warm?.(instance);
    await turn();
    await instance.dispose();
    expect(closed).not.toHaveBeenCalled();
    routes.resolve();
    await warmed;
    await vi.waitFor(() => expect(closed).toHaveBeenCalledOnce());
  });

  test('whose routes take longer than the plugin may take to initialize is refused, and no sooner', async () => {
    const limits = { initialize: 200, start: 1000, stop: 1000, health: 1000, reconfigure: 1000, drain: 1000 };
    const hanging = fixture.current.plugin({ name: 'hanging', limits }, (http) =>
      http.routes(() => new Promise<void>(() => {})),
    );
    const began = performance.now();
    await expect(fixture.current.gateway.part.warm?.(hanging)).rejects.toMatchObject({ code: 'BP_HTTP_APP_FAILED' });
    expect(performance.now() - began).toBeGreaterThan(190);
  });

  test('is closed with its instance', async () => {
    const closed = vi.fn();
    const instance = served((app) => {
      app.addHook('onClose', async () => closed());
      app.get('/', async () => 'x');
    });
    fixture.current.publish([instance]);
    await (await get('/served')).text();
    fixture.current.publish([]);
    await instance.dispose();
    expect(closed).toHaveBeenCalledOnce();
  });

  test('cannot listen on its own', async () => {
    const bad = served((app) => void app.addHook('onReady', () => void app.server.listen(0)), 'bad');
    fixture.current.publish([bad]);
    expect(await (await get('/bad')).json()).toMatchObject({
      code: 'BP_HTTP_APP_FAILED',
      detail: expect.stringContaining('listen()'),
    });
  });

  test('may be given by a function that returns the app', async () => {
    fixture.current.publish([served((app) => app.get('/', async () => 'chained') as unknown as undefined)]);
    expect(await (await get('/served')).text()).toBe('chained');
  });
});

describe('a request whose instance has ended', () => {
  test('is a 503 where nothing has been sent, and cut where something has', async () => {
    const instance = served((app) => {
      app.get('/held', () => new Promise(() => {}));
      app.get('/stream', (_, reply) => {
        const body = new Readable({ read() {} });
        body.push('first');
        return reply.send(body);
      });
    });
    fixture.current.publish([instance]);
    const held = get('/served/held');
    const stream = await get('/served/stream');
    await vi.waitFor(() => expect(fixture.current.gateway.inFlight).toBe(2));
    instance.end();
    expect((await held).status).toBe(503);
    expect(await (await held).json()).toMatchObject({ code: 'BP_PLUGIN_UNAVAILABLE' });
    await expect(stream.text()).rejects.toThrow();
    await fixture.current.host.idle();
  });
});
