import type { Clock } from '@backplane/base';
import type { Unavailable } from '@backplane/ports';
import { errors } from './errors.ts';
import type { Destination } from './exchange.ts';

/** Seconds, where nobody knows when the plugin is tried again. */
const RETRY_AFTER_UNKNOWN = 10;

/** Refuses every request to a plugin that does not run, with the reason. */
export function refuserOf({ name, phase, reason, retryAt }: Unavailable, clock: Clock): Destination {
  return {
    plugin: name,
    serve(exchange) {
      const seconds =
        retryAt === undefined ? RETRY_AFTER_UNKNOWN : Math.max(1, Math.ceil((retryAt - clock.now()) / 1000));
      exchange.offerRefusal({
        error: errors.BP_PLUGIN_UNAVAILABLE({ plugin: name, phase, reason }),
        headers: { 'retry-after': String(seconds) },
      });
    },
  };
}
