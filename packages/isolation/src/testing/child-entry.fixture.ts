import { serveChildProcess } from '../serve-child-process.ts';
import { fixtureRuntime } from './child-runtime.fixture.ts';

serveChildProcess({
  self: process,
  ...fixtureRuntime,
  async describe(payload) {
    if (payload === 'throw') throw new RangeError('no such plugin');
    if (payload === 'exit') process.exit(3);
    while (payload === 'loop');
    process.stdout.write(`read ${String(payload)}\n`);
    return { pid: process.pid, payload };
  },
});
