import { createServer } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { createServer as createVite } from 'vite';

/** What one writes by hand with Vite: each request asks for the module, which Vite has read again where a file of it was saved. */
const [folder = '', port = '0'] = process.argv.slice(2);
const vite = await createVite({
  root: folder,
  appType: 'custom',
  logLevel: 'error',
  server: { middlewareMode: true, ws: false },
  // Fastify and the like stay as they are.
  ssr: { external: true },
});

createServer((request, response) => {
  vite.ssrLoadModule('/index.ts').then(
    (loaded) => (loaded.app as FastifyInstance).routing(request, response),
    (error) => response.writeHead(500).end(String(error)),
  );
}).listen(Number(port), '127.0.0.1');
