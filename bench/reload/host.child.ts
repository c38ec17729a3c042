import { join } from 'node:path';
import { createHost } from '@backplane/runtime';
import { reportTo } from '../server-child.ts';

/** The host of `reload.bench.ts`, over the folder it is given. */
const folder = process.argv[2] as string;
const host = await createHost({
  pluginPaths: [join(folder, 'plugins')],
  configDir: join(folder, 'config'),
  dataDir: join(folder, 'data'),
  environment: 'production',
  adminToken: process.argv[3] as string,
  logLevel: 'error',
  listen: { port: 0 },
});
const { url = '' } = await host.start();
reportTo(Number(new URL(url).port));
