import type { WireError } from './wire-error.ts';

/** First element of a frame. */
export const FRAME = { request: 0, reply: 1, failure: 2, cancel: 3, note: 4 } as const;

export type RequestFrame = readonly [kind: 0, id: number, subject: string, payload: unknown];
export type ReplyFrame = readonly [kind: 1, id: number, value: unknown];
export type FailureFrame = readonly [kind: 2, id: number, error: WireError];
/** Nobody waits for the answer any more. */
export type CancelFrame = readonly [kind: 3, id: number, reason: WireError];
/** One way, no answer. */
export type NoteFrame = readonly [kind: 4, id: 0, subject: string, payload: unknown];

/** What goes over a channel. Arrays, because every property name of an object would travel with every frame. */
export type Frame = RequestFrame | ReplyFrame | FailureFrame | CancelFrame | NoteFrame;

/** True when it has a frame's outline; the payload is the receiver's to judge. */
export function isFrame(value: unknown): value is Frame {
  if (!Array.isArray(value) || typeof value[1] !== 'number') return false;
  switch (value[0]) {
    case FRAME.request:
    case FRAME.note:
      return typeof value[2] === 'string';
    case FRAME.reply:
      return true;
    case FRAME.failure:
    case FRAME.cancel:
      return typeof value[2] === 'object' && value[2] !== null;
    default:
      return false;
  }
}
