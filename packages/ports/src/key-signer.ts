import type { KeyInfo, KeySpec, SignableData, SigningAlgorithm } from '@backplane/plugin-api';

/** Keeps private keys and signs with them: software, an encrypted store, or hardware behind PKCS#11. `owner` is a plugin's name. */
export interface KeySigner {
  ensure(owner: string, name: string, spec: KeySpec): Promise<KeyInfo>;
  get(owner: string, keyId: string): Promise<KeyInfo>;
  sign(owner: string, keyId: string, algorithm: SigningAlgorithm, data: SignableData): Promise<Uint8Array>;
  verify(
    owner: string,
    keyId: string,
    algorithm: SigningAlgorithm,
    data: SignableData,
    signature: Uint8Array,
  ): Promise<boolean>;
}
