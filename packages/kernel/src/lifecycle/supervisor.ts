import type { Clock } from '@backplane/base';
import type { KernelEvent } from '../kernel-event.ts';
import { CrashPolicy } from './crash-policy.ts';
import { failureOf } from './failure-of.ts';
import type { PluginRecord } from './plugin-record.ts';

/** Decides what happens after a crash: another attempt later, or quarantine. */
export class Supervisor {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #onEvent: (event: KernelEvent) => void;
  readonly #retry: (name: string) => void;
  readonly #policies = new WeakMap<PluginRecord, CrashPolicy>();

  constructor(options: {
    readonly clock: Clock;
    readonly random: () => number;
    readonly onEvent: (event: KernelEvent) => void;
    readonly retry: (name: string) => void;
  }) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#onEvent = options.onEvent;
    this.#retry = options.retry;
  }

  /** Records a crash in the plugin's state, and plans the next attempt where there is to be one. */
  crashed(record: PluginRecord, error: unknown): void {
    let policy = this.#policies.get(record);
    if (!policy) {
      policy = new CrashPolicy(this.#random);
      this.#policies.set(record, policy);
    }
    const now = this.#clock.now();
    const verdict = policy.crashed(now);
    const failure = failureOf(error);
    record.retry?.cancel();
    if (verdict.kind === 'quarantine') {
      record.enter({ phase: 'quarantined', failure, crashes: verdict.crashes }, now);
      this.#report(record, `quarantined after ${verdict.crashes} crashes within 5 minutes: ${failure.message}`, error);
      return;
    }
    record.enter({ phase: 'failed', failure, retryAt: now + verdict.delayMs, crashes: policy.crashes }, now);
    record.retry = this.#clock.after(verdict.delayMs, () => this.#retry(record.name));
    this.#report(record, `failed, next attempt in ${verdict.delayMs} ms: ${failure.message}`, error);
  }

  /** Takes back the planned attempt. With `pardon`, what has crashed before no longer counts: somebody changed something. */
  calm(record: PluginRecord, pardon: boolean): void {
    record.retry?.cancel();
    record.retry = undefined;
    if (pardon) this.#policies.get(record)?.reset();
  }

  #report(record: PluginRecord, message: string, error: unknown): void {
    this.#onEvent({ level: 'error', plugin: record.name, message, error });
  }
}
