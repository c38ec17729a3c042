import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '@backplane/base';
import { errors } from './errors.ts';
import type { Environment } from './start-options.ts';

/** How a running host is reached. */
export interface ClientFlags {
  readonly url?: string;
  readonly data?: string;
}

/** What a host is asked. */
export interface HostRequest {
  readonly path: string;
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a host answered, and with which status. */
export interface HostAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the schemas of the API say what it is
  readonly body: any;
  readonly headers: Headers;
}

/** A host that can be asked. */
export interface HostClient {
  ask(request: HostRequest): Promise<HostAnswer>;
  /** Text as it comes; ends with the signal, or the host. */
  stream(path: string, signal: AbortSignal): AsyncIterable<string>;
}

const LONGEST_ANSWER_MS = 120_000;

/** The address of the host: `--url`, else that of `BACKPLANE_PORT` on this machine. @throws BP_OPTION_INVALID */
export function addressOf(flags: ClientFlags, environment: Environment): string {
  const url = flags.url ?? `http://127.0.0.1:${read(environment, 'PORT') ?? 8080}`;
  if (/^https?:\/\//.test(url) && URL.canParse(url)) return url;
  throw errors.BP_OPTION_INVALID({
    option: '--url',
    value: url,
    expected: 'an address such as http://127.0.0.1:8080',
  });
}

/**
 * A client of the host at an address. The token is `BACKPLANE_ADMIN_TOKEN`, else what stands in `DATA/admin.token`. Its methods reject with
 * BP_HOST_UNREACHABLE.
 */
export async function createHostClient(url: string, flags: ClientFlags, environment: Environment): Promise<HostClient> {
  const token =
    read(environment, 'ADMIN_TOKEN') ?? (await tokenIn(flags.data ?? read(environment, 'DATA_DIR') ?? './data'));
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const unreachable = (cause: unknown) =>
    errors.BP_HOST_UNREACHABLE({ url, reason: messageOf((cause as Error).cause ?? cause) }, { cause });
  return {
    async ask({ path, method = 'GET', body, headers }) {
      try {
        const response = await fetch(new URL(path, url), {
          method,
          headers: { ...authorization, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
          ...(body !== undefined && { body: JSON.stringify(body) }),
          signal: AbortSignal.timeout(LONGEST_ANSWER_MS),
        });
        return { status: response.status, body: await response.json(), headers: response.headers };
      } catch (cause) {
        throw unreachable(cause);
      }
    },
    async *stream(path, signal) {
      const response = await fetch(new URL(path, url), { headers: authorization, signal }).catch((cause) => {
        throw unreachable(cause);
      });
      const decoder = new TextDecoder();
      for await (const part of response.body ?? []) yield decoder.decode(part as Uint8Array, { stream: true });
    },
  };
}

const read = (environment: Environment, name: string): string | undefined =>
  environment[`BACKPLANE_${name}`] || environment[`MMF_${name}`] || undefined;

async function tokenIn(dataDir: string): Promise<string | undefined> {
  try {
    return (await readFile(join(dataDir, 'admin.token'), 'utf8')).trim();
  } catch {
    return undefined;
  }
}
