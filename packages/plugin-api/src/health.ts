import type { Effect } from './scope.ts';

/** `degraded` still serves. */
export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy';

/** One thing a plugin looked at. A `fail` makes it unhealthy and a `warn` degraded, where it states no status itself. */
export interface HealthCheckResult {
  readonly name: string;
  readonly status: 'pass' | 'warn' | 'fail';
  readonly message?: string;
  /** Whatever else the check found out. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Milliseconds that the check took. */
  readonly durationMs?: number;
  /** Milliseconds since it ended: more than 0 for one that has an interval of its own. */
  readonly ageMs?: number;
}

/** A plugin's health as it is answered everywhere. */
export interface HealthReport {
  readonly status: HealthStatus;
  readonly message?: string;
  readonly checks: readonly HealthCheckResult[];
  /** By local service name, such as `document_signer`. */
  readonly services: Readonly<Record<string, { readonly status: HealthStatus; readonly message?: string }>>;
  /** Whatever else the plugin reported. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** What a plugin may answer: `true`, `{ healthy: true }`, `{ status }`, `{ checks }`, any mixture with facts of its own. */
export type HealthAnswer =
  | boolean
  | HealthStatus
  | ({
      readonly healthy?: boolean;
      readonly status?: HealthStatus;
      readonly message?: string;
      readonly checks?: readonly HealthCheckResult[];
      readonly services?: Readonly<Record<string, { readonly status: HealthStatus; readonly message?: string }>>;
    } & Readonly<Record<string, unknown>>);

export interface HealthCheckOptions {
  /** Milliseconds from the end of one check to the next; the last result is what is answered then. Without it, the check is made whenever somebody asks. */
  readonly everyMs?: number;
  /** Milliseconds after which the check has failed. Default 3,000. */
  readonly timeoutMs?: number;
}

/** Checks of single things that the plugin depends on. The worst of them, and of `health()`, is the plugin's health. */
export interface HealthService {
  /**
   * Adds a check; the scope owns it. One that hangs fails at its limit and is not made again before it has ended.
   * @throws BP_HEALTH_CHECK when the name is taken, or a time is no number above 0
   */
  check(
    name: string,
    options: HealthCheckOptions,
    check: (signal: AbortSignal) => HealthAnswer | Promise<HealthAnswer>,
  ): Effect;
}
