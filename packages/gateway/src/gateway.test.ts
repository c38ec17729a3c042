import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type GatewayFixture, startGateway } from './testing/gateway-fixture.ts';

let fixture: GatewayFixture;
beforeEach(async () => {
  fixture = await startGateway();
});
afterEach(async () => {
  await fixture.close();
  expect(fixture.host.calls.size).toBe(0);
  expect(fixture.gateway.inFlight).toBe(0);
});

const get = (path: string, init?: RequestInit) => fetch(fixture.origin + path, init);

describe('the mount table', () => {
  test('serves the routes of a plugin below its name', async () => {
    const hello = fixture.plugin({ name: 'hello' }, (http) =>
      http.routes((app) => {
        app.get('/world', async (request) => ({ generation: request.call.generation }));
      }),
    );
    fixture.publish([hello]);
    const answer = await get('/hello/world');
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ generation: 2 });
  });

  test('serves a plugin by its alias, by another spelling and with a trailing slash, without redirect', async () => {
    const pki = fixture.plugin({ name: 'trust-pki', aliases: ['marty'] }, (http) =>
      http.routes((app) => {
        app.get('/keys/:id', async (request) => ({
          url: request.url,
          sent: request.originalUrl,
          params: request.params,
        }));
        app.get('/', async () => 'root');
      }),
    );
    fixture.publish([pki]);
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
});
