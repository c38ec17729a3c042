import { readFileSync } from 'node:fs';

/** True when there is a process of that id that has not ended; one that waits to be reaped has. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
