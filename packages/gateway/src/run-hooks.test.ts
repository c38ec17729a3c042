import { BackplaneError } from '@backplane/base';
import type { HookMiddleware, MiddlewareDefinition } from '@backplane/plugin-api';
import { beforeEach, describe, expect, test } from 'vitest';
import { useGateway } from './testing/use-gateway.ts';

const fixture = useGateway();
const get = (path: string, init?: RequestInit) => fetch(fixture.current.origin + path, init);
const events = () => fixture.current.host.events.filter((event) => event !== 'left');

let order = 0;
beforeEach(() => {
  order = 0;
});

function plugin(definition: MiddlewareDefinition) {
  const name = definition.name ?? 'plugin';
  return fixture.current.plugin({ name, phase: 'middleware', priority: order++ }, (http) =>
    http.middleware(definition),
  );
}

/** Hooks that write down how a request passes them. */
function tracer(name: string, more: Partial<HookMiddleware> = {}) {
  return plugin({
    name,
    onRequest: () => void fixture.current.host.events.push(`${name} in`),
    onResponse: (_, response) => void fixture.current.host.events.push(`${name} out ${response.status}`),
    ...more,
  } as HookMiddleware);
}

const served = () =>
  fixture.current.plugin({ name: 'served' }, (http) =>
    http.routes((app) => {
      app.get('/', async (request) => ({ seen: request.headers['x-in'] ?? null }));
    }),
  );

const publish = (...instances: ReturnType<typeof plugin>[]) => fixture.current.publish([...instances, served()]);

describe('hooks', () => {
  test('see the request on the way in and the answer on the way out, outermost first and last', async () => {
    publish(tracer('a'), tracer('b'), tracer('c'));
    expect((await get('/served')).status).toBe(200);
    expect(events()).toEqual(['a in', 'b in', 'c in', 'c out 200', 'b out 200', 'a out 200']);
  });

  test('change what passes, at once or after a while', async () => {
    const later = async () => new Promise<void>((resolve) => setImmediate(resolve));
    publish(
      plugin({
        name: 'a',
        async onRequest(request) {
          await later();
          request.headers['x-in'] = 'a';
        },
        async onResponse(_, response) {
          await later();
          response.headers.set('x-out', `${response.headers.get('x-out')} a`);
        },
      }),
      plugin({
        name: 'b',
        onRequest(request) {
          request.headers['x-in'] += ' b';
        },
        onResponse(_, response) {
          response.status = 202;
          response.headers.set('x-out', 'b');
        },
      }),
    );
    const answer = await get('/served');
    expect(answer.status).toBe(202);
    expect(answer.headers.get('x-out')).toBe('b a');
    expect(await answer.json()).toEqual({ seen: 'a b' });
  });

  test.each([
    ['at once', (request: Parameters<NonNullable<HookMiddleware['onRequest']>>[0]) => request.respond({ status: 403 })],
    [
      'after a while',
      async (request: Parameters<NonNullable<HookMiddleware['onRequest']>>[0]) => request.respond({ status: 403 }),
    ],
  ])('answer in place of what lies further in, %s; only those further out see it leave', async (_, onRequest) => {
    publish(tracer('a'), tracer('b', { onRequest }), tracer('c'));
    expect((await get('/served')).status).toBe(403);
    expect(events()).toEqual(['a in', 'a out 403']);
  });

  test('that fail on the way in answer with a problem; a code of theirs below 500 is the answer', async () => {
    const refusal = new BackplaneError({ code: 'BP_TEST_LIMIT', status: 429, details: {} }, 'Slow down.');
    publish(
      tracer('a'),
      tracer('b', {
        onRequest: (request) => {
          if (request.headers['x-limit']) throw refusal;
          throw new Error('broken');
        },
      }),
    );
    const limited = await get('/served', { headers: { 'x-limit': '1' } });
    expect(limited.status).toBe(429);
    expect(await limited.json()).toMatchObject({ code: 'BP_TEST_LIMIT', detail: 'Slow down.' });
    const failed = await get('/served');
    expect(failed.status).toBe(500);
    expect(await failed.json()).toMatchObject({
      code: 'BP_MIDDLEWARE_FAILED',
      detail: expect.stringContaining('Middleware b'),
    });
    expect(events()).toEqual(['a in', 'a out 429', 'a in', 'a out 500']);
  });

  test.each([
    [
      'at once',
      () => {
        throw new Error('broken');
      },
    ],
    ['after a while', () => Promise.reject(new Error('broken'))],
  ])('that fail on the way out, %s, give those further out a problem', async (_, onResponse) => {
    publish(tracer('a'), tracer('b', { onResponse }), tracer('c'));
    expect((await get('/served')).status).toBe(500);
    expect(events()).toEqual(['a in', 'b in', 'c in', 'c out 200', 'a out 500']);
  });

  test('that return something else than an answer are told so', async () => {
    publish(tracer('a', { onRequest: () => ({ status: 200 }) as never }));
    expect(await (await get('/served')).json()).toMatchObject({ code: 'BP_MIDDLEWARE_NO_ANSWER' });
  });

  test('mix with middleware that goes around, in one order', async () => {
    const a = tracer('a');
    const b = plugin({
      name: 'b',
      async handle(_, next) {
        fixture.current.host.events.push('b in');
        const response = await next();
        fixture.current.host.events.push(`b out ${response.status}`);
        return response;
      },
    });
    fixture.current.publish([a, b, tracer('c'), served()]);
    expect((await get('/served')).status).toBe(200);
    expect(events()).toEqual(['a in', 'b in', 'c in', 'c out 200', 'b out 200', 'a out 200']);
  });

  test('see a 404 and a handler that fails', async () => {
    publish(tracer('a'));
    expect((await get('/nowhere')).status).toBe(404);
    expect(events()).toEqual(['a in', 'a out 404']);
  });
});
