import { randomBytes } from 'node:crypto';
import { PassThrough, pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { startGateway } from './gateway-fixture.ts';

/**
 * Serves `/big/KIND/BYTES`, random or plain, as a stream that middleware compresses, until its parent disconnects.
 * Answers any message with what it has produced for the last request and the most memory it ever had.
 */
const fixture = await startGateway();
const CHUNKS = { random: randomBytes(64 * 1024), plain: Buffer.alloc(64 * 1024, 'plain text ') };
let produced = 0;

function* chunks(kind: keyof typeof CHUNKS, bytes: number): Generator<Buffer> {
  const chunk = CHUNKS[kind];
  for (produced = 0; produced < bytes; produced += chunk.length) yield chunk;
}

const big = fixture.plugin({ name: 'big' }, (http) =>
  http.routes((app) => {
    app.get<{ Params: { kind: keyof typeof CHUNKS; bytes: string } }>('/:kind/:bytes', ({ params }, reply) =>
      reply.type('application/octet-stream').send(Readable.from(chunks(params.kind, Number(params.bytes)))),
    );
  }),
);
const zip = fixture.plugin({ name: 'zip' }, (http) =>
  http.middleware({
    async handle(_, next) {
      const response = await next();
      response.body = pipeline(response.body as Readable, createGzip({ level: 1 }), new PassThrough(), () => {});
      response.headers.set('content-encoding', 'gzip');
      return response;
    },
  }),
);
fixture.publish([zip, big]);
process.on('message', () =>
  process.send?.({ produced, maxRss: process.resourceUsage().maxRSS * 1024, inFlight: fixture.gateway.inFlight }),
);
process.once('disconnect', () => process.exit());
process.send?.(fixture.origin);
