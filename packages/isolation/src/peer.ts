import { nextTick } from 'node:process';
import type { Channel } from './channel.ts';
import { errors } from './errors.ts';
import { FRAME, type Frame, isFrame } from './frame.ts';
import { IncomingRequest } from './incoming-request.ts';
import { decodeError, encodeError, withoutDetails } from './wire-error.ts';

/** What a frame that could not be copied was: enough to name it. */
export interface UncloneableFrame {
  readonly part: 'payload' | 'reply';
  readonly subject: string;
  readonly payload: unknown;
  /** The value that could not be copied: the payload, or the reply. */
  readonly value: unknown;
}

export interface PeerOptions {
  readonly channel: Channel;
  /** Answers a request; a rejection crosses as an error. */
  request(request: IncomingRequest): unknown;
  /** Takes a one-way note. */
  note(subject: string, payload: unknown): void;
  /** Names what could not be copied. The error goes to whoever waits for the answer. */
  uncloneable(frame: UncloneableFrame, error: unknown): Error;
  /** Something arrived that is no frame, or a note that could not be used. Nothing else happens. */
  stray(message: unknown, error?: unknown): void;
  /** The channel closed by itself. Unless told, everything that waits is rejected with BP_CHANNEL_CLOSED; else whoever knows more calls `close`. */
  closed?(): void;
  /** Requests of this side that may wait for an answer; the next is refused with BP_CHANNEL_BUSY. Default 4,096. */
  readonly maxWaiting?: number;
  /** Notes kept while the other side is behind; further ones are dropped. Default 1,024. */
  readonly maxNotes?: number;
}

interface Waiting {
  readonly subject: string;
  readonly payload: unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
  readonly signal: AbortSignal | undefined;
  readonly onAbort: (() => void) | undefined;
}

interface Fallback {
  readonly fallback: () => unknown;
}

type Origin = Waiting | IncomingRequest | Fallback | undefined;

type State =
  | { readonly phase: 'open' }
  /** The other side is behind: frames wait in the queue. */
  | { readonly phase: 'behind' }
  | { readonly phase: 'closed'; readonly reason: Error };

const OPEN: State = { phase: 'open' };
const BEHIND: State = { phase: 'behind' };
/** Frames in one message. Of more calls in flight, the other side can work on the first while the next are still being copied. */
const MAX_BATCH = 32;

/**
 * One end of a channel: requests with answers in both directions, one-way notes, cancellation. Whatever is said in one turn of the loop
 * goes out as one message. A value that cannot be copied fails its own request and nothing else.
 *
 * While the other side is behind nothing is sent. The queue stays bounded: requests by `maxWaiting`, answers by the other side's
 * `maxWaiting`, notes by `maxNotes`.
 */
export class Peer {
  readonly #options: PeerOptions;
  readonly #waiting = new Map<number, Waiting>();
  readonly #serving = new Map<number, IncomingRequest>();
  #state: State = OPEN;
  #queue: Frame[] = [];
  /** Beside `#queue`: what each frame came from. */
  #origins: Origin[] = [];
  #scheduled = false;
  #lastId = 0;

  constructor(options: PeerOptions) {
    this.#options = options;
    options.channel.listen({
      message: (message) => this.#receive(message),
      drained: () => this.#drained(),
      closed: () => (options.closed ? options.closed() : this.close(errors.BP_CHANNEL_CLOSED({}))),
    });
  }

  /** Requests of this side that wait for an answer. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Asks the other side; settles as its handler does. When `signal` aborts, the other side is told and this rejects with the signal's reason.
   * @throws BP_CHANNEL_BUSY; the reason given to `close`; what `uncloneable` makes.
   */
  request(subject: string, payload: unknown, signal?: AbortSignal): Promise<unknown> {
    if (this.#state.phase === 'closed') return Promise.reject(this.#state.reason);
    if (signal?.aborted) return Promise.reject(signal.reason);
    const limit = this.#options.maxWaiting ?? 4096;
    if (this.#waiting.size >= limit) return Promise.reject(errors.BP_CHANNEL_BUSY({ limit }));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const onAbort = signal && (() => this.#abandon(id, signal.reason));
      if (onAbort) signal.addEventListener('abort', onAbort);
      const waiting: Waiting = { subject, payload, resolve, reject, signal, onAbort };
      this.#waiting.set(id, waiting);
      this.#enqueue([FRAME.request, id, subject, payload], waiting);
    });
  }

