import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { KeyInfo, KeySpec, SigningAlgorithm } from '@backplane/plugin-api';
import { errors } from './errors.ts';

/** A key in memory: parsed once, kept for every signature. */
export interface HeldKey {
  readonly info: KeyInfo;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

const CURVES = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' } as const;
const MODULI = [2048, 3072, 4096] as const;

const RSA_DIGESTS: Readonly<Record<string, string>> = { 'RSA-SHA256': 'sha256', 'RSA-SHA384': 'sha384' };
const EC_DIGESTS: Readonly<Record<string, string>> = { 'ECDSA-SHA256': 'sha256', 'ECDSA-SHA384': 'sha384' };

const KEY_ID = /^(?<name>[a-z0-9][a-z0-9-]{0,62})-[0-9a-f]{16}$/;

/** The name inside a key id; `undefined` for what no key can have as its id. */
export function nameOfKeyId(keyId: string): string | undefined {
  return KEY_ID.exec(keyId)?.groups?.name;
}

/**
 * Gives the hash function that the algorithm has for this key.
 * @throws BP_KEY_ALGORITHM
 */
export function digestFor(key: HeldKey, algorithm: SigningAlgorithm): string {
  const digests = key.info.spec.type === 'rsa' ? RSA_DIGESTS : EC_DIGESTS;
  const digest = Object.hasOwn(digests, algorithm) ? digests[algorithm] : undefined;
  if (digest !== undefined) return digest;
  const possible = Object.keys(digests) as SigningAlgorithm[];
  throw errors.BP_KEY_ALGORITHM({ keyId: key.info.keyId, algorithm: String(algorithm), possible });
}

/** Names a kind of key for people; two specs with one name are the same. */
export function describeSpec(spec: KeySpec): string {
  return spec?.type === 'rsa' ? `RSA with ${spec.modulusLength} bits` : `${spec?.type} on ${spec?.curve}`;
}

/** True for a spec that keys can be made from, also when it comes from code that nobody type-checked. */
export function isKeySpec(spec: KeySpec): boolean {
  return spec?.type === 'rsa'
    ? MODULI.includes(spec.modulusLength)
    : spec?.type === 'ec' && Object.values(CURVES).includes(spec.curve);
}

/** A private key as its file holds it: when it was made, then PKCS#8. */
export function keyFileText(pem: string, createdAt: string): string {
  return `created_at: ${createdAt}\n${pem}`;
}

/**
 * Reads a key file. The key alone decides its spec and its id, so that both survive copies and restarts; a PEM file from elsewhere
 * will do, and counts as made when it was last written.
 * @throws BP_KEY_FILE_BROKEN
 */
export function readKeyFile(name: string, path: string, text: string, modified: Date): HeldKey {
  const start = text.indexOf('-----BEGIN ');
  if (start < 0) throw errors.BP_KEY_FILE_BROKEN({ path, reason: 'it holds no PEM' });
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(text.slice(start));
  } catch (cause) {
    throw errors.BP_KEY_FILE_BROKEN({ path, reason: 'its PEM is not an unencrypted private key' }, { cause });
  }
  const spec = specOf(privateKey);
  if (spec === undefined) {
    throw errors.BP_KEY_FILE_BROKEN({ path, reason: `its key is of a kind that is not used (${kindOf(privateKey)})` });
  }
  const createdAt = /^created_at: (\S+)$/m.exec(text.slice(0, start))?.[1] ?? modified.toISOString();
  const publicKey = createPublicKey(privateKey);
  const info: KeyInfo = Object.freeze({
    keyId: `${name}-${fingerprint(publicKey)}`,
    name,
    spec,
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }),
    createdAt,
  });
  return { info, privateKey, publicKey };
}

function specOf(key: KeyObject): KeySpec | undefined {
  const details = key.asymmetricKeyDetails;
  if (key.asymmetricKeyType === 'rsa') {
    const modulusLength = MODULI.find((bits) => bits === details?.modulusLength);
    return modulusLength && Object.freeze({ type: 'rsa', modulusLength });
  }
  const curve = CURVES[details?.namedCurve as keyof typeof CURVES];
  return key.asymmetricKeyType === 'ec' && curve ? Object.freeze({ type: 'ec', curve }) : undefined;
}

function kindOf(key: KeyObject): string {
  const details = key.asymmetricKeyDetails;
  return [key.asymmetricKeyType, details?.modulusLength ?? details?.namedCurve].filter(Boolean).join(' ');
}

function fingerprint(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16);
}
