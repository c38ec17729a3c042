import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type GatewayFixture, startGateway } from './testing/gateway-fixture.ts';

let fixture: GatewayFixture;
beforeEach(async () => {
  fixture = await startGateway();
});
afterEach(() => fixture.close());

async function* breaking() {
  yield 'first';
  await new Promise((resolve) => setTimeout(resolve, 5));
  throw new Error('The disk is gone');
}

describe('the log of a plugin', () => {
  test('has what its routes write to request.log and app.log', async () => {
    const notes = fixture.plugin({ name: 'notes' }, (http) =>
      http.routes((app) => {
        app.log.info('built');
        app.get('/', async (request) => {
          request.log.info({ colour: 'blue' }, 'asked');
          return '';
        });
      }),
    );
    fixture.publish([notes]);
    await fetch(`${fixture.origin}/notes`);
    expect(fixture.logger.lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
      'info built',
      'info asked',
    ]);
    expect(fixture.logger.lines[1]?.fields).toMatchObject({ colour: 'blue' });
  });

  test('keeps what a child logger of a request is bound to, and nothing from one request to the next', async () => {
    const notes = fixture.plugin({ name: 'notes' }, (http) =>
      http.routes((app) => {
        app.get('/', async (request) => {
          request.log.child({ colour: 'blue' }).info({ size: 1 }, 'bound');
          request.log.info('plain');
          return '';
        });
      }),
    );
    fixture.publish([notes]);
    await fetch(`${fixture.origin}/notes`);
    expect(fixture.logger.lines.map(({ message, fields }) => ({ message, fields }))).toEqual([
      { message: 'bound', fields: { colour: 'blue', size: 1 } },
      { message: 'plain', fields: {} },
    ]);
  });

  test('says why a body was cut after its first byte, whoever made it', async () => {
    const broken = fixture.plugin({ name: 'broken' }, (http) => {
      http.routes((app) => {
        app.get('/', (_request, reply) => reply.send(Readable.from(breaking())));
      });
      http.middleware({
        async handle(request, next) {
          return request.url === '/own' ? request.respond({ status: 200, body: Readable.from(breaking()) }) : next();
        },
      });
    });
    fixture.publish([broken]);
    for (const path of ['/broken', '/own']) {
      const answer = await fetch(fixture.origin + path);
      await expect(answer.text()).rejects.toThrow('terminated');
    }
    expect(fixture.logger.lines).toMatchObject([
      { level: 'error', message: 'GET /broken failed: The disk is gone', fields: { plugin: 'broken' } },
      { level: 'error', message: 'GET /own failed: The disk is gone' },
    ]);
  });

  test('does not mention clients that go away in the middle of a body', async () => {
    const destroyed: string[] = [];
    const endless = (name: string) =>
      Readable.from(
        (async function* () {
          for (;;) {
            yield Buffer.alloc(65_536);
            await new Promise((resolve) => setTimeout(resolve, 1));
          }
        })(),
      ).on('close', () => destroyed.push(name));
    const long = fixture.plugin({ name: 'long' }, (http) => {
      http.routes((app) => {
        app.get('/', (_request, reply) => reply.send(endless('/long')));
      });
      http.middleware({
        async handle(request, next) {
          return request.url === '/own' ? request.respond({ status: 200, body: endless('/own') }) : next();
        },
      });
    });
    fixture.publish([long]);
    for (const path of ['/long', '/own']) {
      const abort = new AbortController();
      const answer = await fetch(fixture.origin + path, { signal: abort.signal });
      await answer.body?.getReader().read();
      abort.abort();
      await expect.poll(() => destroyed).toContain(path);
    }
    await expect.poll(() => fixture.gateway.inFlight).toBe(0);
    expect(fixture.logger.lines).toEqual([]);
  });
});
