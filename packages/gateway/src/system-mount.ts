import type { IncomingMessage, ServerResponse } from 'node:http';

/** Pages of the host itself, such as `/health`. No plugin's middleware is around them: a broken one never locks the operator out. */
export interface SystemMount {
  /** First segments of the paths it serves, canonical. */
  readonly segments: readonly string[];
  /** Answers the request itself, errors included; what it throws is answered as a problem. */
  handle(request: IncomingMessage, response: ServerResponse): void | Promise<void>;
}
