import { HttpConnection } from './http-connection.ts';
import { quantile } from './statistics.ts';

/** What is asked for, again and again, from 127.0.0.1. */
export interface Load {
  readonly port: number;
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** How many answers, at most. */
  readonly requests: number;
  /** Ends earlier than that after so many milliseconds. Default 60,000. */
  readonly limitMs?: number;
  /** Connections, each with one request in flight. Default 16. */
  readonly connections?: number;
}

export interface LoadResult {
  readonly answered: number;
  /** Answers by status. */
  readonly statuses: Readonly<Record<number, number>>;
  /** Requests that got no answer, by reason. */
  readonly failures: Readonly<Record<string, number>>;
  /** Answers by body, for the first 32 different ones. */
  readonly bodies: Readonly<Record<string, number>>;
  readonly tookMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** The longest time in which no answer came on any connection. */
  readonly longestGapMs: number;
}

const DISTINCT_BODIES = 32;

/** Drives a load until it is done, its time is up, or the signal aborts; every request that was begun is counted. */
export async function driveLoad(load: Load, signal?: AbortSignal): Promise<LoadResult> {
  const { requests, limitMs = 60_000, connections = 16 } = load;
  const request = requestText(load);
  const latencies: number[] = [];
  const [statuses, failures, bodies] = [
    new Map<number, number>(),
    new Map<string, number>(),
    new Map<string, number>(),
  ];
  const start = performance.now();
  let begun = 0;
  let lastAnswer = start;
  let longestGapMs = 0;

  const worker = async (): Promise<void> => {
    let connection: HttpConnection | undefined;
    while (begun < requests && !signal?.aborted && performance.now() - start < limitMs) {
      begun += 1;
      try {
        if (connection === undefined || connection.closed) connection = await HttpConnection.open(load.port);
        const sent = performance.now();
        const { status, body } = await connection.send(request);
        const now = performance.now();
        latencies.push(now - sent);
        longestGapMs = Math.max(longestGapMs, now - lastAnswer);
        lastAnswer = now;
        count(statuses, status);
        if (bodies.size < DISTINCT_BODIES || bodies.has(body)) count(bodies, body);
      } catch (error) {
        connection?.close();
        count(failures, error instanceof Error ? error.message : String(error));
      }
    }
    connection?.close();
  };
  await Promise.all(Array.from({ length: Math.min(connections, requests) }, worker));

  return {
    answered: latencies.length,
    statuses: Object.fromEntries(statuses),
    failures: Object.fromEntries(failures),
    bodies: Object.fromEntries(bodies),
    tookMs: performance.now() - start,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    maxMs: latencies.reduce((most, value) => Math.max(most, value), 0),
    longestGapMs,
  };
}

function requestText({ port, path, method = 'GET', headers = {}, body = '' }: Load): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  if (body !== '') lines.push(`content-length: ${Buffer.byteLength(body, 'latin1')}`);
  return [`${method} ${path} HTTP/1.1`, `host: 127.0.0.1:${port}`, ...lines, '', body].join('\r\n');
}

function count<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
