export type {
  AuditPageBody,
  AuditRecordBody,
  AuditVerdictBody,
  DesiredStateBody,
  EffectiveConfigBody,
  FactsBody,
  LogLevelBody,
  LogLineBody,
  LogPageBody,
  OperationBody,
  OperationPageBody,
  RevisionBody,
  RevisionDiffBody,
  RevisionPageBody,
  RevisionStateBody,
  StateBody,
} from './admin-bodies.ts';
export type {
  BulkBody,
  BulkResultBody,
  ChangeBody,
  ConfigurationBody,
  ConfigurationCreatedBody,
  ConfigurationPageBody,
  ConfigurationUpdateBody,
  ExecuteBody,
  ExecutedBody,
  HookBody,
  HookPageBody,
  InstallBody,
  NewConfigurationBody,
  NewHookBody,
  NewPluginBody,
  NewTemplateBody,
  PluginBody,
  PluginChangeBody,
  PluginPageBody,
  PluginStatsBody,
  PluginUpdateBody,
  RegistryEntryBody,
  RegistryPageBody,
  TemplateBody,
  TemplatePageBody,
  WholeConfigurationBody,
} from './api-bodies.ts';
export { codeFrame } from './code-frame.ts';
export { HOST_FILE_SCHEMA_ID, hostFileSchema, PLUGIN_FILE_SCHEMA_ID, pluginFileSchema } from './config-file-schemas.ts';
export type {
  ExtensionPointBody,
  ExtensionPointsBody,
  HandlerBody,
  HealthBody,
  PlaceBody,
  PluginHealthBody,
  PluginMetricsBody,
  PluginStatusBody,
  PluginsStatusBody,
  ReadyBody,
  ReloadBody,
  WhyBody,
} from './management-bodies.ts';
export type { PluginManifest } from './manifest.ts';
export { type ManifestOutcome, type ManifestSource, manifestPlace, manifestSource } from './manifest-source.ts';
export { nameProblem } from './name-problem.ts';
export { nearestName } from './nearest-name.ts';
export { isPluginName, nameFromPath, PLUGIN_NAME_PATTERN } from './plugin-name.ts';
export type { Problem, ProblemIssue } from './problem.ts';
export { PROBLEM_MEDIA_TYPE, type ProblemCircumstances, problemOf, problemType } from './problem-of.ts';
export { isReservedName, RESERVED_MOUNTS, RESERVED_PLUGIN_NAMES } from './reserved-names.ts';
export { type ResolvedPluginData, type ResolveOptions, resolvePluginData } from './resolve-plugin-data.ts';
export { expectedBy, type SchemaError, type SchemaIssue, schemaIssues } from './schema-issue.ts';
export { SealedValue } from './sealed-value.ts';
export { type SecretPlace, SecretReference } from './secret-reference.ts';
export {
  nearestPosition,
  type Position,
  type Positions,
  pathOf,
  placeName,
  pointerOf,
  type SourcePlace,
  type SourceProblem,
  sourceProblem,
} from './source-problem.ts';
