import { createSign, createVerify, sign, verify } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { isUint8Array } from 'node:util/types';
import type { SignableData } from '@backplane/plugin-api';
import { errors } from './errors.ts';
import type { HeldKey } from './held-key.ts';

/** Up to here the bytes are copied to another thread in one piece; copying more would hold up the event loop. */
const AT_ONCE = 4 * 1024 * 1024;
/** Bytes hashed before other work gets its turn: one to three milliseconds. */
const SLICE = 1024 * 1024;

/** Signs off the main thread; streams are hashed as they arrive, and only their signature itself (about 2 ms) is made on it. */
export function signData(key: HeldKey, digest: string, data: SignableData): Promise<Uint8Array> {
  if (!isUint8Array(data) || data.byteLength > AT_ONCE) return signStream(key, digest, data);
  return new Promise((resolve, reject) => {
    sign(digest, data, key.privateKey, (error, signature) => (error ? reject(error) : resolve(signature)));
  });
}

/** False for any signature that is not this key's over this data, however malformed. */
export async function verifyData(
  key: HeldKey,
  digest: string,
  data: SignableData,
  signature: Uint8Array,
): Promise<boolean> {
  if (!isUint8Array(signature)) throw errors.BP_SIGN_DATA_INVALID({ role: 'signature', found: kindOf(signature) });
  if (!isUint8Array(data) || data.byteLength > AT_ONCE) return verifyStream(key, digest, data, signature);
  return new Promise((resolve, reject) => {
    verify(digest, data, key.publicKey, signature, (error, valid) => (error ? reject(error) : resolve(valid)));
  });
}

async function signStream(key: HeldKey, digest: string, data: SignableData): Promise<Uint8Array> {
  const hash = createSign(digest);
  await feed(hash, data);
  await nextTurn();
  return hash.sign(key.privateKey);
}

async function verifyStream(key: HeldKey, digest: string, data: SignableData, signature: Uint8Array): Promise<boolean> {
  const hash = createVerify(digest);
  await feed(hash, data);
  await nextTurn();
  return hash.verify(key.publicKey, signature);
}

let lastTurn: Promise<unknown> = Promise.resolve();

/** One signature for each turn of the event loop, so that many streams that end together do not add up to one long block. */
function nextTurn(): Promise<unknown> {
  lastTurn = lastTurn.then(() => setImmediate());
  return lastTurn;
}

/** Hashes the pieces in order, and lets other work run after each slice, also when the source never waits for anything. */
async function feed(hash: { update(bytes: Uint8Array): unknown }, data: SignableData): Promise<void> {
  let sinceTurn = 0;
  for await (const piece of piecesOf(data)) {
    if (!isUint8Array(piece))
      throw errors.BP_SIGN_DATA_INVALID({ role: 'data', found: `a stream of ${kindOf(piece)}` });
    for (let from = 0; from < piece.byteLength; from += SLICE) {
      const slice = piece.subarray(from, from + SLICE);
      hash.update(slice);
      sinceTurn += slice.byteLength;
      if (sinceTurn >= SLICE) {
        sinceTurn = 0;
        await setImmediate();
      }
    }
  }
}

function piecesOf(data: SignableData): AsyncIterable<Uint8Array> | readonly Uint8Array[] {
  if (isUint8Array(data)) return [data];
  if (typeof data?.[Symbol.asyncIterator] === 'function') return data;
  throw errors.BP_SIGN_DATA_INVALID({ role: 'data', found: kindOf(data) });
}

const kindOf = (value: unknown): string => (value === null ? 'null' : typeof value);
