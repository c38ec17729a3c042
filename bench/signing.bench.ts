import { createPrivateKey, sign } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@backplane/base';
import type { KeySpec, SecurityService, SigningAlgorithm } from '@backplane/plugin-api';
import { createSoftwareKeySigner, securityFacet } from '@backplane/security';
import { type Benchmark, type BenchmarkResult, type Figure, joinResults, ratioVerdict } from './harness/benchmark.ts';
import { type Contender, interleave } from './harness/interleave.ts';

const LIMIT = 1.05;
const ROUNDS = 21;
const PLUGIN = 'bench';
const document = new Uint8Array(256).fill(42);

interface Case {
  readonly algorithm: SigningAlgorithm;
  readonly spec: KeySpec;
  readonly digest: string;
  readonly operations: number;
}

const CASES: readonly Case[] = [
  { algorithm: 'RSA-SHA256', spec: { type: 'rsa', modulusLength: 3072 }, digest: 'sha256', operations: 40 },
  { algorithm: 'ECDSA-SHA256', spec: { type: 'ec', curve: 'P-256' }, digest: 'sha256', operations: 1500 },
  { algorithm: 'ECDSA-SHA384', spec: { type: 'ec', curve: 'P-384' }, digest: 'sha384', operations: 80 },
];

function contender(name: string, operation: () => Promise<unknown>): Contender {
  return {
    name,
    async run(operations) {
      for (let i = 0; i < operations; i++) await operation();
    },
  };
}

async function compare(folder: string, security: SecurityService, one: Case): Promise<BenchmarkResult> {
  const { algorithm, spec, digest, operations } = one;
  const name = algorithm.toLowerCase();
  const { keyId } = await security.ensureKey(name, spec);
  const key = createPrivateKey(await readFile(join(folder, PLUGIN, `${name}.pem`)));
  const theirs = contender(`${algorithm}: node:crypto`, () => {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    sign(digest, document, key, (error, signature) => (error ? reject(error) : resolve(signature)));
    return promise;
  });
  const ours = contender(`${algorithm}: ours`, () => security.sign({ keyId, algorithm, data: document }));
  const figures = (await interleave([theirs, ours], { rounds: ROUNDS, operations })) as [Figure, Figure];
  return {
    figures,
    verdicts: [ratioVerdict(`${algorithm}: ours / node:crypto`, figures[1], figures[0], 'at most', LIMIT)],
    notes: [],
  };
}

export default {
  title: 'CPU time of the whole process for signing 256 bytes, beside node:crypto',
  async run() {
    const folder = await mkdtemp(join(tmpdir(), 'backplane-bench-'));
    try {
      const security = securityFacet(createSoftwareKeySigner({ directory: folder, clock: systemClock }), PLUGIN);
      const results: BenchmarkResult[] = [];
      for (const one of CASES) results.push(await compare(folder, security, one));
      return joinResults(results);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
} satisfies Benchmark;
