import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { isBackplaneError } from '@backplane/base';
import { errors } from './errors.ts';
import { createPrivateFile, ensurePrivateFolder, readPrivateFile, replacePrivateFile } from './private-file.ts';
import type { SecretBox } from './secret-box.ts';

/**
 * Gives the key of 32 bytes, in hexadecimal, that a file holds in an envelope; the first time it makes one. What is encrypted with it outlives
 * the master key: when that changes, the envelope is made anew and nothing else.
 * With `mayMake` false there is something already that only the key of before opens: none is made then.
 * @throws BP_KEY_GONE, BP_SECRET_SEALED, BP_PRIVATE_FILE_EXPOSED, BP_PRIVATE_FILE_UNUSABLE
 */
export async function ensureDataKey(path: string, context: string, box: SecretBox, mayMake = true): Promise<string> {
  const found = await readPrivateFile(path);
  if (found !== undefined) return opened(found.text, path, context, box);
  if (!mayMake) throw errors.BP_KEY_GONE({ path, what: context });
  await ensurePrivateFolder(dirname(path));
  const key = randomBytes(32).toString('hex');
  if (await createPrivateFile(path, `${box.seal(key, context)}\n`)) return key;
  return opened((await readPrivateFile(path))?.text ?? '', path, context, box);
}

async function opened(text: string, path: string, context: string, box: SecretBox): Promise<string> {
  const envelope = text.trim();
  const place = `${context} (${path})`;
  if (envelope === '') throw errors.BP_SECRET_SEALED({ context: place, reason: 'the file is empty' });
  const key = open(envelope, context, place, box);
  if (!box.isCurrent(envelope)) await replacePrivateFile(path, `${box.seal(key, context)}\n`);
  return key;
}

/** Says as well where it lies. */
function open(envelope: string, context: string, place: string, box: SecretBox): string {
  try {
    return box.open(envelope, context);
  } catch (error) {
    if (!isBackplaneError(error, 'BP_SECRET_SEALED')) throw error;
    const { reason } = error.details as { readonly reason: string };
    throw errors.BP_SECRET_SEALED({ context: place, reason }, { cause: error });
  }
}
