import type { HeldEffect } from '@backplane/ports';
import type { PendingTimer } from './timer-ledger.ts';

const INSTEAD = {
  setTimeout: 'use context.scope.timeout, or clear it in stop()',
  setInterval: 'use context.scope.interval, or clear it in stop()',
  setImmediate: 'let the loop end in stop()',
} as const;

/** A timer that its version did not clear. */
export function heldTimer(timer: PendingTimer, madeAt: string | undefined): HeldEffect {
  const reason = `it was still to fire and has been cleared; ${INSTEAD[timer.name]}`;
  return { kind: 'timer', label: labelOf(timer), reason, madeAt };
}

/** A timer that a version asked for when it had ended. */
export function lateTimer(timer: PendingTimer, madeAt: string | undefined): HeldEffect {
  const reason = `it was asked for after the end and has not been set: something of this version goes on; ${INSTEAD[timer.name]}`;
  return { kind: 'timer', label: labelOf(timer), reason, madeAt };
}

function labelOf({ name, delayMs }: PendingTimer): string {
  return name === 'setImmediate' || Number.isNaN(delayMs) ? name : `${name} of ${delayMs} ms`;
}
