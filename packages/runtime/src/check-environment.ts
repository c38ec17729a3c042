import { DEFAULT_ENVIRONMENTS } from '@backplane/config';
import { nearestName } from '@backplane/wire';
import { errors } from './errors.ts';

/**
 * Gives the name of an environment back, unless it is short for, or a slip of, one that has a meaning: `prod` would be no production.
 * @throws BP_ENVIRONMENT_MISTAKABLE
 */
export function checkEnvironment(environment: string): string {
  if (DEFAULT_ENVIRONMENTS.includes(environment)) return environment;
  const plain = environment.toLowerCase();
  const short = plain.length < 3 ? undefined : DEFAULT_ENVIRONMENTS.find((known) => known.startsWith(plain));
  const nearest = short ?? nearestName(environment, DEFAULT_ENVIRONMENTS);
  if (nearest !== undefined) throw errors.BP_ENVIRONMENT_MISTAKABLE({ environment, nearest });
  return environment;
}
