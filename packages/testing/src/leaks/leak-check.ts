import { setTimeout as sleep } from 'node:timers/promises';
import { errors } from '../errors.ts';
import { ChannelWatch } from './channel-watch.ts';
import { FileWatch } from './file-watch.ts';
import { ListenerWatch } from './listener-watch.ts';
import { ResourceWatch } from './resource-watch.ts';

export interface LeakCheckOptions {
  /** Milliseconds that what was ended has to go. Default 2,000. Where nothing is left, nothing is waited for. */
  readonly endingMs?: number;
}

const LOOK_EVERY_MS = 10;

/** What this process has made since and not given up. */
export interface LeakCheck extends Disposable {
  /**
   * What is still there, a line each, with the place that made it: timers, servers, connections, processes, threads, watchers, open files,
   * listeners of the process, temporary folders.
   */
  left(): Promise<readonly string[]>;
  /** @throws BP_LEAKS_FOUND */
  expectNone(where: string): Promise<void>;
}

/** Begins to watch. It costs a stack for each timer and socket, so it is for tests. */
export function watchLeaks({ endingMs = 2_000 }: LeakCheckOptions = {}): LeakCheck {
  const watches = [new ResourceWatch(), new ChannelWatch(), new ListenerWatch(process), new FileWatch()];
  const now = () => watches.flatMap((watch) => watch.left());
  const check: LeakCheck = {
    async left() {
      const until = performance.now() + endingMs;
      while (now().length > 0 && performance.now() < until) await sleep(LOOK_EVERY_MS);
      return now();
    },
    async expectNone(where) {
      const leaks = await check.left();
      if (leaks.length > 0) throw errors.BP_LEAKS_FOUND({ where, leaks });
    },
    [Symbol.dispose]() {
      for (const watch of watches) watch[Symbol.dispose]();
    },
  };
  return check;
}

/**
 * Does some work and makes sure that nothing is left of it.
 * @throws BP_LEAKS_FOUND, and whatever the work throws
 */
export async function expectNoLeaks<T>(work: () => T | Promise<T>, options?: LeakCheckOptions): Promise<T> {
  using check = watchLeaks(options);
  const result = await work();
  await check.expectNone('The work');
  return result;
}
