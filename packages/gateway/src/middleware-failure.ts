import { isBackplaneError, messageOf } from '@backplane/base';
import { errors } from './errors.ts';
import type { Layer } from './layer.ts';

/** Middleware returned something else than an answer. */
export const noAnswer = ({ plugin, name }: Layer): Error =>
  errors.BP_MIDDLEWARE_NO_ANSWER({ plugin, middleware: name });

/** An error that middleware throws with a code of its own below 500 is its answer; any other is its failure. */
export function failureOf(thrown: unknown, { plugin, name }: Layer): unknown {
  if (isBackplaneError(thrown) && (thrown.status < 500 || thrown.code.startsWith('BP_MIDDLEWARE_'))) return thrown;
  return errors.BP_MIDDLEWARE_FAILED({ plugin, middleware: name, problem: messageOf(thrown) }, { cause: thrown });
}
