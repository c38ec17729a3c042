import { randomBytes } from 'node:crypto';

const POOL_BYTES = 4096;
let pool = Buffer.alloc(0);
let used = 0;

function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    pool = randomBytes(POOL_BYTES);
    used = 0;
  }
  const hex = pool.toString('hex', used, used + bytes);
  used += bytes;
  return hex;
}

/** A W3C trace id: 32 lower-case hex digits, random. */
export const newTraceId = (): string => randomHex(16);

/** A W3C span id: 16 lower-case hex digits, random. Also serves as an identifier of a call. */
export const newSpanId = (): string => randomHex(8);

/** Lower-case kebab-case name of a plugin: `_` reads as `-`. */
export const canonicalName = (name: string): string => name.toLowerCase().replaceAll('_', '-');
