import { join } from 'node:path';
import { createHost } from '@backplane/runtime';
import { answerQuestions, cpuTime, heapInUse } from '../harness/child.ts';

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
answerQuestions({ cpu: cpuTime, heap: heapInUse, rss: () => process.memoryUsage.rss() });
process.send?.(Number(new URL(url).port));
