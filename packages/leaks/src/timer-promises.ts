import type { TimerOptions } from 'node:timers';
import { realPromises as real } from './real-timers.ts';
import { captureSite } from './site.ts';
import type { PendingTimer } from './timer-ledger.ts';

/** Where timers are entered as long as they are pending. */
export interface TimerEntries {
  readonly closed: boolean;
  /** Sets a timer and enters it; once closed, reports it and sets none. */
  arm(made: PendingTimer, callback: () => void): NodeJS.Timeout | undefined;
  /** Enters something that is no timer of its own. It is told when it is over, or is to be ended without a word. */
  enter(made: PendingTimer, end: () => void): () => void;
}

const NEVER = () => new Promise<never>(() => {});

/**
 * `node:timers/promises` as one version of a plugin has it. What is pending at the end of the version never settles: nobody is there to
 * go on.
 */
export class TimerPromises {
  readonly setTimeout: typeof real.setTimeout;
  readonly setInterval: <T>(delay?: number, value?: T, options?: TimerOptions) => AsyncIterable<T>;
  readonly setImmediate: typeof real.setImmediate;
  readonly wait: typeof real.wait;

  constructor(entries: TimerEntries) {
    const later = <T>(made: PendingTimer, value: T | undefined, options: TimerOptions | undefined): Promise<T> => {
      if (options?.signal === undefined) return plain(entries, made, value as T, options);
      return abortable(entries, made, value as T, options as TimerOptions & { signal: AbortSignal });
    };

    this.setTimeout = function setTimeout<T>(delay?: number, value?: T, options?: TimerOptions): Promise<T> {
      if (!areTimerOptions(delay, options)) return real.setTimeout(delay, value, options);
      const made = { name: 'setTimeout', delayMs: delay ?? 1 } as const;
      captureSite(made, setTimeout);
      return later(made, value, options);
    };
    this.wait = function wait(delay?: number, options?: TimerOptions): Promise<void> {
      if (!areTimerOptions(delay, options))
        return real.wait(delay as number, options as Parameters<typeof real.wait>[1]);
      const made = { name: 'setTimeout', delayMs: delay ?? 1 } as const;
      captureSite(made, wait);
      return later(made, undefined, options);
    };
    this.setInterval = function setInterval<T>(delay?: number, value?: T, options?: TimerOptions) {
      if (!areTimerOptions(delay, options)) return real.setInterval(delay, value, options);
      const made = { name: 'setInterval', delayMs: delay ?? 1 } as const;
      captureSite(made, setInterval);
      return ticks(entries, made, value as T, options);
    };
    this.setImmediate = function setImmediate<T>(value?: T, options?: TimerOptions): Promise<T> {
      if (!entries.closed) return real.setImmediate(value, options);
      const made = { name: 'setImmediate', delayMs: 0 } as const;
      captureSite(made, setImmediate);
      entries.arm(made, () => {});
      return NEVER();
    };
  }
}

/** False for what Node refuses: it says so in its own words. */
function areTimerOptions(delay: unknown, options: unknown): boolean {
  if (delay !== undefined && typeof delay !== 'number') return false;
  if (options === undefined) return true;
  if (typeof options !== 'object' || options === null) return false;
  const { ref, signal } = options as { readonly ref?: unknown; readonly signal?: unknown };
  return (ref === undefined || typeof ref === 'boolean') && (signal === undefined || signal instanceof AbortSignal);
}

function plain<T>(entries: TimerEntries, made: PendingTimer, value: T, options?: TimerOptions): Promise<T> {
  return new Promise((resolve) => {
    const timer = entries.arm(made, () => resolve(value));
    if (options?.ref === false) timer?.unref();
  });
}

async function abortable<T>(
  entries: TimerEntries,
  made: PendingTimer,
  value: T,
  options: TimerOptions & { readonly signal: AbortSignal },
): Promise<T> {
  const end = new AbortController();
  const over = entries.enter(made, () => end.abort());
  try {
    return await real.setTimeout(made.delayMs, value, {
      ...options,
      signal: AbortSignal.any([options.signal, end.signal]),
    });
  } catch (error) {
    if (end.signal.aborted) await NEVER();
    throw error;
  } finally {
    over();
  }
}

async function* ticks<T>(entries: TimerEntries, made: PendingTimer, value: T, options: TimerOptions = {}) {
  const end = new AbortController();
  const over = entries.enter(made, () => end.abort());
  const signal = options.signal ? AbortSignal.any([options.signal, end.signal]) : end.signal;
  try {
    yield* real.setInterval(made.delayMs, value, { ...options, signal });
  } catch (error) {
    if (end.signal.aborted) await NEVER();
    throw error;
  } finally {
    over();
  }
}
