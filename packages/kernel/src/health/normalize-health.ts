import type { HealthAnswer, HealthCheckResult, HealthReport, HealthStatus } from '@backplane/plugin-api';

const STATUSES: readonly string[] = ['healthy', 'degraded', 'unhealthy'];
const WORST_FIRST: readonly HealthStatus[] = ['unhealthy', 'degraded', 'healthy'];

/** The worst of several. */
export function worstHealth(statuses: Iterable<HealthStatus>): HealthStatus {
  const all = new Set(statuses);
  return WORST_FIRST.find((status) => all.has(status)) ?? 'healthy';
}

/**
 * Reads every form a plugin may answer in. A stated `status` or `healthy` wins; without one, a failed check is `unhealthy` and a warning
 * `degraded`. Services that are not mentioned are as the plugin is.
 */
export function normalizeHealth(answer: HealthAnswer, serviceIds: readonly string[] = []): HealthReport {
  const given = typeof answer === 'object' && answer !== null ? answer : {};
  const { healthy, status, message, checks, services, ...details } = given as Exclude<
    HealthAnswer,
    boolean | HealthStatus
  >;
  const list: readonly HealthCheckResult[] = Array.isArray(checks) ? checks : [];
  const overall = statusOf(answer, healthy, status, list);
  const local = serviceIds.map((id) => [id.slice(id.lastIndexOf('.') + 1), { status: overall }] as const);
  return {
    status: overall,
    ...(typeof message === 'string' && { message }),
    checks: list,
    services: { ...Object.fromEntries(local), ...services },
    details,
  };
}

function statusOf(
  answer: HealthAnswer,
  healthy: boolean | undefined,
  status: HealthStatus | undefined,
  checks: readonly HealthCheckResult[],
): HealthStatus {
  if (typeof answer === 'boolean') return answer ? 'healthy' : 'unhealthy';
  if (typeof answer === 'string') return STATUSES.includes(answer) ? answer : 'unhealthy';
  if (status !== undefined) return STATUSES.includes(status) ? status : 'unhealthy';
  if (healthy !== undefined) return healthy ? 'healthy' : 'unhealthy';
  if (checks.some((check) => check.status === 'fail')) return 'unhealthy';
  return checks.some((check) => check.status === 'warn') ? 'degraded' : 'healthy';
}