  /**
   * Tells the other side, without an answer. False when it was dropped, because the other side is too far behind or gone.
   * `fallback` makes the payload again when it cannot be copied.
   */
  note(subject: string, payload: unknown, fallback?: () => unknown): boolean {
    if (this.#state.phase === 'closed') return false;
    if (this.#state.phase === 'behind' && this.#queue.length >= (this.#options.maxNotes ?? 1024)) return false;
    this.#enqueue([FRAME.note, 0, subject, payload], fallback && { fallback });
    return true;
  }

  /** Sends now what would go out at the end of the turn. For the last words of a process. */
  flush(): void {
    this.#flush();
  }

  /** Rejects whatever waits with `reason`, cancels what is being served, and closes the channel. Doing it again does nothing. */
  close(reason: Error): void {
    if (this.#state.phase === 'closed') return;
    this.#state = { phase: 'closed', reason };
    this.#queue = [];
    this.#origins = [];
    for (const id of [...this.#waiting.keys()]) this.#take(id)?.reject(reason);
    const serving = [...this.#serving.values()];
    this.#serving.clear();
    for (const request of serving) request.cancel(reason);
    this.#options.channel.close();
  }

  #enqueue(frame: Frame, origin: Origin): void {
    this.#queue.push(frame);
    this.#origins.push(origin);
    if (this.#state.phase !== 'open') return;
    if (this.#queue.length >= MAX_BATCH) this.#flush();
    if (this.#scheduled) return;
    this.#scheduled = true;
    nextTick(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    while (this.#queue.length > 0 && this.#state.phase === 'open') {
      const whole = this.#queue.length <= MAX_BATCH;
      const frames = whole ? this.#queue : this.#queue.splice(0, MAX_BATCH);
      const origins = whole ? this.#origins : this.#origins.splice(0, MAX_BATCH);
      if (whole) {
        this.#queue = [];
        this.#origins = [];
      }
      try {
        this.#post(frames);
      } catch {
        for (const [i, frame] of frames.entries()) this.#postAlone(frame, origins[i]);
      }
    }
  }

  #post(frames: readonly Frame[]): void {
    if (!this.#options.channel.send(frames) && this.#state.phase === 'open') this.#state = BEHIND;
  }

  /** Somewhere in a batch sits a value that cannot be copied: the others must not suffer from it. */
  #postAlone(frame: Frame, origin: Origin): void {
    try {
      this.#post([frame]);
    } catch (error) {
      const [kind, id] = frame;
      if (kind === FRAME.request && origin && 'reject' in origin) {
        const { subject, payload } = origin;
        const what = { part: 'payload', subject, payload, value: payload } as const;
        this.#take(id)?.reject(this.#options.uncloneable(what, error));
      } else if (kind === FRAME.reply && origin instanceof IncomingRequest) {
        const { subject, payload } = origin;
        const refusal = this.#options.uncloneable({ part: 'reply', subject, payload, value: frame[2] }, error);
        this.#post([[FRAME.failure, id, encodeError(refusal)]]);
      } else if (kind === FRAME.failure || kind === FRAME.cancel) {
        this.#post([[kind, id, withoutDetails(frame[2])] as Frame]);
      } else if (kind === FRAME.note && origin && 'fallback' in origin) {
        this.#postAlone([FRAME.note, 0, frame[2], origin.fallback()], undefined);
      } else {
        this.#options.stray(frame, error);
      }
    }
  }

  #drained(): void {
    if (this.#state.phase !== 'behind') return;
    this.#state = OPEN;
    this.#flush();
  }

  #receive(message: unknown): void {
    if (!Array.isArray(message)) {
      this.#options.stray(message);
      return;
    }
    for (const frame of message) {
      if (isFrame(frame)) this.#dispatch(frame);
      else this.#options.stray(frame);
    }
  }

  #dispatch(frame: Frame): void {
    switch (frame[0]) {
      case FRAME.request:
        this.#serve(frame[1], new IncomingRequest(frame[2], frame[3]));
        break;
      case FRAME.reply:
        this.#take(frame[1])?.resolve(frame[2]);
        break;
      case FRAME.failure:
        this.#take(frame[1])?.reject(decodeError(frame[2]));
        break;
      case FRAME.cancel: {
        const request = this.#serving.get(frame[1]);
        this.#serving.delete(frame[1]);
        request?.cancel(decodeError(frame[2]));
        break;
      }
      case FRAME.note:
        try {
          this.#options.note(frame[2], frame[3]);
        } catch (error) {
          this.#options.stray(frame, error);
        }
    }
  }

  #serve(id: number, request: IncomingRequest): void {
    this.#serving.set(id, request);
    const answer = (frame: Frame) => {
      if (this.#serving.delete(id) && !request.cancelled) this.#enqueue(frame, request);
    };
    const fail = (error: unknown) => answer([FRAME.failure, id, encodeError(error)]);
    try {
      const result = this.#options.request(request);
      if (result instanceof Promise) result.then((value) => answer([FRAME.reply, id, value]), fail);
      else answer([FRAME.reply, id, result]);
    } catch (error) {
      fail(error);
    }
  }

  #abandon(id: number, reason: unknown): void {
    const waiting = this.#take(id);
    if (waiting === undefined) return;
    this.#enqueue([FRAME.cancel, id, encodeError(reason)], undefined);
    waiting.reject(reason);
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return undefined;
    this.#waiting.delete(id);
    if (waiting.onAbort) waiting.signal?.removeEventListener('abort', waiting.onAbort);
    return waiting;
  }
}
