import { hash } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { driveLoad } from './drive-load.ts';
import { Harness } from './harness.ts';
import { HttpConnection } from './http-connection.ts';
import { printReport } from './report.ts';
import { quantile, spread } from './statistics.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function listen(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Work outside of JavaScript, whose cost does not depend on what has been compiled. */
function digest(kibibytes: number): () => string {
  const data = Buffer.alloc(kibibytes * 1024);
  return () => hash('sha256', data);
}

describe('statistics', () => {
  it('says the middle, how far half of the values stray, and both ends', () => {
    expect(spread([5, 1, 2, 100])).toEqual({ median: 3.5, mad: 2, min: 1, max: 100 });
  });

  it('takes quantiles from what was measured', () => {
    const values = Array.from({ length: 100 }, (_, i) => i + 1);
    expect([quantile(values, 0.5), quantile(values, 0.99), quantile(values, 1)]).toEqual([51, 100, 100]);
  });
});

describe('compareCalls', () => {
  it('finds the work that is four times as much to be so, awaited or not', async () => {
    const harness = new Harness('digest');
    const longer = digest(64);
    const rows = await harness.compareCalls({
      baseline: 'once',
      variants: { once: digest(16), 'four times': longer, awaited: async () => longer() },
      rounds: 5,
      sampleMs: 10,
    });
    expect(harness.ratio(rows, 'once')).toBe(1);
    for (const variant of ['four times', 'awaited']) {
      expect(harness.ratio(rows, variant)).toBeGreaterThan(2.5);
      expect(harness.ratio(rows, variant)).toBeLessThan(6);
    }
  });

  it('refuses a baseline that is not measured', async () => {
    const comparison = { baseline: 'b', variants: { a: digest(1) }, rounds: 1, sampleMs: 1 };
    await expect(new Harness('x').compareCalls(comparison)).rejects.toThrow('The baseline "b" is not among a.');
  });
});

describe('compareServers', () => {
  const entry = new URL('./fastify-hooks.child.ts', import.meta.url);

  it('measures the CPU of servers in processes of their own', async () => {
    const harness = new Harness('http');
    const variants = { bare: { entry, args: ['node:http'] }, hooked: { entry, args: ['10'] } };
    const rows = await harness.compareServers({ baseline: 'bare', variants, path: '/hello', rounds: 3, requests: 400 });
    expect(rows.map(({ variant }) => variant)).toEqual(['bare', 'hooked']);
    expect(harness.ratio(rows, 'hooked')).toBeGreaterThan(1);
  });

  it('takes no result from a server that answers wrongly', async () => {
    const variants = { bare: { entry, args: ['0'] } };
    const comparison = { baseline: 'bare', variants, path: '/nowhere', rounds: 1, requests: 10 };
    await expect(new Harness('http').compareServers(comparison)).rejects.toThrow('{"statuses":{"404":10}');
  });
});

describe('HttpConnection', () => {
  it('finds the end of answers with a length, in chunks, in pieces and without a body', async () => {
    const port = await listen(async (request, response) => {
      if (request.url === '/length') return response.setHeader('content-length', 5).end('whole');
      if (request.url === '/empty') return response.writeHead(204).end();
      response.write('first ');
      await new Promise((resolve) => setImmediate(resolve));
      response.end('second');
    });
    const connection = await HttpConnection.open(port);
    const ask = async (path: string) => {
      const { status, body } = await connection.send(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
      return { status, body };
    };
    expect(await ask('/length')).toEqual({ status: 200, body: 'whole' });
    expect(await ask('/empty')).toEqual({ status: 204, body: '' });
    expect(await ask('/chunks')).toEqual({ status: 200, body: 'first second' });
    expect(await ask('/length')).toEqual({ status: 200, body: 'whole' });
    connection.close();
  });
});

describe('driveLoad', () => {
  it('counts every request once: by status and body, or by the reason for which there was no answer', async () => {
    let seen = 0;
    const port = await listen((_request, response) => {
      seen += 1;
      if (seen % 10 === 0) response.destroy();
      else response.writeHead(seen % 2 === 0 ? 200 : 503).end();
    });
    const result = await driveLoad({ port, path: '/', requests: 100, connections: 4 });
    expect(result).toMatchObject({ answered: 90, statuses: { 200: 40, 503: 50 }, bodies: { '': 90 } });
    expect(Object.values(result.failures).reduce((sum, count) => sum + count, 0)).toBe(10);
  });

  it('ends when it is told to', async () => {
    const stop = new AbortController();
    let seen = 0;
    const port = await listen((_request, response) => {
      seen += 1;
      if (seen === 50) stop.abort();
      response.end();
    });
    const result = await driveLoad({ port, path: '/', requests: 1e9, connections: 2 }, stop.signal);
    expect(result.answered).toBe(seen);
    expect(seen).toBeLessThan(60);
  });
});

describe('a report', () => {
  it('says which promises were kept', () => {
    const harness = new Harness('promises');
    harness.promise({ text: 'dear', limit: 1, measured: 1.5 });
    harness.promise({ text: 'plenty', limit: 1, measured: 1.5, direction: 'at least' });
    const report = harness.report();
    expect(report.promises.map(({ ok }) => ok)).toEqual([false, true]);
    expect(printReport(report)).toMatch(/BROKEN {2}dear: 1\.50 \(limit 1\)\nkept {4}plenty/);
  });
});
