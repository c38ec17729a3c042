import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { describe, expect, test } from 'vitest';
import { useOnion } from './testing/use-onion.ts';

const { fixture, get, around, served, left } = useOnion();

async function* breaking(first: Buffer | undefined): AsyncGenerator<Buffer> {
  if (first !== undefined) yield first;
  // Until then, what compresses has given its first bytes.
  await new Promise((resolve) => setTimeout(resolve, 50));
  throw new Error('It broke.');
}

const routes = (app: FastifyInstance) => {
  app.get('/missing', async () => createReadStream('/nonexistent'));
  app.get('/early', async (_, reply) => reply.type('text/plain').send(Readable.from(breaking(undefined))));
  app.get('/midway', async (_, reply) => reply.type('text/plain').send(Readable.from(breaking(randomBytes(1 << 20)))));
  app.get('/objects', async () => Readable.from([{ a: 1 }, { b: 2 }]));
  app.get('/sound', async (_, reply) => reply.type('text/plain').send(Readable.from(['a', 'b'])));
};

const gzip = (waitMs: number) =>
  around('zip', async (_, next) => {
    const response = await next();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    if (!(response.body instanceof Readable)) return response;
    response.headers.set('content-encoding', 'gzip');
    response.body = response.body.pipe(createGzip());
    return response;
  });

const ONIONS = {
  'no middleware': () => [],
  'middleware that looks on': () => [around('looks', (_, next) => next())],
  'middleware that replaces it': () => [gzip(0)],
  'middleware that takes its time to replace it': () => [gzip(20)],
};

describe.each(Object.entries(ONIONS))('a streamed body, behind %s,', (_, onion) => {
  test.each(['missing', 'early', 'objects'])('that breaks before its first byte is a 500: %s', async (path) => {
    fixture.current.publish([...onion(), served(routes)]);
    const answer = await get(`/served/${path}`);
    expect(answer.status).toBe(500);
    expect(answer.headers.get('content-encoding')).toBeNull();
    expect(await answer.json()).toMatchObject({
      code: path === 'objects' ? 'BP_HTTP_BODY_OBJECTS' : 'BP_PLUGIN_ERROR',
    });
    await left();
    expect(fixture.current.logger.lines.some(({ level }) => level === 'error')).toBe(true);
  });

  test('that breaks later cuts its own connection, and no other', async () => {
    fixture.current.publish([...onion(), served(routes)]);
    await expect(get('/served/midway').then((answer) => answer.text())).rejects.toThrow();
    await left();
    expect(await (await get('/served/sound')).text()).toBe('ab');
  });
});

describe('what cannot be read or sent', () => {
  const odd = (app: FastifyInstance) => {
    const thrower = (key: string, thrown: unknown) => async () => {
      throw Object.defineProperty(new Error('zz'), key, {
        get() {
          throw thrown;
        },
      });
    };
    app.get('/code', thrower('code', 7));
    app.get('/status', thrower('statusCode', new Error('q')));
    app.get('/proxy', async () => {
      throw new Proxy(
        {},
        {
          getPrototypeOf() {
            throw 2;
          },
        },
      );
    });
    app.get('/framed', async (_, reply) =>
      reply.headers({ 'transfer-encoding': 'chunked', 'content-length': '2' }).send('ok'),
    );
    app.get('/header', async (_, reply) => reply.header('x-a', '\u2713').send('x'));
    app.get('/split', async (_, reply) => reply.header('x-a', 'a\r\nset-cookie: evil=1').send('x'));
  };

  test.each(['code', 'status', 'proxy', 'header', 'split'])('is a 500 that says what it is: %s', async (path) => {
    for (const onion of [[], [around('looks', (_, next) => next())]]) {
      fixture.current.publish([...onion, served(odd)]);
      const answer = await get(`/served/${path}`);
      expect(answer.status).toBe(500);
      expect(answer.statusText).toBe('Internal Server Error');
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      expect(answer.headers.get('set-cookie')).toBeNull();
      expect(await answer.json()).toMatchObject({ code: 'BP_PLUGIN_ERROR', trace_id: expect.any(String) });
      await left();
    }
  });

  test('is never framed in two ways', async () => {
    fixture.current.publish([served(odd)]);
    const answer = await get('/served/framed');
    expect(answer.headers.get('transfer-encoding')).toBeNull();
    expect(answer.headers.get('content-length')).toBe('2');
    expect(await answer.text()).toBe('ok');
  });

  test('is the mistake of the middleware that made it', async () => {
    const answers = [
      around('answers', async (request) => request.respond({ status: 200, body: { a: 1 } as never })),
      around('replaces', async (_, next) => Object.assign(await next(), { body: [1] as never })),
    ];
    for (const one of answers) {
      fixture.current.publish([one, served(routes)]);
      expect(await (await get('/served/sound')).json()).toMatchObject({
        code: 'BP_MIDDLEWARE_FAILED',
        detail: expect.stringContaining(one.identity.name),
      });
    }
  });
});
