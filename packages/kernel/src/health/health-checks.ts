import { type Clock, messageOf, withTimeLimit } from '@backplane/base';
import type { Effect, HealthAnswer, HealthCheckOptions, HealthCheckResult, Scope } from '@backplane/plugin-api';
import type { HealthFacet } from '@backplane/ports';
import { errors } from '../errors.ts';
import { normalizeHealth } from './normalize-health.ts';

/** Milliseconds that a check may take unless told: below the limit of the health step, so that one that hangs is named. */
const LIMIT_MS = 3000;
/** A result is overdue after this many intervals. */
const OVERDUE = 3;

type CheckFunction = (signal: AbortSignal) => HealthAnswer | Promise<HealthAnswer>;
type Result = Omit<HealthCheckResult, 'name' | 'ageMs'>;

interface Dated {
  readonly result: Result;
  readonly at: number;
}

/** The health checks of one instance. */
export class HealthChecks implements HealthFacet {
  readonly #plugin: string;
  readonly #scope: Pick<Scope, 'add' | 'interval'>;
  readonly #clock: Clock;
  readonly #checks = new Map<string, Check>();

  constructor(plugin: string, scope: Pick<Scope, 'add' | 'interval'>, clock: Clock) {
    this.#plugin = plugin;
    this.#scope = scope;
    this.#clock = clock;
  }

  check(name: string, options: HealthCheckOptions, check: CheckFunction): Effect {
    const { everyMs, timeoutMs = LIMIT_MS } = options;
    const refuse = (problem: string) => errors.BP_HEALTH_CHECK({ plugin: this.#plugin, check: String(name), problem });
    if (typeof name !== 'string' || name === '') throw refuse('a check has a name');
    if (this.#checks.has(name)) throw refuse('there is one of that name');
    for (const [key, value] of Object.entries({ everyMs: everyMs ?? 1, timeoutMs })) {
      if (!(Number.isFinite(value) && value > 0)) throw refuse(`"${key}" is ${value}, and must be a number above 0`);
    }
    const made = new Check(name, check, everyMs, timeoutMs, this.#clock);
    this.#checks.set(name, made);
    const timer = everyMs === undefined ? undefined : this.#scope.interval(`health ${name}`, everyMs, () => made.run());
    return this.#scope.add(`health check ${name}`, async () => {
      this.#checks.delete(name);
      await timer?.dispose();
    });
  }

  /** In the order in which they were registered. */
  get names(): readonly string[] {
    return [...this.#checks.keys()];
  }

  results(): Promise<readonly HealthCheckResult[]> {
    return Promise.all([...this.#checks.values()].map((check) => check.result()));
  }
}

/** One check: made once at a time, whoever asks. */
class Check {
  readonly #name: string;
  readonly #check: CheckFunction;
  readonly #everyMs: number | undefined;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  #last: Dated | undefined;
  #running: Promise<void> | undefined;
  /** The author's own promise, which may go on after its limit. */
  #working = false;

  constructor(name: string, check: CheckFunction, everyMs: number | undefined, timeoutMs: number, clock: Clock) {
    this.#name = name;
    this.#check = check;
    this.#everyMs = everyMs;
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
  }

  /** Makes the check, or waits for the one that is being made. Never rejects. */
  run(): Promise<void> {
    this.#running ??= this.#make().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async result(): Promise<HealthCheckResult> {
    if (this.#everyMs === undefined || this.#last === undefined) await this.run();
    const { result, at } = this.#last as Dated;
    const ageMs = Math.round(this.#clock.monotonic() - at);
    const name = this.#name;
    if (this.#everyMs === undefined) return { name, ...result, ageMs };
    if (ageMs <= this.#everyMs * OVERDUE + this.#timeoutMs || result.status === 'fail')
      return { name, ...result, ageMs };
    const message = `The last result is ${Math.round(ageMs / 1000)} s old, and one is due every ${this.#everyMs / 1000} s.`;
    return { name, ...result, status: 'warn', message, ageMs };
  }

  async #make(): Promise<void> {
    const began = this.#clock.monotonic();
    const result = await this.#outcome();
    const at = this.#clock.monotonic();
    this.#last = { result: { ...result, durationMs: Math.round(at - began) }, at };
  }

  async #outcome(): Promise<Result> {
    if (this.#working) return { status: 'fail', message: 'The check before has not ended yet.' };
    const limit = this.#timeoutMs;
    try {
      const answer = await withTimeLimit(
        this.#clock,
        limit,
        (signal) => this.#ask(signal),
        () => new Error(`It has not answered after ${limit} ms.`),
      );
      const { status, message, checks, details } = normalizeHealth(answer);
      const failed = checks.find((check) => check.status !== 'pass');
      const said = message ?? failed?.message ?? failed?.name;
      return {
        status: status === 'healthy' ? 'pass' : status === 'degraded' ? 'warn' : 'fail',
        ...(said !== undefined && { message: said }),
        ...(Object.keys(details).length > 0 && { details }),
      };
    } catch (error) {
      return { status: 'fail', message: messageOf(error) };
    }
  }

  async #ask(signal: AbortSignal): Promise<HealthAnswer> {
    this.#working = true;
    try {
      return await this.#check(signal);
    } finally {
      this.#working = false;
    }
  }
}
