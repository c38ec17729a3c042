import type { ChangeReport } from './change-report.ts';
import type { WantedCode, WantedHook } from './desired-state.ts';

/** One value that a plugin is configured with. Secrets are `***`. */
export interface EffectiveValue {
  /** As a path: `pkd.urls.0`. */
  readonly key: string;
  readonly value: unknown;
  /** The layer that gave it: `schema` for a default, `base`, `production`, `api`, `environment`, … */
  readonly layer: string;
  /** `FILE:LINE:COLUMN`, or the name of the environment variable. */
  readonly place: string | undefined;
  /** Lower layers that set it as well, highest first. */
  readonly hidden: readonly { readonly layer: string; readonly place: string | undefined }[];
}

/** What a plugin is configured with, all layers taken together. */
export interface EffectiveConfiguration {
  readonly plugin: string;
  readonly enabled: boolean;
  readonly values: readonly EffectiveValue[];
  /** What is wrong with it. */
  readonly problems: readonly string[];
}

/** A folder that was copied to be run, and runs as soon as a desired state names it. */
export interface StagedInstall {
  readonly name: string;
  readonly version: string;
  readonly code: WantedCode;
  /** Takes the copy away, unless another install made it. */
  discard(): Promise<void>;
}

/** A change of the running system, as it is remembered. */
export interface RecentChange extends ChangeReport {
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** What an operator may ask and do besides changing what is to run. Names are canonical. */
export interface Administration {
  /** Versions, places and settings of this host. Holds no secret. */
  environment(): Readonly<Record<string, unknown>>;
  /** Of one plugin, or of all. @throws BP_PLUGIN_UNKNOWN */
  effective(plugin?: string): Promise<readonly EffectiveConfiguration[]>;
  /**
   * Calls a method of a plugin's service as the host. Without `service`, of the one that has it.
   * @throws BP_PLUGIN_UNAVAILABLE, BP_SERVICE_UNAVAILABLE, BP_METHOD_MISSING, and whatever the method throws
   */
  execute(
    plugin: string,
    service: string | undefined,
    method: string,
    args: readonly unknown[],
  ): Promise<{ readonly service: string; readonly result: unknown }>;
  /**
   * Refuses a hook that could not be called: its method (of a plugin that runs; of another nobody knows), its conditions, its type.
   * @throws BP_METHOD_UNKNOWN, BP_SERVICE_AMBIGUOUS, BP_HOOK_CONDITIONS, BP_HOOK_TYPE
   */
  checkHook(plugin: string, hook: WantedHook): Promise<void>;
  /** Newest last. */
  changes(): readonly RecentChange[];
  logLevels(): Readonly<Record<string, string>>;
  /** @throws BP_LOG_LEVEL_UNKNOWN */
  setLogLevel(namespace: string, level: string | undefined): void;
  /**
   * Copies a plugin's folder to where nobody changes it.
   * @throws BP_INSTALL_REFUSED
   */
  stage(source: string): Promise<StagedInstall>;
  /** Where a module below the plugin folders is. @throws BP_DISCOVERY_OUTSIDE, BP_DISCOVERY_ENTRY_MISSING, BP_DISCOVERY_ENTRY_INVALID */
  locate(name: string, modulePath: string, entryPoint: string): { readonly file: string };
  /** The file that a plugin's code begins with, where it is known. */
  entryOf(plugin: string): string | undefined;
  /** Seals everything anew under a fresh master key, and forgets the old one. Gives how many values that were. @throws BP_MASTER_KEY_GIVEN */
  rotateMasterKey(): Promise<number>;
}
