import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { definePlugin } from '@backplane/plugin-api';
import { createHost, createPluginEnabledService, PluginEnabledServiceFactory } from '@backplane/runtime';
import { backplane } from '@backplane/runtime/fastify';
import { createTestHost } from '@backplane/testing';
import autocannon from 'autocannon';
import Fastify from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { writePlugins } from './testing/plugin-files.ts';

const guest = definePlugin({
  name: 'guest',
  version: '1.0.0',
  initialize({ http }) {
    http.routes((app) => {
      app.get('/', async () => ({ guest: true }));
      app.post('/echo', async ({ body }) => body);
    });
    http.webSocket('/echo', (socket) => socket.on('message', (data) => socket.send(`guest ${data}`)));
  },
});

const post = (url: string, body: unknown) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

const said = async (url: string): Promise<string> => {
  const socket = new WebSocket(url);
  await once(socket, 'open');
  socket.send('hi');
  const [data] = await once(socket, 'message');
  socket.close();
  return String(data);
};

describe('a host in a server of node:http', () => {
  it('answers what is its own, with a prefix too, and leaves the rest to the owner', async () => {
    await using test = await createTestHost({ plugins: [guest], listen: false });
    const owner: RequestListener = (_request, response) => void response.end('owner');
    const server = createServer((request, response) =>
      test.host.handle(request, response, { prefix: '/in', next: () => owner(request, response) }),
    );
    server.on('upgrade', (request, socket, head) =>
      test.host.handleUpgrade(request, socket, head, {
        prefix: '/in',
        next: () => void socket.end('HTTP/1.1 418 Owner\r\n\r\n'),
      }),
    );
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const url = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      expect(await (await fetch(`http://${url}/in/guest`)).json()).toEqual({ guest: true });
      expect(await (await post(`http://${url}/in/guest/echo?x=1`, { a: 1 })).json()).toEqual({ a: 1 });
      expect((await fetch(`http://${url}/in/ready`)).status).toBe(200);
      for (const path of ['/', '/guest', '/in', '/in/else', '/inside']) {
        expect(await (await fetch(`http://${url}${path}`)).text()).toBe('owner');
      }
      expect(await said(`ws://${url}/in/guest/echo`)).toBe('guest hi');
      await expect(said(`ws://${url}/else`)).rejects.toThrow('418');
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('adds no listener to the process, and leaves nothing open', async () => {
    const counts = () => process.eventNames().map((name) => [name, process.listenerCount(name)]);
    const before = counts();
    const folder = await mkdtemp(join(tmpdir(), 'backplane-embedded-'));
    const host = await createHost({ plugins: [guest], listen: false, dataDir: folder, logLevel: 'silent' });
    await host.start();
    expect(counts()).toEqual(before);
    await host.stop();
    await rm(folder, { recursive: true });
    expect(counts()).toEqual(before);
  });
});

describe('a host in a Fastify server', () => {
  it('answers what is its own before the body is read, and lets the server have the rest', async () => {
    await using test = await createTestHost({ plugins: [guest], listen: false });
    const app = Fastify();
    await app.register(backplane, { host: test.host, stopHost: false });
    app.post('/own', async ({ body }) => ({ own: body }));
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    expect(await (await fetch(`${url}/guest`)).json()).toEqual({ guest: true });
    expect(await (await post(`${url}/guest/echo`, { a: 1 })).json()).toEqual({ a: 1 });
    expect(await (await post(`${url}/own`, { b: 2 })).json()).toEqual({ own: { b: 2 } });
    expect(await (await fetch(`${url}/nobody`)).json()).toMatchObject({ statusCode: 404 });
    expect(await said(`${url.replace('http', 'ws')}/guest/echo`)).toBe('guest hi');
    await app.close();
  });

  it('is reloaded under load without a failed request, and stops with the server', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'backplane-fastify-'));
    const host = await createHost({
      plugins: [guest],
      listen: false,
      dataDir: folder,
      logLevel: 'silent',
      stopGrace: 0,
    });
    await host.start();
    const app = Fastify({ forceCloseConnections: true });
    await app.register(backplane, { host, prefix: '/platform' });
    app.get('/own', async () => 'own');
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    const load = autocannon({
      url,
      connections: 8,
      duration: 2,
      requests: [{ path: '/platform/guest' }, { path: '/own' }],
    });
    for (let n = 0; n < 20; n++) await host.reload('guest');
    const { errors, non2xx, requests } = await load;
    expect({ errors, non2xx }).toEqual({ errors: 0, non2xx: 0 });
    expect(requests.total).toBeGreaterThan(100);
    await app.close();
    expect(host.control.readiness()).toMatchObject({ ready: false });
    await rm(folder, { recursive: true });
  });
});

