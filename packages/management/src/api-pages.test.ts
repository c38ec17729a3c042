import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HostControl, PluginRoutes } from '@backplane/ports';
import { afterEach, describe, expect, it } from 'vitest';
import { createManagement, type Management } from './create-management.ts';
import { isDescribed } from './openapi/host-pages.ts';

let server: Server;
let management: Management;
let generation = 1;
let asked = 0;
let broken = false;

const shop: PluginRoutes = {
  plugin: 'shop',
  displayName: 'Shop',
  version: '1.0.0',
  description: 'Sells.',
  routes: [{ method: 'GET', url: '/shop/:id', operation: undefined }],
};

async function start(openapi: 'open' | 'closed'): Promise<void> {
  const silent = () => {};
  const control = {
    generation: () => generation,
    routes: async () => {
      asked++;
      if (broken) throw new Error('no');
      return [shop];
    },
  } as unknown as HostControl;
  management = await createManagement({
    control,
    logger: { trace: silent, debug: silent, info: silent, warn: silent, error: silent },
    version: '1.2.3',
    metrics: { render: async () => ({ body: '', mediaType: 'text/plain' }), collected: async () => ({}) },
    openapi,
    allowedHosts: [],
    isAuthorized: (authorization) => authorization === 'Bearer right',
  });
  server = createServer((request, response) => management.handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
}

afterEach(async () => {
  await management.close();
  server.closeAllConnections();
  server.close();
  asked = 0;
});

/** Not fetch, which sets Host and Origin itself. */
function ask(path: string, headers: Record<string, string> = {}) {
  const { port } = server.address() as AddressInfo;
  return new Promise<{ status: number | undefined; headers: Record<string, unknown>; text: string }>(
    (resolve, reject) => {
      const all = { host: `127.0.0.1:${port}`, ...headers };
      httpRequest({ host: '127.0.0.1', port, path, headers: all }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (part) => {
          text += part;
        });
        answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, text }));
      })
        .on('error', reject)
        .end();
    },
  );
}

const TOKEN = { authorization: 'Bearer right' };
const PATH = '/api/v1/openapi.json';

describe('the OpenAPI document', () => {
  it('names the version of the host, the generation, the plugins and every page of the host', async () => {
    await start('closed');
    const { status, headers, text } = await ask(`${PATH}/`, TOKEN);
    expect({ status, type: headers['content-type'] }).toEqual({ status: 200, type: 'application/json; charset=utf-8' });
    const document = JSON.parse(text);
    expect(document).toMatchObject({
      openapi: '3.1.1',
      info: { version: '1.2.3' },
      'x-backplane-generation': generation,
    });
    expect(document.tags).toEqual([
      { name: 'Backplane', description: 'The pages of the host itself.' },
      { name: 'shop', description: 'Shop · version 1.0.0 · Sells.' },
    ]);
    expect(document.paths['/shop/{id}'].get.tags).toEqual(['shop']);
    expect(document.paths['/plugins/{name}/reload'].post).toMatchObject({
      security: [{ management: [] }],
      responses: {
        200: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Backplane.Reload' } } } },
      },
    });
    for (const [path, item] of Object.entries(document.paths as Record<string, object>)) {
      if (path.startsWith('/shop')) continue;
      const url = path.replace('{', ':').replace('}', '');
      for (const method of Object.keys(item)) {
        expect([method, path, isDescribed(method.toUpperCase(), url)]).toEqual([method, path, true]);
      }
    }
  });

  it('is composed once a generation, and not sent to who has it', async () => {
    await start('closed');
    const [first, second] = await Promise.all([ask(PATH, TOKEN), ask(PATH, TOKEN)]);
    expect(second.headers.etag).toBe(first.headers.etag);
    const etag = String(first.headers.etag);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const { status, text, headers } = await ask(PATH, { ...TOKEN, 'if-none-match': known });
      expect({ status, text, etag: headers.etag }).toEqual({ status: 304, text: '', etag });
    }
    expect(asked).toBe(1);
    generation++;
    const third = await ask(PATH, { ...TOKEN, 'if-none-match': etag });
    expect({ status: third.status, asked }).toEqual({ status: 200, asked: 2 });
  });

  it('is tried anew after it could not be composed', async () => {
    await start('closed');
    generation++;
    broken = true;
    expect((await ask(PATH, TOKEN)).status).toBe(500);
    broken = false;
    expect((await ask(PATH, TOKEN)).status).toBe(200);
  });

  it('asks for the token where it is closed', async () => {
    await start('closed');
    expect(JSON.parse((await ask(PATH)).text)).toMatchObject({ status: 401, code: 'BP_MANAGEMENT_UNAUTHORIZED' });
    expect((await ask(PATH, { authorization: 'Bearer wrong' })).status).toBe(401);
  });

  it('asks whoever is on this machine for no token where it is open, but for a name of the host', async () => {
    await start('open');
    expect((await ask(PATH)).status).toBe(200);
    expect((await ask(PATH, { host: 'evil.example' })).status).toBe(403);
    expect((await ask(PATH, { origin: 'http://evil.example' })).status).toBe(403);
    expect((await ask('/plugins/status')).status).toBe(401);
  });
});
