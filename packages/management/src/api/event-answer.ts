import { once } from 'node:events';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Sends one server-sent event; resolves when the client can take another. */
export type SendEvent = (event: string, data: unknown) => Promise<void>;

/** So often is something said, so that whoever stands in between keeps the connection. */
const HEARTBEAT_MS = 15_000;

/** Answers with server-sent events until the client goes or `ending` aborts; then it is told to come back soon. */
export function answerWithEvents(
  request: FastifyRequest,
  reply: FastifyReply,
  begin: (send: SendEvent, ended: AbortSignal) => void,
  ending: AbortSignal,
): void {
  reply.hijack();
  const { raw } = reply;
  const gone = new AbortController();
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  if (request.method === 'HEAD') {
    raw.end();
    return;
  }
  raw.write('retry: 1000\n\n');
  const heartbeat = setInterval(() => raw.write(':\n\n'), HEARTBEAT_MS);
  heartbeat.unref();
  const finish = () => raw.end();
  raw.once('close', () => {
    clearInterval(heartbeat);
    ending.removeEventListener('abort', finish);
    gone.abort();
  });
  if (ending.aborted) {
    finish();
    return;
  }
  ending.addEventListener('abort', finish, { once: true });
  const send: SendEvent = async (event, data) => {
    if (gone.signal.aborted || raw.writableEnded) return;
    if (raw.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)) return;
    await Promise.race([once(raw, 'drain'), once(raw, 'close')]).catch(() => {});
  };
  begin(send, gone.signal);
}
