import { verify } from 'node:crypto';
import type { KeySigner } from '@backplane/ports';
import type { AuditHead } from './audit-chain.ts';

/** A head of a chain, as somebody with the key has seen it. */
export interface SignedHead extends AuditHead {
  readonly node: string;
  /** When it was signed. */
  readonly time: number;
  readonly key_id: string;
  /** Base64. */
  readonly signature: string;
}

/** Public keys as PEM, by key id. */
export type AuditKeys = Readonly<Record<string, string>>;

/** No plugin can have this name, and so none reaches the key. */
const OWNER = '0-audit';

/** What signs heads. */
export interface HeadSigner {
  readonly keyId: string;
  /** Whoever verifies needs it: PEM. */
  readonly publicKey: string;
  sign(node: string, head: AuditHead, time: number): Promise<SignedHead>;
}

/** Takes the audit key of a signer, which makes it the first time. */
export async function createHeadSigner(signer: KeySigner): Promise<HeadSigner> {
  const { keyId, publicKey } = await signer.ensure(OWNER, 'audit', { type: 'ec', curve: 'P-256' });
  return {
    keyId,
    publicKey,
    async sign(node, { sequence, hash }, time) {
      const head = { node, sequence, hash, time, key_id: keyId };
      const signature = await signer.sign(OWNER, keyId, 'ECDSA-SHA256', bytesOf(head));
      return { ...head, signature: Buffer.from(signature).toString('base64') };
    },
  };
}

export type HeadVerdict = 'good' | 'forged' | 'unknown-key';

/** Off the main thread. */
export function checkHead(head: SignedHead, keys: AuditKeys): Promise<HeadVerdict> {
  const key = Object.hasOwn(keys, head.key_id) ? keys[head.key_id] : undefined;
  if (key === undefined) return Promise.resolve('unknown-key');
  return new Promise((resolve) => {
    verify('sha256', bytesOf(head), key, Buffer.from(head.signature, 'base64'), (error, valid) =>
      resolve(error === null && valid ? 'good' : 'forged'),
    );
  });
}

const bytesOf = ({ node, sequence, hash, time, key_id }: Omit<SignedHead, 'signature'>): Uint8Array =>
  Buffer.from(JSON.stringify(['backplane-audit-head-1', node, sequence, hash, time, key_id]));
