/** `degraded` still serves. */
export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy';

/** One thing a plugin looked at. A `fail` makes it unhealthy and a `warn` degraded, where it states no status itself. */
export interface HealthCheckResult {
  readonly name: string;
  readonly status: 'pass' | 'warn' | 'fail';
  readonly message?: string;
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
