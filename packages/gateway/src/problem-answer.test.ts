import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { BackplaneError } from '@backplane/base';
import type { FastifyInstance } from 'fastify';
import { describe, expect, test } from 'vitest';
import { startGateway } from './testing/gateway-fixture.ts';
import { useGateway } from './testing/use-gateway.ts';

const fixture = useGateway();

const get = (path: string, init?: RequestInit) => fetch(fixture.current.origin + path, init);
const served = (routes: (app: FastifyInstance) => void, name = 'served') =>
  fixture.current.plugin({ name }, (http) => http.routes(routes));

describe('errors', () => {
  const problems = (app: FastifyInstance) => {
    app.get('/coded', async () => {
      throw new BackplaneError({ code: 'BP_KEY_UNKNOWN', status: 404, details: {} }, 'There is no such key.');
    });
    app.get('/teapot', async () => {
      throw Object.assign(new Error('I am a teapot'), { statusCode: 418 });
    });
    app.get('/secret', async (_, reply) => {
      reply.header('content-encoding', 'br').header('etag', '"1"').header('x-kept', 'yes');
      throw new Error('secret');
    });
    app.post('/json', async () => 'ok');
    app.get('/keys/:id', async () => 'key');
    app.put('/keys/:id', async () => 'key');
  };

  test('with a code of ours answer with their status and message', async () => {
    fixture.current.publish([served(problems)]);
    const answer = await get('/served/coded?x');
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(await answer.json()).toEqual({
      type: 'urn:backplane:problem:BP_KEY_UNKNOWN',
      title: 'Not Found',
      status: 404,
      detail: 'There is no such key.',
      code: 'BP_KEY_UNKNOWN',
      instance: '/served/coded',
      trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
  });

  test('that an author gives a status below 500 speak to the client', async () => {
    fixture.current.publish([served(problems)]);
    const answer = await get('/served/teapot');
    expect(answer.status).toBe(418);
    expect(await answer.json()).toMatchObject({ code: 'BP_PLUGIN_REFUSED', detail: 'I am a teapot' });
  });

  test('that nobody foresaw are logged and not told, and what described the body is taken back', async () => {
    fixture.current.publish([served(problems)]);
    const answer = await get('/served/secret');
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('secret.');
    expect(answer.headers.get('etag')).toBeNull();
    expect(answer.headers.get('x-kept')).toBe('yes');
    const [line] = fixture.current.logger.lines;
    expect(line).toMatchObject({ level: 'error', fields: { plugin: 'served', error: { message: 'secret' } } });
  });

  test('are told where errors are exposed', async () => {
    await fixture.current.close();
    const own = await startGateway({ exposeErrors: true });
    own.publish([own.plugin({ name: 'served' }, (http) => http.routes(problems))]);
    expect(await (await fetch(`${own.origin}/served/secret`)).json()).toMatchObject({
      code: 'BP_PLUGIN_ERROR',
      detail: expect.stringContaining('failed to answer: secret.'),
    });
    await own.close();
  });

  test.each([
    ['broken JSON', '{', 'application/json', 400, 'BP_HTTP_BAD_JSON'],
    ['an empty JSON body', '', 'application/json', 400, 'BP_HTTP_BAD_JSON'],
    ['an unknown content type', 'x', 'text/x-odd', 415, 'BP_HTTP_UNSUPPORTED_MEDIA_TYPE'],
  ])('of Fastify have codes of ours: %s', async (_, body, type, status, code) => {
    fixture.current.publish([served(problems)]);
    const answer = await get('/served/json', { method: 'POST', body, headers: { 'content-type': type } });
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ code });
  });

  test('name the methods that a path has', async () => {
    fixture.current.publish([served(problems)]);
    const answer = await get('/served/keys/7', { method: 'DELETE' });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET, HEAD, PUT');
  });

  test('of validation list what is wrong', async () => {
    const body = { type: 'object', required: ['document'], properties: { n: { type: 'number' } } };
    fixture.current.publish([served((app) => void app.post('/', { schema: { body } }, async () => 'ok'))]);
    const headers = { 'content-type': 'application/json' };
    const answer = await get('/served', { method: 'POST', headers, body: '{"n":"x"}' });
    expect(await answer.json()).toMatchObject({
      code: 'BP_HTTP_VALIDATION',
      errors: [{ in: 'body', pointer: '/document', keyword: 'required' }],
    });
  });

  test('of a stream before its first byte are a problem, not a reset', async () => {
    fixture.current.publish([
      served((app) => {
        app.get('/', (_, reply) => {
          const body = new Readable({ read: () => body.destroy(new Error('no such file')) });
          return reply.header('content-encoding', 'gzip').send(body);
        });
      }),
    ]);
    const answer = await get('/served');
    expect(answer.status).toBe(500);
    expect(await answer.json()).toMatchObject({ code: 'BP_PLUGIN_ERROR' });
  });

  test('in setting up routes are the answer to every request of the plugin, and reported by warmAll', async () => {
    const bad = served((app) => {
      app.get('no-slash', async () => 'x');
      throw new Error('bad routes');
    }, 'bad');
    const good = served((app) => void app.get('/', async () => 'good'));
    fixture.current.publish([bad, good]);
    const failures: string[] = [];
    await fixture.current.gateway.warmAll(turn, (instance) => failures.push(instance.data.name));
    expect(failures).toEqual(['bad']);
    await expect(fixture.current.gateway.part.warm?.(bad)).rejects.toMatchObject({ code: 'BP_HTTP_APP_FAILED' });
    expect(await (await get('/bad')).json()).toMatchObject({ code: 'BP_HTTP_APP_FAILED' });
    expect(await (await get('/served')).text()).toBe('good');
  });
});
