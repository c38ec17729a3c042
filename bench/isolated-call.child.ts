import { systemClock } from '@backplane/base';
import { serveChildProcess } from '@backplane/isolation';
import type { InstanceDriver } from '@backplane/ports';

/** The child of `isolated-call.bench.ts`: an echo service over our channel, or over the raw one. */
if (process.argv.includes('raw')) {
  process.on('message', (message) => process.send?.(message));
  process.on('disconnect', () => process.exit(0));
} else {
  const nothing = async () => {};
  serveChildProcess({
    self: process,
    clock: systemClock,
    run: (_, action) => action(),
    createInstance(seat) {
      seat.provide('echo.echo', { echo: async (value: unknown) => value, pid: () => process.pid });
      const driver: InstanceDriver = {
        initialize: nothing,
        start: nothing,
        health: async () => true,
        quiesce: nothing,
        resume: nothing,
        reconfigurable: () => false,
        reconfigure: async () => 'replace',
        stop: nothing,
        dispose: nothing,
      };
      return { driver };
    },
  });
}
