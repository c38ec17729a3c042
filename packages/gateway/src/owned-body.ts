import { Readable, Transform } from 'node:stream';
import type { ResponseBody } from '@backplane/plugin-api';
import { errors } from './errors.ts';

/**
 * Makes the gateway answer for a body while middleware has it: a stream that breaks then is found broken when it is sent, and does not
 * end the process because nobody listens.
 */
export function own<T>(body: T): T {
  if (body instanceof Readable) body.on('error', () => {});
  return body;
}

/** Destroys a stream that nobody will read; anything else is left to the collector. */
export function discardBody(body: unknown): void {
  if (!(body instanceof Readable) || body.destroyed) return;
  // A stream that is given up may still report why it broke; nobody is there to hear it.
  own(body).destroy();
}

/** Why a body that ended before its time did. */
export const whyBroken = (body: Readable): Error => body.errored ?? new Error('The body ended early.');

/** Ties a body of the gateway's to the one that took its place, so that what breaks or ends one of them early does the same to the other. */
export function tie(before: ResponseBody, after: ResponseBody): void {
  own(after);
  if (!(before instanceof Readable) || !(after instanceof Readable) || before === after) return;
  const broke = () => {
    if (!before.readableEnded) after.destroy(whyBroken(before));
  };
  after.once('close', () => discardBody(before));
  if (before.destroyed) broke();
  else before.once('close', broke);
}

/** The body of an answer, checked. @throws BP_HTTP_BODY_INVALID */
export function checkedBody(body: ResponseBody): ResponseBody {
  const given: unknown = body;
  if (given === null || typeof given === 'string' || given instanceof Uint8Array) return body;
  if (typeof given === 'object' && 'pipe' in given && typeof given.pipe === 'function') return body;
  throw errors.BP_HTTP_BODY_INVALID({ type: Array.isArray(given) ? 'array' : typeof given });
}

/** A stream that may give objects, as one that breaks at the first of them, with the reason. Anything else is passed as it is. */
export function bytesOf(body: unknown): unknown {
  if (!(body instanceof Readable) || !body.readableObjectMode) return body;
  const bytes = new Transform({
    writableObjectMode: true,
    transform(chunk: unknown, _encoding, done) {
      if (typeof chunk === 'string' || chunk instanceof Uint8Array) done(null, chunk);
      else done(errors.BP_HTTP_BODY_OBJECTS({ type: typeof chunk }));
    },
  });
  tie(own(body), bytes);
  return body.pipe(bytes);
}
