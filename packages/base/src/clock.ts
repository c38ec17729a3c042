/** A timer that can be taken back. */
export interface ClockTimer {
  cancel(): void;
}

/** Time as the machinery sees it, so that tests move it by hand. Milliseconds throughout. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. */
  now(): number;
  /** Never goes back; only differences mean something. */
  monotonic(): number;
  /** Runs `action` once after `delayMs`, however long that is. The timer alone does not keep the process alive. */
  after(delayMs: number, action: () => void): ClockTimer;
}

/** Node runs a timer of more milliseconds than this at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, action) {
    if (delayMs > LONGEST_TIMER_MS) return afterLong(delayMs, action);
    const timer = setTimeout(action, delayMs);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** One timer after the other. */
function afterLong(delayMs: number, action: () => void): ClockTimer {
  let current: ClockTimer;
  const wait = (left: number): void => {
    const step = Math.min(left, LONGEST_TIMER_MS);
    current = systemClock.after(step, () => (left > step ? wait(left - step) : action()));
  };
  wait(delayMs);
  return { cancel: () => current.cancel() };
}

/** Resolves after `delayMs`; rejects with the signal's reason when it aborts first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
