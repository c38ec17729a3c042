export {
  DEFAULT_ENVIRONMENTS,
  type DiscoverySettings,
  readDiscoverySettings,
  readServicePort,
} from '@backplane/config';
export type {
  DatabaseProvider,
  SqlDatabase,
  SqlResult,
  SqlRunner,
  SqlTransaction,
  SqlValue,
} from '@backplane/ports';
export type { CacheSettings } from './cache-options.ts';
export type { ConfigurationValue } from './configured-values.ts';
export { createHost } from './create-host.ts';
export type { Host, HostStart } from './host.ts';
export type { HostOptions } from './host-options.ts';
export { HOST_VERSION } from './host-version.ts';
export { type LiveChange, liveLine } from './live-plugins.ts';
export type { MountOptions } from './mount.ts';
export {
  createPluginEnabledService,
  type PluginEnabledService,
  PluginEnabledServiceFactory,
  type PluginEnabledServiceOptions,
  type ServiceConfig,
} from './plugin-enabled-service.ts';
export type { ManagedPlugin, PluginManager } from './plugin-manager.ts';
export {
  type Configuration,
  type PluginConfiguration,
  readConfiguration,
  type SaidOverFiles,
  type Stranger,
} from './read-configuration.ts';
export type { PluginInput } from './registered-plugins.ts';
