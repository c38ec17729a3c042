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

/** What a host answered, and with which status. */
export interface HostAnswer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * Asks a running host. The address is `--url`, else that of `BACKPLANE_PORT` on this machine; the token is `BACKPLANE_ADMIN_TOKEN`, else what
 * stands in `DATA/admin.token`.
 * @throws BP_HOST_UNREACHABLE, BP_OPTION_INVALID
 */
export async function askHost(
  path: string,
  flags: ClientFlags,
  environment: Environment,
  method: 'GET' | 'POST' = 'GET',
): Promise<HostAnswer> {
  const read = (name: string) => environment[`BACKPLANE_${name}`] || environment[`MMF_${name}`] || undefined;
  const url = flags.url ?? `http://127.0.0.1:${read('PORT') ?? 8080}`;
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    throw errors.BP_OPTION_INVALID({
      option: '--url',
      value: url,
      expected: 'an address such as http://127.0.0.1:8080',
    });
  const token = read('ADMIN_TOKEN') ?? (await tokenIn(flags.data ?? read('DATA_DIR') ?? './data'));
  try {
    const response = await fetch(new URL(path, url), {
      method,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(120_000),
    });
    return { status: response.status, body: await response.json() };
  } catch (cause) {
    const reason = messageOf((cause as Error).cause ?? cause);
    throw errors.BP_HOST_UNREACHABLE({ url, reason }, { cause });
  }
}

async function tokenIn(dataDir: string): Promise<string | undefined> {
  try {
    return (await readFile(join(dataDir, 'admin.token'), 'utf8')).trim();
  } catch {
    return undefined;
  }
}
