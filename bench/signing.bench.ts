/** CPU of the whole process for signing 256 bytes with a software key, beside node:crypto on the same key. */
import { createPrivateKey, sign } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@backplane/base';
import type { KeySpec, SigningAlgorithm } from '@backplane/plugin-api';
import { createSoftwareKeySigner, securityFacet } from '@backplane/security';
import { defineBenchmark } from './harness.ts';

const LIMIT = 1.05;
const PLUGIN = 'bench';
const document = new Uint8Array(256).fill(42);

const CASES: readonly { algorithm: SigningAlgorithm; spec: KeySpec; digest: string }[] = [
  { algorithm: 'RSA-SHA256', spec: { type: 'rsa', modulusLength: 3072 }, digest: 'sha256' },
  { algorithm: 'ECDSA-SHA256', spec: { type: 'ec', curve: 'P-256' }, digest: 'sha256' },
  { algorithm: 'ECDSA-SHA384', spec: { type: 'ec', curve: 'P-384' }, digest: 'sha384' },
];

export default defineBenchmark({
  name: 'signing',
  description: 'signing 256 bytes beside node:crypto',
  async run(harness) {
    const directory = await mkdtemp(join(tmpdir(), 'backplane-bench-'));
    try {
      const security = securityFacet(createSoftwareKeySigner({ directory, clock: systemClock }), PLUGIN);
      for (const { algorithm, spec, digest } of CASES) {
        const name = algorithm.toLowerCase();
        const { keyId } = await security.ensureKey(name, spec);
        const key = createPrivateKey(await readFile(join(directory, PLUGIN, `${name}.pem`)));
        const [theirs, ours] = [`${algorithm}: node:crypto`, `${algorithm}: ours`];
        const rows = await harness.compareCalls({
          baseline: theirs,
          variants: {
            [theirs]: () => {
              const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
              sign(digest, document, key, (error, signature) => (error ? reject(error) : resolve(signature)));
              return promise;
            },
            [ours]: () => security.sign({ keyId, algorithm, data: document }),
          },
        });
        const measured = harness.ratio(rows, ours);
        harness.promise({ text: `${algorithm} <= ${LIMIT} x node:crypto`, limit: LIMIT, measured });
      }
      return harness.report();
    } finally {
      await rm(directory, { recursive: true });
    }
  },
});
