import type { Clock } from './clock.ts';

/**
 * Settles as `work` does, or rejects with `onTimeout()` after `limitMs`.
 * The signal given to `work` aborts at the limit; work that ignores it goes on unheard.
 */
export async function withTimeLimit<T>(
  clock: Clock,
  limitMs: number,
  work: (signal: AbortSignal) => T | Promise<T>,
  onTimeout: () => Error,
): Promise<T> {
  const controller = new AbortController();
  const { promise: expired, reject } = Promise.withResolvers<never>();
  const timer = clock.after(limitMs, () => {
    const error = onTimeout();
    controller.abort(error);
    reject(error);
  });
  try {
    return await Promise.race([(async () => work(controller.signal))(), expired]);
  } finally {
    timer.cancel();
  }
}
