import type { CacheService } from './cache.ts';
import type { DatabaseService } from './database.ts';
import type { EventService } from './events.ts';
import type { ExtensionPoints } from './extension-points.ts';
import type { HealthService } from './health.ts';
import type { HttpService } from './http.ts';
import type { Logger } from './logger.ts';
import type { MetricService } from './metrics.ts';
import type { Scope } from './scope.ts';
import type { SecurityService } from './security.ts';
import type { ServiceClass } from './service-class.ts';
import type { Handles, Needs, ServiceRef } from './service-ref.ts';
import type { ServiceRegistry } from './service-registry.ts';

export type IsolationLevel = 'inline' | 'thread' | 'process';

/** Who the plugin is in this host. */
export interface PluginIdentity {
  readonly name: string;
  readonly version: string;
  /** Counts the instances of this plugin since the host started; 1 is the first. */
  readonly instance: number;
  readonly level: IsolationLevel;
}

/** Everything the host gives a plugin. One per instance; nothing here outlives it. */
export interface PluginContext<C = Readonly<Record<string, unknown>>, N extends Needs = Needs> {
  readonly plugin: PluginIdentity;
  /** `development`, `production`, … as `BACKPLANE_ENVIRONMENT` says. */
  readonly environment: string;
  /** Validated, defaults filled in, frozen. */
  readonly config: C;
  /** Handles to what `needs` names. They may be called from `start` on. */
  readonly services: Handles<N>;
  readonly scope: Scope;
  readonly http: HttpService;
  readonly logger: Logger;
  readonly security: SecurityService;
  /** The plugin's own database. Without a use of it, nothing is opened or made. */
  readonly database: DatabaseService;
  readonly events: EventService;
  readonly health: HealthService;
  readonly metrics: MetricService;
  readonly registry: ServiceRegistry;
  readonly cache: CacheService;
  readonly extensionPoints: ExtensionPoints;
  /**
   * Offers a service that the plugin declares in `provides`. Called in `initialize`.
   * @throws BP_SERVICE_UNDECLARED, BP_SERVICE_PROVIDED_TWICE
   */
  provide<T extends object>(ref: ServiceRef<T>, implementation: NoInfer<T>): void;
  /**
   * The object of a class in `provides`: made and offered when first asked for, the same from then on. Those that nobody has asked for are
   * made when `initialize` has ended.
   * @throws BP_SERVICE_CLASS_UNNAMED, BP_SERVICE_UNDECLARED
   */
  provide<T extends object>(Class: ServiceClass<T>): Promise<T>;
  /** Says that the plugin cannot go on: it is taken out, its dependents are stopped with this reason, and it is started again later. */
  fail(reason: unknown): void;
}

/** What a new version finds of the one it replaces. */
export interface Handover {
  /** What `handOver` of the old version gave; `undefined` at a first start. Structured-cloneable. */
  readonly state: unknown;
  readonly fromVersion: string | undefined;
}
