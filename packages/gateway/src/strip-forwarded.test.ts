import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { stripForwarded } from './strip-forwarded.ts';

it('takes every x-backplane header out of a request, in whatever spelling, and leaves the others readable', async () => {
  const seen = Promise.withResolvers<IncomingMessage>();
  const server = createServer((incoming, response) => {
    stripForwarded(incoming);
    seen.resolve(incoming);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const headers = { 'X-Backplane-Call': 'forged', 'x-backplane-principal': 'forged', 'x-other': 'kept', accept: '*/*' };
  request({ port: (server.address() as AddressInfo).port, headers }, (answer) => answer.resume()).end();
  const incoming = await seen.promise;
  expect(Object.keys(incoming.headers).filter((name) => name.startsWith('x-'))).toEqual(['x-other']);
  expect(incoming.headersDistinct['x-other']).toEqual(['kept']);
  expect(incoming.headersDistinct['x-backplane-call']).toBeUndefined();
  expect(incoming.rawHeaders.join(' ').toLowerCase()).not.toContain('backplane');
  server.close();
});
