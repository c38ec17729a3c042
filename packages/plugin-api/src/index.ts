export {
  BackplaneError,
  type ErrorCatalogue,
  type ErrorEntries,
  type ErrorEntry,
  isBackplaneError,
} from '@backplane/base';
export { adopt, type OwnerContext } from './adopt.ts';
export type { CacheService, CacheSetOptions } from './cache.ts';
export {
  type CallContext,
  type CallOptions,
  CURRENT_CALL,
  currentCall,
  type Principal,
  type TraceContext,
  WITH_OPTIONS,
  withCallOptions,
} from './call-context.ts';
export type { ConfigSchema, InferConfig, NoConfigDeclared, PropertyMap, PropertySchema } from './config-schema.ts';
export type {
  DatabaseDialect,
  DatabaseMigration,
  DatabaseParams,
  DatabaseQueries,
  DatabaseResult,
  DatabaseRow,
  DatabaseService,
  DatabaseValue,
  PreparedQuery,
  UntypedTables,
} from './database.ts';
export { defineErrors } from './define-errors.ts';
export {
  type Dependencies,
  definePlugin,
  type Phase,
  PLUGIN,
  type Plugin,
  type PluginDefinition,
  type PluginDependency,
  type PluginKind,
  type PluginLifecycle,
  type PluginMetadata,
  type PluginType,
  type ReconfigureAnswer,
  type StepLimits,
} from './define-plugin.ts';
export { type EventHandlerOptions, type EventMethod, eventHandler } from './event-handler.ts';
export { type EventHandler, type EventService, type EventType, event, type PluginEvent } from './events.ts';
export {
  type ExtensionPoint,
  type ExtensionPointOptions,
  type ExtensionPoints,
  type ExtensionPointType,
  extensionPoint,
  type HandlerOptions,
  type Hook,
  type HostExtensionPoints,
  type PointHandler,
} from './extension-points.ts';
export type {
  HealthAnswer,
  HealthCheckOptions,
  HealthCheckResult,
  HealthReport,
  HealthService,
  HealthStatus,
} from './health.ts';
export type { ConditionValue, FieldCondition, HookCondition } from './hook-condition.ts';
export type {
  AroundMiddleware,
  GatewayRequest,
  GatewayResponse,
  HookMiddleware,
  HttpService,
  MiddlewareCondition,
  MiddlewareDefinition,
  NextMiddleware,
  ParsedRequest,
  ResponseBody,
  ResponseHeaders,
  ResponseInit,
} from './http.ts';
export type { JsonSchema, JsonTypeName } from './json-schema.ts';
export {
  EventHandlerPlugin,
  HealthPlugin,
  InfrastructurePlugin,
  MetricsPlugin,
  MiddlewarePlugin,
  SecurityPlugin,
  ServicePlugin,
} from './kind-classes.ts';
export type {
  EventHandlerKind,
  HealthKind,
  KindCallbacks,
  MetricsKind,
  MiddlewareKind,
  ServiceKind,
} from './kinds.ts';
export type { Logger } from './logger.ts';
export type { Method } from './method-marks.ts';
export type {
  CollectedMetrics,
  CollectedValue,
  Counter,
  Gauge,
  Histogram,
  HistogramOptions,
  LabelValues,
  MetricDefinition,
  MetricDefinitions,
  MetricOptions,
  MetricService,
} from './metrics.ts';
export {
  type Answered,
  type AnyOperation,
  isOperationReply,
  OPERATION_REPLY,
  type OperationAnswer,
  type OperationDefinition,
  type OperationInput,
  type OperationMethod,
  type OperationReply,
  type OperationResponse,
  type OperationResponses,
  type PathParams,
  reply,
} from './operation.ts';
export { isPluginClass, PluginBase, type PluginClass, pluginFromClass, pluginFromInstance } from './plugin-class.ts';
export type { Handover, IsolationLevel, PluginContext, PluginIdentity } from './plugin-context.ts';
export { type AuthRule, requiresAuth } from './requires-auth.ts';
export type { Effect, Scope, ScopedResource } from './scope.ts';
export type { KeyInfo, KeySpec, SecurityService, SignableData, SigningAlgorithm } from './security.ts';
export { pluginService, provideClass, type ServiceClass, type ServiceName } from './service-class.ts';
export {
  type HandleOf,
  type Handles,
  type LazyNeed,
  lazy,
  type Need,
  type Needs,
  type OptionalNeed,
  optional,
  type ServiceHandle,
  type ServiceRef,
  type ServiceWithoutInterface,
  service,
} from './service-ref.ts';
export type { ServiceInfo, ServiceQuery, ServiceRegistry, ServiceWatcher } from './service-registry.ts';
export { type TrackedCall, type TrackedLabel, type TrackOptions, trackMetrics } from './track-metrics.ts';
