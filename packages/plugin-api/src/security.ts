/** Signature algorithms: RSA is PKCS#1 v1.5 (RFC 8017), ECDSA is DER (RFC 3279 section 2.2.3). */
export type SigningAlgorithm = 'RSA-SHA256' | 'RSA-SHA384' | 'ECDSA-SHA256' | 'ECDSA-SHA384';

/** Which key to make when there is none. */
export type KeySpec =
  | { readonly type: 'rsa' /** Bits: 2048, 3072 or 4096. */; readonly modulusLength: 2048 | 3072 | 4096 }
  | { readonly type: 'ec'; readonly curve: 'P-256' | 'P-384' | 'P-521' };

/** The public half of a key. Private halves never leave the host. */
export interface KeyInfo {
  /** Names this very key: changes when the key is replaced. */
  readonly keyId: string;
  /** The name the plugin gave it. */
  readonly name: string;
  readonly spec: KeySpec;
  /** SubjectPublicKeyInfo, PEM. */
  readonly publicKey: string;
  /** ISO 8601. */
  readonly createdAt: string;
}

/** Bytes at once or as they come. Streams are hashed as they arrive and never gathered. */
export type SignableData = Uint8Array | AsyncIterable<Uint8Array>;

/** Keys and signatures. A plugin sees its own keys only. */
export interface SecurityService {
  /** Gives the plugin's key of that name, made on first use. @throws BP_KEY_SPEC_MISMATCH when it exists with another spec. */
  ensureKey(name: string, spec: KeySpec): Promise<KeyInfo>;
  /** Gives a key by its id. @throws BP_KEY_NOT_FOUND */
  getKey(keyId: string): Promise<KeyInfo>;
  /** Signs with a key of the plugin's. @throws BP_KEY_NOT_FOUND, BP_KEY_ALGORITHM when the key cannot do that algorithm. */
  sign(request: {
    readonly keyId: string;
    readonly algorithm: SigningAlgorithm;
    readonly data: SignableData;
  }): Promise<Uint8Array>;
  /** True when the signature is this key's over this data; false for any other bytes. @throws BP_KEY_NOT_FOUND, BP_KEY_ALGORITHM */
  verify(request: {
    readonly keyId: string;
    readonly algorithm: SigningAlgorithm;
    readonly data: SignableData;
    readonly signature: Uint8Array;
  }): Promise<boolean>;
}
