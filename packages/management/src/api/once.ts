import { createHash } from 'node:crypto';
import type { AnswerBook } from '@backplane/ports';
import { errors } from '../errors.ts';

/** An answer as it is sent. */
export interface SentAnswer {
  readonly status: number;
  readonly body: string;
  readonly etag: string | undefined;
}

const KEY = /^[\x21-\x7e]{1,200}$/;

/**
 * Carries a write out once for each key that a client gives with it: whoever asks the same again has the answer of the first. What failed by a
 * mistake of the host's own may be asked again. @throws BP_API_KEY_INVALID, BP_API_KEY_IN_USE, BP_API_KEY_OTHER_REQUEST
 */
export async function once(
  answers: AnswerBook,
  key: string,
  request: { readonly method: string; readonly url: string; readonly body: unknown },
  carryOut: () => Promise<SentAnswer>,
): Promise<{ readonly answer: SentAnswer; readonly replayed: boolean }> {
  if (!KEY.test(key)) throw errors.BP_API_KEY_INVALID({});
  const { method, url, body } = request;
  const digest = createHash('sha256')
    .update(JSON.stringify([method, url, body ?? null]))
    .digest('base64url');
  const known = await answers.claim(key, digest);
  if (known !== undefined) {
    if (known.digest !== digest) throw errors.BP_API_KEY_OTHER_REQUEST({ key });
    if (known.answer === undefined) throw errors.BP_API_KEY_IN_USE({ key });
    return { answer: known.answer, replayed: true };
  }
  try {
    const answer = await carryOut();
    if (answer.status < 500) await answers.keep(key, answer);
    else await answers.release(key);
    return { answer, replayed: false };
  } catch (error) {
    await answers.release(key);
    throw error;
  }
}
