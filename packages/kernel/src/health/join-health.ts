import { inspect } from 'node:util';
import type { HealthAnswer, HealthCheckResult, HealthStatus } from '@backplane/plugin-api';
import { normalizeHealth, plainAnswer, worstHealth } from './normalize-health.ts';

const STATUS_OF: Readonly<Record<HealthCheckResult['status'], HealthStatus>> = {
  pass: 'healthy',
  warn: 'degraded',
  fail: 'unhealthy',
};

const MOST_FACTS = 300;

/** What a check that gave no message has told besides. */
function factsOf({ details }: HealthCheckResult): string | undefined {
  return details && inspect(details, { breakLength: Number.POSITIVE_INFINITY, depth: 2 }).slice(0, MOST_FACTS);
}

/** What `health()` said and what the checks found, as one answer: the worst of all. It is plain data, for it may cross to another process. */
export function joinHealth(answer: HealthAnswer, results: readonly HealthCheckResult[]): HealthAnswer {
  if (results.length === 0) return plainAnswer(answer);
  const { status, checks, services, details, message } = normalizeHealth(answer);
  const worst = worstHealth([status, ...results.map((result) => STATUS_OF[result.status])]);
  const culprit = results.find((result) => STATUS_OF[result.status] === worst && result.status !== 'pass');
  const said = message ?? (culprit && `${culprit.name}: ${culprit.message ?? factsOf(culprit) ?? culprit.status}`);
  return {
    ...details,
    status: worst,
    ...(said !== undefined && { message: said }),
    checks: [...checks, ...results],
    ...(Object.keys(services).length > 0 && { services }),
  };
}
