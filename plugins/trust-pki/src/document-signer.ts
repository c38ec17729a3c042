import { type SigningAlgorithm, service } from '@backplane/plugin-api';

/** A signature and all that is needed to check it. */
export interface SignedDocument {
  /** PKCS#1 v1.5 for RSA, DER for ECDSA. */
  readonly signature: Uint8Array;
  readonly algorithm: SigningAlgorithm;
  readonly keyId: string;
  /** ISO 8601. */
  readonly timestamp: string;
}

export interface VerifiedDocument {
  readonly valid: boolean;
  readonly algorithm: SigningAlgorithm;
  readonly keyId: string;
}

/** Signs documents with keys that never leave the host. */
export interface DocumentSigner {
  /** Signs with the algorithm, or with the first that the configuration names. @throws BP_TRUST_ALGORITHM */
  signDocument(request: {
    readonly document: Uint8Array;
    readonly algorithm?: SigningAlgorithm | undefined;
  }): Promise<SignedDocument>;
  /**
   * Tells whether the key signed exactly these bytes. Any algorithm that the key can do will do, so that what was signed under an earlier
   * configuration stays valid; without one, it is the first configured one that this key is for.
   * @throws BP_KEY_NOT_FOUND, BP_KEY_ALGORITHM
   */
  verifyDocument(request: {
    readonly document: Uint8Array;
    readonly signature: Uint8Array;
    readonly keyId: string;
    readonly algorithm?: SigningAlgorithm | undefined;
  }): Promise<VerifiedDocument>;
  /** The public half of a key, as PEM (SubjectPublicKeyInfo). @throws BP_KEY_NOT_FOUND */
  publicKey(keyId: string): Promise<string>;
}

/** Names the service: `needs: { signer: documentSigner }` is all that another plugin has to say to use it. */
export const documentSigner = service<DocumentSigner>('trust-pki.document_signer');
