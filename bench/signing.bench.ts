/**
 * Promise: signing costs at most 1.05 times node:crypto, in CPU time of the whole process, for a document of 256 bytes.
 * Both sides take turns in one run; what counts is the median of the rounds' ratios. Run: node --conditions=backplane-source bench/signing.bench.ts
 */
import { createPrivateKey, sign } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@backplane/base';
import type { KeySpec, SigningAlgorithm } from '@backplane/plugin-api';
import { createSoftwareKeySigner, securityFacet } from '@backplane/security';

const LIMIT = 1.05;
const ROUNDS = 21;
const document = new Uint8Array(256).fill(42);

const CASES: readonly { algorithm: SigningAlgorithm; spec: KeySpec; digest: string; operations: number }[] = [
  { algorithm: 'RSA-SHA256', spec: { type: 'rsa', modulusLength: 3072 }, digest: 'sha256', operations: 40 },
  { algorithm: 'ECDSA-SHA256', spec: { type: 'ec', curve: 'P-256' }, digest: 'sha256', operations: 1500 },
  { algorithm: 'ECDSA-SHA384', spec: { type: 'ec', curve: 'P-384' }, digest: 'sha384', operations: 80 },
];

async function cpuPerOperation(operations: number, operation: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < operations; i++) await operation();
  const used = process.cpuUsage(before);
  return (used.user + used.system) / operations;
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

const directory = await mkdtemp(join(tmpdir(), 'backplane-bench-'));
try {
  const security = securityFacet(createSoftwareKeySigner({ directory, clock: systemClock }), 'bench');
  console.log('CPU µs for one signature      node:crypto     ours    ratio');
  for (const { algorithm, spec, digest, operations } of CASES) {
    const name = algorithm.toLowerCase();
    const { keyId } = await security.ensureKey(name, spec);
    const key = createPrivateKey(await readFile(join(directory, 'bench', `${name}.pem`)));
    const theirs = () =>
      new Promise<Uint8Array>((resolve, reject) => {
        sign(digest, document, key, (error, signature) => (error ? reject(error) : resolve(signature)));
      });
    const ours = () => security.sign({ keyId, algorithm, data: document });
    await cpuPerOperation(operations, theirs);
    await cpuPerOperation(operations, ours);
    const rounds: { theirs: number; ours: number }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const first = round % 2 === 0;
      const a = await cpuPerOperation(operations, first ? theirs : ours);
      const b = await cpuPerOperation(operations, first ? ours : theirs);
      rounds.push(first ? { theirs: a, ours: b } : { theirs: b, ours: a });
    }
    const ratio = median(rounds.map((r) => r.ours / r.theirs));
    const columns = [median(rounds.map((r) => r.theirs)), median(rounds.map((r) => r.ours))];
    console.log(
      `${algorithm.padEnd(28)}${columns.map((c) => c.toFixed(1).padStart(12)).join('')}${ratio.toFixed(3).padStart(9)}`,
    );
    if (ratio > LIMIT) {
      console.log(`  over the promised ${LIMIT}`);
      process.exitCode = 1;
    }
  }
} finally {
  await rm(directory, { recursive: true });
}
