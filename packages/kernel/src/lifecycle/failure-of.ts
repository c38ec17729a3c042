import { isBackplaneError, messageOf } from '@backplane/base';
import type { HealthReport } from '@backplane/plugin-api';
import type { Failure } from '@backplane/ports';

/** Plain data of anything that was thrown. */
export function failureOf(thrown: unknown): Failure {
  return {
    code: isBackplaneError(thrown) ? thrown.code : 'BP_STEP_FAILED',
    message: bounded(messageOf(thrown)),
    stack: bounded(stackOf(thrown)),
    ...(isBackplaneError(thrown, 'BP_PLUGIN_UNHEALTHY') && {
      health: (thrown.details as { readonly report: HealthReport }).report,
    }),
  };
}

/** Characters of a plugin's text that are kept: it is repeated in status, history and log. */
const MOST_TEXT = 8192;

function bounded<T extends string | undefined>(text: T): T {
  return text !== undefined && text.length > MOST_TEXT ? (`${text.slice(0, MOST_TEXT)}…` as T) : text;
}

/** The stack of the innermost cause: that is where the author's line is. */
function stackOf(thrown: unknown): string | undefined {
  let at = thrown;
  let stack: string | undefined;
  try {
    for (let depth = 0; depth < 8 && at instanceof Error; depth++) {
      const found: unknown = at.stack;
      if (typeof found === 'string') stack = found;
      at = at.cause;
    }
  } catch {
    // A plugin threw something whose own getters throw: what was found so far has to do.
  }
  return stack;
}
