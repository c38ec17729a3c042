export type { AddressedPlugin } from './addressed-plugins.ts';
export { type ConfigSource, type ConfigSourceOptions, createConfigSource, type PluginConfig } from './config-source.ts';
export type { ConfigValidator, ValidationOutcome, ValidatorOptions } from './config-validator.ts';
export { type DiscoverySettings, readDiscoverySettings } from './discovery-settings.ts';
export type { HostSettings } from './host-settings.ts';
export { type ConfigLayer, type ConfigOrigin, type MergedConfig, mergeLayers } from './merge-layers.ts';
export { normalizeConfigSchema } from './normalize-config-schema.ts';
export { DEFAULT_ENVIRONMENTS } from './plugin-file.ts';
export { type ConfigIssue, type ValidatedConfig, validatePluginConfig } from './validate-plugin-config.ts';
