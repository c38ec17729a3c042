import type { KeyInfo, KeySpec, SecurityService, SignableData, SigningAlgorithm } from '@backplane/plugin-api';
import type { DocumentSigner, SignedDocument, VerifiedDocument } from './document-signer.ts';
import { errors } from './errors.ts';

const RSA = { name: 'document-signer-rsa', spec: { type: 'rsa', modulusLength: 3072 } } as const;
const P256 = { name: 'document-signer-p256', spec: { type: 'ec', curve: 'P-256' } } as const;
const P384 = { name: 'document-signer-p384', spec: { type: 'ec', curve: 'P-384' } } as const;

/** Which key signs with which algorithm. */
const KEYS: Readonly<Record<SigningAlgorithm, { readonly name: string; readonly spec: KeySpec }>> = {
  'RSA-SHA256': RSA,
  'RSA-SHA384': RSA,
  'ECDSA-SHA256': P256,
  'ECDSA-SHA384': P384,
};

/** The document signer on the host's keys. Within this plugin it takes streams too, of any length. */
export class KeyedDocumentSigner implements DocumentSigner {
  readonly #security: SecurityService;
  readonly #algorithms: readonly SigningAlgorithm[];
  readonly #now: () => Date;
  readonly #keys = new Map<SigningAlgorithm, KeyInfo>();

  constructor(security: SecurityService, algorithms: readonly SigningAlgorithm[], now = () => new Date()) {
    this.#security = security;
    this.#algorithms = algorithms;
    this.#now = now;
  }

  /** Has the host make the keys that the configured algorithms need, or find those it made before. */
  async ensureKeys(): Promise<void> {
    await Promise.all(
      this.#algorithms.map(async (algorithm) => {
        const { name, spec } = KEYS[algorithm];
        this.#keys.set(algorithm, await this.#security.ensureKey(name, spec));
      }),
    );
  }

  async signDocument(request: {
    readonly document: SignableData;
    readonly algorithm?: string | undefined;
  }): Promise<SignedDocument> {
    const algorithm = this.#allowed(request.algorithm);
    const key = this.#keys.get(algorithm);
    if (key === undefined) throw errors.BP_TRUST_NO_KEYS({});
    const signature = await this.#security.sign({ keyId: key.keyId, algorithm, data: request.document });
    return { signature, algorithm, keyId: key.keyId, timestamp: this.#now().toISOString() };
  }

  async verifyDocument(request: {
    readonly document: SignableData;
    readonly signature: Uint8Array;
    readonly keyId: string;
    readonly algorithm?: string | undefined;
  }): Promise<VerifiedDocument> {
    const { keyId, document: data, signature } = request;
    // The host refuses what this key cannot do, and says what it can.
    const algorithm = (request.algorithm ?? (await this.#usualAlgorithm(keyId))) as SigningAlgorithm;
    const valid = await this.#security.verify({ keyId, algorithm, data, signature });
    return { valid, algorithm, keyId };
  }

  async publicKey(keyId: string): Promise<string> {
    return (await this.#security.getKey(keyId)).publicKey;
  }

  /** Signs a few bytes with every configured algorithm and verifies them. Rejects, or tells which algorithm failed. */
  async selfCheck(): Promise<SigningAlgorithm | undefined> {
    const document = new TextEncoder().encode(`self-check ${this.#now().toISOString()}`);
    for (const algorithm of this.#algorithms) {
      const { signature, keyId } = await this.signDocument({ document, algorithm });
      const { valid } = await this.verifyDocument({ document, signature, keyId, algorithm });
      if (!valid) return algorithm;
    }
    return undefined;
  }

  #allowed(algorithm: string | undefined): SigningAlgorithm {
    const allowed = this.#algorithms;
    const found = algorithm === undefined ? allowed[0] : allowed.find((candidate) => candidate === algorithm);
    if (found === undefined) throw errors.BP_TRUST_ALGORITHM({ algorithm: String(algorithm), allowed });
    return found;
  }

  async #usualAlgorithm(keyId: string): Promise<SigningAlgorithm> {
    const configured = this.#algorithms.find((algorithm) => this.#keys.get(algorithm)?.keyId === keyId);
    if (configured !== undefined) return configured;
    const { spec } = await this.#security.getKey(keyId);
    if (spec.type === 'rsa') return 'RSA-SHA256';
    return spec.curve === 'P-256' ? 'ECDSA-SHA256' : 'ECDSA-SHA384';
  }
}
