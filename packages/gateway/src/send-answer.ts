import type { ServerResponse } from 'node:http';
import { type Duplex, Readable } from 'node:stream';
import type { OwnAnswer } from './answer.ts';
import { discardBody, whyBroken } from './owned-body.ts';

/** What to do where an answer cannot be sent as it is. */
export interface SendTrouble {
  /** The head had not left: another answer may be sent. */
  failed(error: unknown): void;
  /** The body broke after its head had left: the connection has been cut, and this is why. */
  broke?(error: unknown): void;
}

/**
 * Writes an answer. A streamed body flows with backpressure; when it breaks before its first byte, `trouble.failed` is called,
 * after that the connection is cut, so that the client sees that it is incomplete.
 */
export function sendAnswer(response: ServerResponse, method: string, answer: OwnAnswer, trouble: SendTrouble): void {
  if (response.headersSent || response.closed) {
    answer.discard();
    return;
  }
  try {
    response.statusCode = answer.status;
    for (const name of answer.headers.names()) {
      response.setHeader(name, answer.headers.get(name) as string | readonly string[]);
    }
    const { body } = answer;
    if (!hasBody(answer.status)) {
      response.removeHeader('content-length');
      response.removeHeader('content-type');
      answer.discard();
      response.end();
    } else if (body instanceof Readable) {
      sendStream(response, method, body, answer.eager, trouble);
    } else {
      const length = body === null ? 0 : Buffer.byteLength(body);
      if (method !== 'HEAD' || !response.hasHeader('content-length')) response.setHeader('content-length', length);
      response.end(body === null || method === 'HEAD' ? undefined : body);
    }
  } catch (error) {
    answer.discard();
    giveUp(response, error, trouble);
  }
}

function sendStream(
  response: ServerResponse,
  method: string,
  body: Readable,
  eager: boolean,
  trouble: SendTrouble,
): void {
  if (method === 'HEAD') {
    discardBody(body);
    response.end();
    return;
  }
  if (body.destroyed && !body.readableEnded) {
    giveUp(response, whyBroken(body), trouble);
    return;
  }
  body.once('error', (error) => giveUp(response, error, trouble));
  // Cut short without an error: without this the client would wait for the rest.
  body.once('close', () => {
    if (!body.readableEnded && !response.writableEnded) giveUp(response, whyBroken(body), trouble);
  });
  response.once('close', () => discardBody(body));
  if (eager) response.flushHeaders();
  body.pipe(response);
}

function giveUp(response: ServerResponse, error: unknown, trouble: SendTrouble): void {
  if (response.headersSent || response.closed) {
    const clientLeft = response.destroyed || response.socket?.destroyed === true;
    response.destroy();
    if (!clientLeft) trouble.broke?.(error);
    return;
  }
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  trouble.failed(error);
}

const hasBody = (status: number): boolean => status >= 200 && status !== 204 && status !== 304;

/** Makes an ordinary response of a connection that wanted to be upgraded, and is not. */
export function answerOnSocket(response: ServerResponse, socket: Duplex): void {
  response.shouldKeepAlive = false;
  response.assignSocket(socket as Parameters<ServerResponse['assignSocket']>[0]);
  response.once('finish', () => socket.end());
}
