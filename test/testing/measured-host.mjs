// @ts-check
// A host whose heap its parent may ask for. Run with --expose-gc.
import { createHost } from '@backplane/runtime';

let made = 0;
let collected = 0;
const registry = new FinalizationRegistry(() => {
  collected++;
});
/** Plugins hand in what should be collected with them. */
Object.assign(globalThis, {
  /** @param {WeakKey} thing */
  expectCollected(thing) {
    made++;
    registry.register(thing, undefined);
  },
});

const host = await createHost({ pluginPaths: ['./plugins'], listen: { port: 0 }, logFormat: 'json', logLevel: 'warn' });
const { url } = await host.start();
console.log(`listens at ${url}`);

process.on('message', async () => {
  // An ordinary collection leaves the bytecode of functions that ran of late to a later one: that is no leak, and would look like one.
  // Finalizers run in tasks of their own, after the collection that found their targets.
  for (let round = 0; round < 3; round++) {
    await globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  process.send?.({ heapUsed: process.memoryUsage().heapUsed, made, collected });
});
const stop = async () => {
  await host.stop();
  process.exit(0);
};
process.once('SIGTERM', stop);
// A test that runs into its time limit cannot end its children.
process.once('disconnect', stop);
