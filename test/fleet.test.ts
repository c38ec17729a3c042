import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const RUN = fileURLToPath(new URL('../fleet/run.ts', import.meta.url));
const SECONDS = 60;
const LIMIT_MS = 540_000;

const KINDS = [
  ...[
    'neighbour',
    'heir',
    'stamp',
    'streamer',
    'ferry',
    'broadcaster',
    'talker',
    'uploader',
    'filer',
    'limiter',
    'pooler',
  ],
  ...['clockmaker', 'reckoner', 'owner', 'tenant', 'leaker', 'patcher', 'lighthouse', 'pilot'],
];

interface Result {
  readonly operations: readonly unknown[];
  readonly findings: readonly unknown[];
  readonly receipts: number;
  readonly figures: {
    readonly operations: Record<string, number>;
    readonly requests: Record<string, number>;
    readonly others: Record<string, number>;
  };
}

/** Runs the fleet as `npm run fleet` does; rejects with all that it printed where it finds something. */
async function sail(args: readonly string[]): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'backplane-fleet-'));
  const json = join(folder, 'result.json');
  try {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    execFile(
      process.execPath,
      [...process.execArgv, RUN, ...args, '--json', json],
      { timeout: LIMIT_MS },
      (error, stdout, stderr) => (error ? reject(new Error(`${error.message}\n${stdout}${stderr}`)) : resolve(stdout)),
    );
    console.log(await promise);
    return JSON.parse(await readFile(json, 'utf8')) as Result;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

it(
  'gives hundreds of plugins no answer that cannot be explained, and leaves nothing behind, whatever is done to them for a minute',
  async () => {
    const { findings, figures, operations, receipts } = await sail(['--seconds', String(SECONDS), '--seed', '42']);
    expect(findings).toEqual([]);
    // Far below what a busy machine does: a run that hardly did anything must not pass.
    expect(operations.length).toBeGreaterThan(20);
    expect(receipts).toBeGreaterThan(300);
    expect(Object.values(figures.requests).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(2000);
    for (const what of ['pages of the host', 'streams left by the client', 'uploads given up'])
      expect(figures.others[what], what).toBeGreaterThan(0);
    for (const kind of KINDS) expect(figures.requests[kind], kind).toBeGreaterThan(0);
  },
  LIMIT_MS,
);
