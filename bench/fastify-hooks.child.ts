import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fastify } from 'fastify';
import { reportTo } from './server-child.ts';

const [, , kind = 'node:http'] = process.argv;
const answer = { hello: 'world' };

if (kind === 'node:http') {
  const server = createServer((_request, response) => {
    const body = JSON.stringify(answer);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
  });
  server.listen(0, '127.0.0.1', () => reportTo((server.address() as AddressInfo).port));
} else {
  const app = fastify();
  for (let i = 0; i < Number(kind); i += 1) {
    app.addHook('onRequest', async (request, reply) => {
      reply.header(`x-hook-${i}`, request.headers['x-request-id'] ?? '');
    });
  }
  app.get('/hello', async () => answer);
  await app.listen({ host: '127.0.0.1', port: 0 });
  reportTo((app.server.address() as AddressInfo).port);
}
