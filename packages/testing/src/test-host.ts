import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHost, type Host, type HostOptions, type HostStart } from '@backplane/runtime';

/** A real host on a free port of loopback, with folders of its own. Dispose it, and everything it made is gone. */
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
  } = {},
): Promise<TestHost> {
  const { prepare, before, packages, ...rest } = options;
  const folder = await mkdtemp(join(tmpdir(), 'backplane-test-'));
  await prepare?.(folder);
  const log: string[] = [];
  const host = await createHost({
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
  const start = await host.start();
  return {
    host,
    start,
    url: start.url ?? '',
    folder,
    log,
    management: { authorization: `Bearer ${TOKEN}` },
    async [Symbol.asyncDispose]() {
      await host.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
