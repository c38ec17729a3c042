// @ts-check
// A host that gives every plugin a process of its own. It follows the files with --watch, else it reads its folders when its parent says so.
import { createHost } from '@backplane/runtime';

const host = await createHost({
  pluginPaths: ['./plugins'],
  isolation: { '*': 'process' },
  listen: { port: 0 },
  logLevel: 'warn',
  watch: process.argv.includes('--watch'),
  onLive: ({ plugin, outcome }) => console.log(`${plugin}: ${outcome}`),
});
const { url } = await host.start();
console.log(`listens at ${url}`);
process.on('message', () => host.rescan());
