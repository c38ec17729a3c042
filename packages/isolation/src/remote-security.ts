import type { KeyInfo, SecurityService } from '@backplane/plugin-api';
import type { OutgoingStreams } from './byte-stream.ts';
import type { Peer } from './peer.ts';
import { SAY, type SecurityPayload } from './protocol.ts';

/** The host's security service, seen from a child. Data to sign is pulled by the host piece by piece as it hashes. */
export function createRemoteSecurity(peer: Peer, streams: OutgoingStreams): SecurityService {
  const ask = (payload: SecurityPayload) => peer.request(SAY.security, payload);
  return {
    ensureKey: async (name, spec) => (await ask(['ensureKey', name, spec])) as KeyInfo,
    getKey: async (keyId) => (await ask(['getKey', keyId])) as KeyInfo,
    sign: async ({ keyId, algorithm, data }) =>
      (await streams.lend(data, (bytes) => ask(['sign', keyId, algorithm, bytes]))) as Uint8Array,
    verify: async ({ keyId, algorithm, data, signature }) =>
      (await streams.lend(data, (bytes) => ask(['verify', keyId, algorithm, bytes, signature]))) as boolean,
  };
}
