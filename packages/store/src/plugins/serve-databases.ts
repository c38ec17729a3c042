import { writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { DatabaseEngine } from './database-engine.ts';
import { type Answer, ASK, type Ask, type EngineLimits, MODE } from './database-protocol.ts';

/** A pipe that the host holds open as long as it lives. */
const LIFELINE = 4;
/** A file: the number of the statement that is being made stands in it. */
const MARK = 5;
/** A statement may keep the main thread for ever, so another one sees the host's end. */
const GUARD = `
const lifeline = new (require('node:net').Socket)({ fd: ${LIFELINE} });
lifeline.on('error', () => {}).on('close', () => process.kill(process.pid, 'SIGKILL')).resume();
`;
/** So many answers, or those of so long, wait for those after them. */
const FLUSH_AFTER = 64;
const FLUSH_MS = 2;

/**
 * Makes this process the one in which plugins' SQL is made. The driver can neither be interrupted nor survive everything that SQL can do to it,
 * so the host ends the process instead, and finds in a file which statement it was at. It ends with its host.
 */
export function serveDatabases(self: NodeJS.Process): void {
  // Files are for this user alone.
  self.umask(0o077);
  const guard = { eval: true, env: {}, execArgv: [] };
  const resourceLimits = { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 };
  new Worker(GUARD, { ...guard, resourceLimits }).unref();

  let engine: DatabaseEngine | undefined;
  let waiting: Answer[] = [];
  let flushedAt = 0;
  const marked = new BigInt64Array(1);

  const say = (answers: readonly Answer[]): void => {
    if (self.connected) self.send?.(answers);
  };
  const flush = (): void => {
    if (waiting.length === 0) return;
    const answers = waiting;
    waiting = [];
    flushedAt = performance.now();
    say(answers);
  };
  const serve = (asks: readonly Ask[]): void => {
    for (const ask of asks) {
      // It outlives this process, because the host has the file open, too.
      marked[0] = BigInt(ask[0]);
      writeSync(MARK, marked, 0, 8, 0);
      waiting.push((engine as DatabaseEngine).answer(ask));
      const settles = ask[1] !== ASK.run || ask[5] === MODE.write;
      if (settles || waiting.length >= FLUSH_AFTER || performance.now() - flushedAt > FLUSH_MS) flush();
    }
    flush();
  };

  self.on('message', (message: EngineLimits | readonly Ask[]) => {
    if (Array.isArray(message)) return serve(message as readonly Ask[]);
    engine = new DatabaseEngine(message as EngineLimits);
    // Ready.
    say([]);
  });
  const end = (): void => {
    engine?.close();
    self.exit();
  };
  // The host may have gone while this process was starting.
  if (!self.connected) end();
  self.on('disconnect', end);
  // Ctrl-C goes to the whole group; the host says when it is over.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) self.on(signal, () => {});
}
