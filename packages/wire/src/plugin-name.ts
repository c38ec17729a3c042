import { canonicalName } from '@backplane/base';

/** What a plugin may be called where it is written; `_` is read as `-`. */
export const PLUGIN_NAME_PATTERN = '^[a-z][a-z0-9_-]{0,62}$';

const pattern = new RegExp(PLUGIN_NAME_PATTERN);

export const isPluginName = (name: string): boolean => pattern.test(name);

/**
 * The canonical name that a file or folder suggests: `PaymentPlugin` and `payment_plugin` suggest `payment-plugin`.
 * It need not be a valid one.
 */
export function nameFromPath(stem: string): string {
  const words = stem.replace(/([a-z0-9])([A-Z])/g, '$1-$2').replace(/([A-Z])([A-Z][a-z])/g, '$1-$2');
  return canonicalName(words)
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}
