import type { BackplaneError } from '@backplane/base';
import type { DesiredPlugin } from '../lifecycle/plugin-record.ts';

/** An edit of what should run. */
export interface Change {
  /** New plugins, and new code or configuration for known ones. */
  readonly set?: readonly DesiredPlugin[];
  /** Plugins that are to go. */
  readonly remove?: readonly string[];
  /** Plugins to be replaced by a fresh instance although nothing differs, or tried again although they are quarantined. */
  readonly force?: readonly string[];
  /** Dormant plugins that are to start. */
  readonly wake?: readonly string[];
  /** Plugins whose code could not be loaded: shown with the reason; a running version serves on. */
  readonly refuse?: readonly { readonly name: string; readonly origin: string; readonly error: BackplaneError }[];
  /** Plugins that are switched off: shown with the reason; those that run are to go. */
  readonly disable?: readonly { readonly name: string; readonly origin: string; readonly reason: string }[];
  /** The host is still starting afterwards: more follows at once. */
  readonly partial?: boolean;
  /** One failure takes the whole change back. Otherwise each plugin succeeds or fails by itself. */
  readonly atomic?: boolean;
  /** Why, for the log and the history. */
  readonly reason?: string;
}

/** Plugins that are not to run after a change: removed, or switched off. */
export function leaving({ remove = [], disable = [] }: Change): string[] {
  return [...remove, ...disable.map(({ name }) => name)];
}
