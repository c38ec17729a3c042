import type { SecurityService } from '@backplane/plugin-api';
import type { KeySigner } from '@backplane/ports';

/** A signer as one plugin sees it: its own keys, and no way to name another's. */
export function securityFacet(signer: KeySigner, owner: string): SecurityService {
  return Object.freeze<SecurityService>({
    ensureKey: (name, spec) => signer.ensure(owner, name, spec),
    getKey: (keyId) => signer.get(owner, keyId),
    sign: ({ keyId, algorithm, data }) => signer.sign(owner, keyId, algorithm, data),
    verify: ({ keyId, algorithm, data, signature }) => signer.verify(owner, keyId, algorithm, data, signature),
  });
}
