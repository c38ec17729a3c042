import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { errors } from './errors.ts';
import type { MasterKey, MasterKeys } from './master-keys.ts';

/** Seals texts under the newest master key, and opens what any of them has sealed. */
export interface SecretBox {
  /**
   * An envelope of the text: AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits. `context` says what the text is for: under another
   * one the envelope does not open.
   */
  seal(text: string, context: string): string;
  /** @throws BP_SECRET_SEALED when its key is not there, or it was changed or moved */
  open(envelope: string, context: string): string;
  /** False for what an older key has sealed. */
  isCurrent(envelope: string): boolean;
}

const VERSION = 'bp1';
const NONCE = 12;
const TAG = 16;

/** `bp1.KEY.BYTES`: the id of the master key, then nonce, text and tag in base64url. */
export function createSecretBox(keys: MasterKeys): SecretBox {
  const derived = new Map(keys.map((key) => [key.id, cipherKey(key)]));
  const [newest] = keys;
  return {
    seal(text, context) {
      const nonce = randomBytes(NONCE);
      const cipher = createCipheriv('aes-256-gcm', derived.get(newest.id) as Buffer, nonce).setAAD(
        bound(newest.id, context),
      );
      const bytes = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `${VERSION}.${newest.id}.${bytes.toString('base64url')}`;
    },
    open(envelope, context) {
      const [version, id = '', text = ''] = envelope.split('.');
      const key = derived.get(id);
      if (version !== VERSION || key === undefined)
        throw errors.BP_SECRET_SEALED({
          context,
          reason: `it was sealed with master key "${id.slice(0, 16)}", which is not there`,
        });
      const bytes = Buffer.from(text, 'base64url');
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE), { authTagLength: TAG })
          .setAAD(bound(id, context))
          .setAuthTag(bytes.subarray(-TAG));
        return Buffer.concat([decipher.update(bytes.subarray(NONCE, -TAG)), decipher.final()]).toString('utf8');
      } catch (cause) {
        throw errors.BP_SECRET_SEALED({ context, reason: 'it was changed, or belongs elsewhere' }, { cause });
      }
    },
    isCurrent: (envelope) => envelope.startsWith(`${VERSION}.${newest.id}.`),
  };
}

const cipherKey = (key: MasterKey): Buffer => key.derive('envelope');

const bound = (id: string, context: string): Buffer => Buffer.from(`${VERSION}.${id}.${context}`);