describe('a plugin-enabled service', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'backplane-service-'));
    const tracing = `import { definePlugin } from '@backplane/plugin-api';
      export default definePlugin({
        name: 'request-tracing', version: '1.0.0',
        config: { correlation_header: { type: 'string', default: 'x' } },
        initialize({ http, config }) { http.routes((app) => { app.get('/', async () => config); }); },
      });`;
    await writePlugins(folder, { 'plugins/request-tracing.ts': tracing });
    // As the reference prints it.
    await writeFile(
      join(folder, 'config.yaml'),
      'plugins:\n  directories:\n    - "./plugins"\n\n  request-tracing:\n    correlation_header: "X-Correlation-ID"\n',
    );
  });
  afterEach(() => rm(folder, { recursive: true }));
  const quiet = () => ({ dataDir: join(folder, 'data'), logLevel: 'silent', stopGrace: 0 }) as const;

  it('is made of folders, with management behind the token and metrics unless told', async () => {
    const made = await createPluginEnabledService({
      name: 'my-service',
      pluginDirectories: [join(folder, 'plugins')],
      host: quiet(),
    });
    const url = await made.listen({ port: 0 });
    expect((await fetch(`${url}/request-tracing`)).status).toBe(200);
    expect((await fetch(`${url}/plugins/status`)).status).toBe(401);
    expect((await fetch(`${url}/metrics`)).status).toBe(200);
    await made.close();
  });

  it('is made by a factory of a config.yaml, which gives its plugin manager', async () => {
    const factory = await PluginEnabledServiceFactory.fromFile(join(folder, 'config.yaml'));
    expect(() => factory.getPluginManager()).toThrow(expect.objectContaining({ code: 'BP_SERVICE_NOT_CREATED' }));
    const options = { name: 'my-service', enableAuth: false, enableMetrics: false, host: quiet() };
    const made = await factory.createServiceWithPlugins(options);
    const url = await made.listen({ port: 0 });
    expect(await (await fetch(`${url}/request-tracing`)).json()).toEqual({ correlation_header: 'X-Correlation-ID' });
    expect((await fetch(`${url}/plugins/status`)).status).toBe(200);
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
    expect(
      factory
        .getPluginManager()
        .listPlugins()
        .map(({ name }) => name),
    ).toEqual(['request-tracing']);
    await made.close();
    await expect(
      factory.createServiceWithPlugins({ ...options, host: { ...quiet(), environment: 'production' } }),
    ).rejects.toMatchObject({ code: 'BP_MANAGEMENT_OPEN' });
  });

  it('says which line of its configuration is wrong', async () => {
    await writeFile(join(folder, 'config.yaml'), 'plugins:\n  directories: [\n');
    await expect(PluginEnabledServiceFactory.fromFile(join(folder, 'config.yaml'))).rejects.toMatchObject({
      code: 'BP_SERVICE_CONFIG_INVALID',
      message: expect.stringMatching(/config\.yaml: line \d/),
    });
    await writeFile(join(folder, 'config.yaml'), 'plugins:\n  security:\n    require_signature: true\n');
    await expect(PluginEnabledServiceFactory.fromFile(join(folder, 'config.yaml'))).rejects.toMatchObject({
      message: expect.stringContaining('"plugins.security" is for the files in the folder of configuration'),
    });
  });
});
