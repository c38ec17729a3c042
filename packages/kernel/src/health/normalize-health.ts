import type { HealthAnswer, HealthCheckResult, HealthReport, HealthStatus } from '@backplane/plugin-api';
import { plainFacts } from './plain-facts.ts';

const STATUSES: readonly string[] = ['healthy', 'degraded', 'unhealthy'];
const WORST_FIRST: readonly HealthStatus[] = ['unhealthy', 'degraded', 'healthy'];

/** The worst of several. */
export function worstHealth(statuses: Iterable<HealthStatus>): HealthStatus {
  const all = new Set(statuses);
  return WORST_FIRST.find((status) => all.has(status)) ?? 'healthy';
}

/**
 * Reads every form a plugin may answer in. A stated `status` or `healthy` wins; without one, a failed check is `unhealthy` and a warning
 * `degraded`. Services that are not mentioned are as the plugin is. Never throws, and what it gives is fit for JSON.
 */
export function normalizeHealth(told: HealthAnswer, serviceIds: readonly string[] = []): HealthReport {
  const answer = plainAnswer(told);
  const given = typeof answer === 'object' && answer !== null ? answer : {};
  const { healthy, status, message, checks, services, ...details } = given as Exclude<
    HealthAnswer,
    boolean | HealthStatus
  >;
  const list = Array.isArray(checks) ? (checks as readonly unknown[]).filter(isMap).map(checkOf) : [];
  const overall = statusOf(answer, healthy, status, list);
  const local = serviceIds.map((id) => [id.slice(id.lastIndexOf('.') + 1), { status: overall }] as const);
  return {
    status: overall,
    ...(typeof message === 'string' && { message }),
    checks: list,
    services: { ...Object.fromEntries(local), ...servicesOf(services) },
    details,
  };
}

/** The answer as plain data. */
export function plainAnswer(answer: HealthAnswer): HealthAnswer {
  const plain = plainFacts(answer);
  const isUnreadable = typeof answer === 'object' && answer !== null && !isMap(plain);
  return isUnreadable ? { status: 'unhealthy', message: String(plain) } : (plain as HealthAnswer);
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function checkOf({ name, message, ...check }: Record<string, unknown>): HealthCheckResult {
  return {
    name: String(name ?? 'check'),
    ...(check as Pick<HealthCheckResult, 'status'>),
    ...(message !== undefined && { message: String(message) }),
  };
}

const servicesOf = (services: unknown): HealthReport['services'] =>
  isMap(services)
    ? (Object.fromEntries(Object.entries(services).filter(([, one]) => isMap(one))) as HealthReport['services'])
    : {};

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
