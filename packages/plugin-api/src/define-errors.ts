import { createErrors, type ErrorCatalogue, type ErrorEntries } from '@backplane/base';

/**
 * Declares a plugin's own error codes, `BP_` and the plugin's name first. What an entry makes ends a request with its status and reaches a
 * caller of a service with code, status and details, also from another process. Nothing of it outlives the plugin.
 */
export function defineErrors<const E extends ErrorEntries>(entries: E): ErrorCatalogue<E> {
  return createErrors(entries);
}
