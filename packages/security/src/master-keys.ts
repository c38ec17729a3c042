import { createHash, hkdfSync, randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf } from '@backplane/base';
import { errors } from './errors.ts';
import { createPrivateFile, readPrivateFile, replacePrivateFile } from './private-file.ts';

/** A key of 256 bits, which nothing is encrypted with itself: it gives one key for each purpose. */
export interface MasterKey {
  /** Names it, and tells nothing of it. */
  readonly id: string;
  /** 32 bytes for one purpose, always the same. */
  derive(purpose: string): Buffer;
}

/** At least one: the first seals, all of them open. */
export type MasterKeys = readonly [MasterKey, ...MasterKey[]];

const BYTES = 32;
const HEX = /^[0-9a-f]{64}$/i;
const BASE64 = /^[A-Za-z0-9+/_-]{43}=?$/;

/**
 * Gives the master keys of a text: 32 bytes each, as 64 hexadecimal digits or in base64, one a line; the newest first, then those that what was
 * sealed before may need. `place` names the text in the error, which repeats nothing of it.
 * @throws BP_MASTER_KEY_INVALID
 */
export function masterKeysFrom(place: string, text: string): MasterKeys {
  const lines = text.split('\n').flatMap((line) => line.trim() || []);
  const [newest, ...older] = lines.map((line, index) => keyIn(place, line, index + 1));
  if (newest === undefined) throw errors.BP_MASTER_KEY_INVALID({ place, reason: 'it is empty' });
  return [newest, ...older];
}

/**
 * Gives the master keys of a file of mode 0600; at the first start it makes one of 256 random bits. Processes that start at once agree on one.
 * With `sealed`, what there is already that only the keys of before open, none is made.
 * @throws BP_KEY_GONE, BP_PRIVATE_FILE_EXPOSED, BP_PRIVATE_FILE_UNUSABLE, BP_MASTER_KEY_INVALID
 */
export async function ensureMasterKeys(path: string, sealed?: string): Promise<MasterKeys> {
  const found = await readPrivateFile(path);
  if (found !== undefined) return masterKeysFrom(path, found.text);
  if (sealed !== undefined) throw errors.BP_KEY_GONE({ path, what: sealed });
  const text = `${randomBytes(BYTES).toString('hex')}\n`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch((cause) => {
    throw errors.BP_PRIVATE_FILE_UNUSABLE({ path, reason: messageOf(cause) }, { cause });
  });
  if (await createPrivateFile(path, text)) return masterKeysFrom(path, text);
  return masterKeysFrom(path, (await readPrivateFile(path))?.text ?? '');
}

/** Puts a fresh key before those of the file, and gives them all. @throws BP_PRIVATE_FILE_UNUSABLE, BP_MASTER_KEY_INVALID */
export async function addMasterKey(path: string): Promise<MasterKeys> {
  const before = (await readPrivateFile(path))?.text ?? '';
  const text = `${randomBytes(BYTES).toString('hex')}\n${before}`;
  const keys = masterKeysFrom(path, text);
  await replacePrivateFile(path, text);
  return keys;
}

/** Leaves the newest key alone in the file: whatever was sealed with another must have been sealed anew. */
export async function dropOldMasterKeys(path: string): Promise<void> {
  const [newest] = ((await readPrivateFile(path))?.text ?? '').split('\n').flatMap((line) => line.trim() || []);
  if (newest !== undefined) await replacePrivateFile(path, `${newest}\n`);
}

function keyIn(place: string, text: string, line: number): MasterKey {
  const bytes = HEX.test(text) ? Buffer.from(text, 'hex') : BASE64.test(text) ? Buffer.from(text, 'base64') : undefined;
  if (bytes?.length !== BYTES)
    throw errors.BP_MASTER_KEY_INVALID({
      place,
      reason: `line ${line} is not 32 bytes as 64 hexadecimal digits or in base64`,
    });
  if (bytes.every((byte) => byte === bytes[0]))
    throw errors.BP_MASTER_KEY_INVALID({ place, reason: `line ${line} is one byte over and over, which is no secret` });
  const id = createHash('sha256').update('backplane master key').update(bytes).digest('base64url').slice(0, 11);
  return {
    id,
    derive: (purpose) => Buffer.from(hkdfSync('sha256', bytes, '', `backplane ${purpose}`, BYTES)),
  };
}
