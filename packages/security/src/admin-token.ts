import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf } from '@backplane/base';
import { errors } from './errors.ts';
import { createPrivateFile, readPrivateFile } from './private-file.ts';

const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;
const SHORTEST = 16;

/**
 * Gives the management token of a file of mode 0600; at the first start it makes one of 256 random bits. Processes that start at once
 * agree on one token.
 * @throws BP_PRIVATE_FILE_EXPOSED, BP_PRIVATE_FILE_UNUSABLE, BP_ADMIN_TOKEN_INVALID
 */
export async function ensureAdminToken({ file: path }: { readonly file: string }): Promise<string> {
  const found = await readPrivateFile(path);
  if (found !== undefined) return adminTokenFrom(path, found.text);
  const token = randomBytes(32).toString('base64url');
  await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch((cause) => {
    throw errors.BP_PRIVATE_FILE_UNUSABLE({ path, reason: messageOf(cause) }, { cause });
  });
  if (await createPrivateFile(path, `${token}\n`)) return token;
  const theirs = await readPrivateFile(path);
  return adminTokenFrom(path, theirs?.text ?? '');
}

/** True for `Bearer TOKEN` with this token. Takes as long for a wrong token as for the right one, whatever its length. */
export function checkBearer(header: string | undefined, token: string): boolean {
  const given = /^bearer +(\S+) *$/i.exec(header ?? '')?.[1] ?? '';
  return timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', token, 'buffer')) && given !== '';
}

/**
 * Gives the token that stands in a text, such as an environment variable's value; `path` names the place in the error, the token never.
 * @throws BP_ADMIN_TOKEN_INVALID
 */
export function adminTokenFrom(path: string, text: string): string {
  const token = text.trim();
  if (token === '') throw errors.BP_ADMIN_TOKEN_INVALID({ path, reason: 'it is empty' });
  if (!TOKEN.test(token))
    throw errors.BP_ADMIN_TOKEN_INVALID({ path, reason: 'it has characters no bearer token has' });
  if (token.length < SHORTEST) {
    throw errors.BP_ADMIN_TOKEN_INVALID({ path, reason: `it has ${token.length} characters, under ${SHORTEST}` });
  }
  return token;
}
