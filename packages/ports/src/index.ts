export type {
  Administration,
  EffectiveConfiguration,
  EffectiveValue,
  RecentChange,
  StagedInstall,
} from './administration.ts';
export type { AuditLog, AuditQuery, AuditRecord, AuditVerdict } from './audit-log.ts';
export type {
  CacheChange,
  CacheConnection,
  CachedValue,
  CacheFacet,
  CacheLimits,
  CacheStore,
  CacheStoreEvents,
  CacheUpstream,
  StoredEntry,
} from './cache.ts';

export type {
  AnswerBook,
  Catalogue,
  CatalogueConfiguration,
  CatalogueHook,
  CataloguePlugin,
  KnownDependency,
  KnownPluginFacts,
  Operation,
  OperationBook,
  Page,
  PluginTemplate,
  RegistryEntry,
  StoredAnswer,
} from './catalogue.ts';
export type {
  Behind,
  ChangeDesk,
  ChangeTarget,
  PreparedChange,
  Seal,
  StateDifference,
  StateEdit,
  StateOutcome,
  StatePlan,
} from './change-desk.ts';
export type { ChangeReport, PlanAction, PlanStep, StepReport } from './change-report.ts';
export type {
  DatabaseFacet,
  DatabaseProvider,
  SqlDatabase,
  SqlResult,
  SqlRunner,
  SqlTransaction,
  SqlValue,
} from './database.ts';
export {
  type JsonValue,
  NOTHING_WANTED,
  type Revision,
  type WantedCode,
  type WantedDescription,
  type WantedHook,
  type WantedPlugin,
  type WantedState,
  type WantedValue,
} from './desired-state.ts';
export type { CodeLedger, EffectLedger, LedgerCode, LedgerGlobals, OpenLedger } from './effect-ledger.ts';
export type {
  ExtensionPointHandler,
  ExtensionPointInfo,
  ExtensionPointSource,
  HandlerCalls,
} from './extension-points.ts';
export type { Call, CallInit, Entrances, GenerationDraft, GenerationPart, Unavailable, View } from './generation.ts';
export type { HostControl } from './host-control.ts';
export type {
  CarriedCall,
  DrivenScope,
  ForwardTarget,
  HealthFacet,
  HttpFacet,
  InstanceDriver,
  InstanceHost,
  InstanceInfo,
  PluginUnit,
  RemoteService,
} from './instance.ts';
export type { KeySigner } from './key-signer.ts';
export type { KeptLogRecord, LogBook, LogFilter } from './log-book.ts';
export type { LogRecord, LogSink } from './log-record.ts';
export type { DependencyData, NeedData, PluginData } from './plugin-data.ts';
export type {
  DrainingStatus,
  Failure,
  HeldEffect,
  HeldKind,
  HistoryEntry,
  LastChange,
  LeakReceipt,
  PluginPhase,
  PluginState,
  PluginStatus,
} from './plugin-status.ts';
export type {
  OperationDescription,
  PluginRoutes,
  ResponseDescription,
  RouteDescription,
} from './route-description.ts';
export { withoutPlugin, withPlugin } from './state-edits.ts';
export type {
  AuditEntry,
  RevisionDraft,
  RevisionSummary,
  SealedSecret,
  StateRepository,
} from './state-repository.ts';
