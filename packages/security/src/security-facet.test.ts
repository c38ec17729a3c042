import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@backplane/base';
import { expect, it } from 'vitest';
import { securityFacet } from './security-facet.ts';
import { createSoftwareKeySigner } from './software-key-signer.ts';

it('shows a plugin its own keys only', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'backplane-facet-'));
  try {
    const signer = createSoftwareKeySigner({ directory, clock: systemClock });
    const mine = securityFacet(signer, 'mine');
    const theirs = securityFacet(signer, 'theirs');
    const { keyId } = await mine.ensureKey('k', { type: 'ec', curve: 'P-256' });
    const data = new Uint8Array([1, 2, 3]);
    const signature = await mine.sign({ keyId, algorithm: 'ECDSA-SHA256', data });
    expect(await mine.verify({ keyId, algorithm: 'ECDSA-SHA256', data, signature })).toBe(true);
    expect((await mine.getKey(keyId)).keyId).toBe(keyId);
    const notFound = expect.objectContaining({ code: 'BP_KEY_NOT_FOUND', status: 404 });
    await expect(theirs.getKey(keyId)).rejects.toEqual(notFound);
    await expect(theirs.sign({ keyId, algorithm: 'ECDSA-SHA256', data })).rejects.toEqual(notFound);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
