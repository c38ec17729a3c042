/** A value that JSON can hold. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** A configured value: as it is, or the id under which it lies sealed. The id is new whenever the value is. */
export type WantedValue = { readonly value: JsonValue } | { readonly secret: string };

/** A method of a plugin that answers a hook, registered by somebody. */
export interface WantedHook {
  readonly hook_name: string;
  readonly hook_type: 'action' | 'filter' | 'event';
  readonly callback_method: string;
  /** Lower runs first. */
  readonly priority: number;
  readonly conditions: JsonValue;
  readonly description: string;
  readonly active: boolean;
}

/** Where code is that lies in no plugin folder. */
export type WantedCode =
  /** A module below a plugin folder, and its export. */
  | { readonly from: 'module'; readonly module_path: string; readonly entry_point: string }
  /** A copy that was made of a folder when it was installed; `folder` is its name in the data folder. */
  | { readonly from: 'installed'; readonly folder: string; readonly source: string; readonly digest: string };

/** What is said of a plugin in place of what it says itself. */
export interface WantedDescription {
  readonly display_name?: string;
  readonly description?: string;
  readonly author?: string;
  readonly version?: string;
  readonly plugin_type?: string;
  readonly config_schema?: JsonValue;
}

/** What one plugin is to be, over what its files say. */
export interface WantedPlugin {
  readonly enabled?: boolean;
  /** By the path of its key: `timeout`, `pkd.urls`. */
  readonly config?: Readonly<Record<string, WantedValue>>;
  readonly hooks?: readonly WantedHook[];
  readonly code?: WantedCode;
  readonly about?: WantedDescription;
}

/** What is to run, over what the files say. Plain data; never changed, but replaced by another. */
export interface WantedState {
  /** By canonical name. A plugin of which nothing is said is not there. */
  readonly plugins: Readonly<Record<string, WantedPlugin>>;
}

/** A desired state as it was once. */
export interface Revision {
  /** Counts up. 0 is before anything was said. */
  readonly id: number;
  /** The one it was made from. */
  readonly parent: number | undefined;
  readonly author: string;
  readonly comment: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly state: WantedState;
}

/** Nothing is said: the files alone decide. */
export const NOTHING_WANTED: WantedState = Object.freeze({ plugins: Object.freeze({}) });
