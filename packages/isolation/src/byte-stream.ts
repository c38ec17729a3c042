import type { SignableData } from '@backplane/plugin-api';
import { errors } from './errors.ts';
import type { Peer } from './peer.ts';
import { SAY, type WireBytes } from './protocol.ts';

/** Larger pieces are cut to this many bytes, so that no message holds up the others. */
export const PIECE_BYTES = 256 * 1024;

async function* pieces(data: SignableData): AsyncGenerator<Uint8Array> {
  for await (const chunk of data instanceof Uint8Array ? [data] : data) {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) yield chunk.subarray(at, at + PIECE_BYTES);
  }
}

/** The byte streams that this side lets the other pull from. Nothing is read before it is asked for: that is the back-pressure. */
export class OutgoingStreams {
  readonly #streams = new Map<number, AsyncGenerator<Uint8Array>>();
  #lastId = 0;

  /** Sends `data` along as it is when one message can carry it, else opens a stream, which `use` may pull from until it settles. */
  async lend<T>(data: SignableData, use: (bytes: WireBytes) => Promise<T>): Promise<T> {
    if (data instanceof Uint8Array && data.length <= PIECE_BYTES) return use(data);
    const stream = ++this.#lastId;
    this.#streams.set(stream, pieces(data));
    try {
      return await use({ stream });
    } finally {
      this.giveUp(stream);
    }
  }

  /** The next piece; `undefined` at the end. @throws BP_STREAM_GONE, and what the stream itself throws. */
  async pull(stream: number): Promise<Uint8Array | undefined> {
    const source = this.#streams.get(stream);
    if (source === undefined) throw errors.BP_STREAM_GONE({ stream });
    const { done, value } = await source.next();
    return done ? undefined : value;
  }

  /** Closes the stream's source. Doing it again does nothing. */
  giveUp(stream: number): void {
    const source = this.#streams.get(stream);
    this.#streams.delete(stream);
    // A source that fails while it is closed has nobody left to tell.
    source?.return(undefined).catch(() => {});
  }
}

/** Pulls a stream of the other side, one piece ahead of the reader. Leaving the loop early gives the stream up. */
export async function* pullStream(peer: Peer, stream: number): AsyncGenerator<Uint8Array> {
  const ask = () => {
    const piece = peer.request(SAY.pull, stream);
    // Awaited only in the next round: a failure must not count as unhandled until then.
    piece.catch(() => {});
    return piece as Promise<Uint8Array | undefined>;
  };
  let next = ask();
  try {
    for (let piece = await next; piece !== undefined; piece = await next) {
      next = ask();
      yield piece;
    }
  } finally {
    peer.note(SAY.giveUp, stream);
  }
}
