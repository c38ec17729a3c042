import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHost, type Host, type HostOptions, type HostStart } from '@backplane/runtime';
import { type AllowedLeaks, expectCleanReceipts } from './expect-clean-receipts.ts';

/**
 * A real host on a free port of loopback, with folders of its own. Dispose it, and everything it made is gone. Disposing rejects with
 * BP_LEAKS_FOUND where a plugin has left something behind that was not allowed.
 */
export interface TestHost extends AsyncDisposable {
  readonly host: Host;
  readonly start: HostStart;
  readonly url: string;
  /** A folder of its own: `plugins`, `config` and `data` lie in it. */
  readonly folder: string;
  /** The log, a line an entry. */
  readonly log: readonly string[];
  /** Headers that open management. */
  readonly management: Readonly<Record<string, string>>;
}

const TOKEN = 'test-token-of-at-least-sixteen-characters';

/** Starts a real host. Plugins come by program, or from `FOLDER/plugins` when `prepare` puts them there. */
export async function createTestHost(
  options: HostOptions & {
    /** Called with the folder before the host starts. */
    readonly prepare?: (folder: string) => void | Promise<void>;
    /** Plugins of packages that `FOLDER/package.json` depends on are found, too. */
    readonly packages?: boolean;
    /** Called with the host before it starts. */
    readonly before?: (host: Host) => void | Promise<void>;
    /** What plugins may leave behind when they are unloaded: with `true` anything, else these kinds. Default: nothing. */
    readonly allowLeaks?: AllowedLeaks;
  } = {},
): Promise<TestHost> {
  const { prepare, before, packages, allowLeaks, ...rest } = options;
  const folder = await mkdtemp(join(tmpdir(), 'backplane-test-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  const log: string[] = [];
  let host: Host | undefined;
  try {
    await prepare?.(folder);
    host = await createHost({
      pluginPaths: prepare ? [join(folder, 'plugins')] : [],
      ...(packages === true && { packagesOf: folder }),
      configDir: join(folder, 'config'),
      dataDir: join(folder, 'data'),
      listen: { port: 0 },
      adminToken: TOKEN,
      stopGrace: 0,
      logFormat: 'json',
      logDestination: { write: (line) => log.push(line.trimEnd()) },
      ...rest,
    });
    await before?.(host);
    return testHostOf(host, await host.start(), { folder, log, allowLeaks, remove });
  } catch (error) {
    await host?.stop();
    await remove();
    throw error;
  }
}

interface Belongings {
  readonly folder: string;
  readonly log: readonly string[];
  readonly allowLeaks: AllowedLeaks | undefined;
  readonly remove: () => Promise<void>;
}

function testHostOf(host: Host, start: HostStart, { folder, log, allowLeaks, remove }: Belongings): TestHost {
  return {
    host,
    start,
    url: start.url ?? '',
    folder,
    log,
    management: { authorization: `Bearer ${TOKEN}` },
    async [Symbol.asyncDispose]() {
      await host.stop();
      await remove();
      expectCleanReceipts(host.receipts(), allowLeaks);
    },
  };
}
