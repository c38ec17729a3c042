import type { EventEmitter } from 'node:events';
import type { Made } from './made.ts';

/** A listener on something that lives as long as the process: `emitter` is its name. */
export function madeListener(on: EventEmitter, emitter: string, event: string | symbol, listener: object): Made {
  const ref = new WeakRef(listener);
  return {
    kind: 'listener',
    label: () => `listener of ${emitter} for ${typeof event === 'symbol' ? String(event) : `"${event}"`}`,
    state() {
      const it = ref.deref();
      return it !== undefined && on.listeners(event).some((listener) => listener === it) ? 'held' : 'gone';
    },
    reason: () => 'it is still called; remove it in stop()',
  };
}
