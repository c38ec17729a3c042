import type { ChildProcess } from 'node:child_process';
import type { Worker } from 'node:worker_threads';
import type { Made } from './made.ts';

export function madeProcess(child: ChildProcess): Made {
  const ref = new WeakRef(child);
  return {
    kind: 'handle',
    // Without its arguments: passwords are passed there.
    label: () => `process ${ref.deref()?.pid} (${ref.deref()?.spawnfile})`,
    state() {
      const it = ref.deref();
      if (it === undefined || it.pid === undefined || it.exitCode !== null || it.signalCode !== null) return 'gone';
      return it.killed ? 'ending' : 'held';
    },
    reason: () => 'it still runs; end it in stop(), and wait until it has',
  };
}

export function madeWorker(worker: Worker): Made {
  const ref = new WeakRef(worker);
  const { threadId } = worker;
  return {
    kind: 'handle',
    label: () => `worker thread ${threadId}`,
    state() {
      const it = ref.deref();
      // There is no telling whether terminate() was called: all are given the time to end.
      return it === undefined || it.threadId === -1 ? 'gone' : 'ending';
    },
    reason: () => 'it still runs; terminate it in stop()',
  };
}
