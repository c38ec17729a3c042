import type { ConfigSchema, DatabaseMigration, Phase, PluginKind, PluginType, StepLimits } from '@backplane/plugin-api';

export interface DependencyData {
  /** Canonical name. */
  readonly name: string;
  /** Semver range; `*` for any. */
  readonly range: string;
  readonly optional: boolean;
}

export interface NeedData {
  /** The name in `context.services`. */
  readonly key: string;
  readonly serviceId: string;
  /** Semver range on the provider's version; `*` for any. */
  readonly range: string;
  readonly mode: 'required' | 'optional' | 'lazy';
}

/** A plugin's metadata with every default filled in and every short form spelled out. Plain data but for `config`. */
export interface PluginData {
  /** Canonical name. */
  readonly name: string;
  readonly version: string;
  readonly displayName: string;
  readonly description: string;
  readonly author: string;
  readonly license: string;
  readonly aliases: readonly string[];
  readonly kinds: readonly PluginKind[];
  readonly type: PluginType;
  readonly phase: Phase;
  readonly priority: number;
  readonly dependencies: readonly DependencyData[];
  readonly needs: readonly NeedData[];
  /** Service ids. */
  readonly provides: readonly string[];
  readonly replace: 'beside' | 'stop-first';
  readonly limits: Readonly<Required<StepLimits>>;
  readonly metricsPrefix: string;
  /** False where the operator wants no routes of it (`service_integration: false`). */
  readonly mounted: boolean;
  /** False where the operator wants it started at its first use, not with the host (`auto_load: false`). */
  readonly autoLoad: boolean;
  readonly migrations: readonly DatabaseMigration[];
  /** As the author wrote it. */
  readonly config: ConfigSchema | undefined;
}
