// A process of its own that drives load, so that the server's CPU time is the server's alone.
import { driveLoad, type Load } from './drive-load.ts';

let running: AbortController | undefined;

process.on('message', async (message: { drive: Load } | 'stop') => {
  if (message === 'stop') return running?.abort();
  running = new AbortController();
  const result = await driveLoad(message.drive, running.signal);
  process.send?.(result);
});
process.on('disconnect', () => process.exit());
