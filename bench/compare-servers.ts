import type { Load, LoadResult } from './drive-load.ts';
import { LoadDriver } from './load-driver.ts';
import type { Row } from './report.ts';
import { inRounds } from './rounds.ts';
import { type ServerEntry, ServerProcess } from './server-process.ts';
import { median } from './statistics.ts';

export interface ServerComparison {
  readonly variants: Readonly<
    Record<string, ServerEntry & Partial<Pick<Load, 'path' | 'headers' | 'method' | 'body'>>>
  >;
  readonly baseline: string;
  /** Default 9. */
  readonly rounds?: number;
  /** Requests in one sample. Default 4,000. */
  readonly requests?: number;
  readonly connections?: number;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The status that every answer must have. Default 200. */
  readonly status?: number;
}

/** Samples that are not counted: a compiler that takes over in the middle of the rounds makes any ratio. */
const WARM_UP = 4;

/**
 * Compares servers by their own CPU time for one request, each in its process, driven in turns over loopback from another one.
 * A request that fails, or has another status, ends the benchmark: a fast wrong answer is no result.
 */
export async function compareServers(comparison: ServerComparison): Promise<readonly Row[]> {
  const { variants, baseline, rounds = 9, requests = 4000, connections = 16, status = 200 } = comparison;
  await using started = new AsyncDisposableStack();
  const driver = started.use(LoadDriver.start());
  const servers = new Map<string, ServerProcess>();
  for (const [name, entry] of Object.entries(variants))
    servers.set(name, started.use(await ServerProcess.start(entry)));
  const latencies = new Map<string, number[]>();

  const drive = async (variant: string): Promise<{ server: ServerProcess; result: LoadResult }> => {
    const server = servers.get(variant) as ServerProcess;
    const {
      path = comparison.path ?? '/',
      headers = comparison.headers ?? {},
      method = 'GET',
      body = '',
    } = variants[variant] ?? {};
    const result = await driver.drive({ port: server.port, path, headers, method, body, requests, connections });
    if (result.statuses[status] !== requests)
      throw new Error(`${variant} did not answer every request with ${status}: ${describe(result)}`);
    return { server, result };
  };

  for (let turn = 0; turn < WARM_UP; turn += 1) for (const variant of servers.keys()) await drive(variant);
  const rows = await inRounds([...servers.keys()], baseline, rounds, 'µs', async (variant) => {
    const before = await servers.get(variant)?.usage();
    const { server, result } = await drive(variant);
    const after = await server.usage();
    latencies.set(variant, [...(latencies.get(variant) ?? []), result.p99Ms]);
    return (after.cpu - (before?.cpu ?? 0)) / requests;
  });
  return rows.map((row) => ({ ...row, notes: { 'p99 ms': median(latencies.get(row.variant) ?? []).toFixed(2) } }));
}

const describe = ({ statuses, failures }: LoadResult): string => JSON.stringify({ statuses, failures });
