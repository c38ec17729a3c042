export type { AuditHead } from './audit/audit-chain.ts';
export type { AuditEntry, AuditRedactor } from './audit/audit-entry.ts';
export { type AuditLogOptions, createAuditLog } from './audit/audit-log.ts';
export type { AuditProblem, AuditProblemKind, AuditReport } from './audit/audit-report.ts';
export { type AuditTrail, type AuditTrailOptions, createAuditTrail } from './audit/create-audit-trail.ts';
export type { AuditKeys, SignedHead } from './audit/signed-head.ts';
export { type VerifyAuditOptions, verifyAudit } from './audit/verify-audit.ts';
export { createLogStore, type LogStore, type LogStoreOptions } from './logs/create-log-store.ts';
export type { LogFilter } from './logs/log-filter.ts';
export type { LogListener } from './logs/log-tails.ts';
export type { KeptLine, LogPage, LogQuery } from './logs/query-logs.ts';
export type { Migration, StoreKind } from './migrations.ts';
export { type EmbeddedStoreOptions, openEmbeddedStore } from './open-embedded-store.ts';
export {
  type EmbeddedPluginDatabasesOptions,
  openEmbeddedPluginDatabases,
  type PluginDatabaseLimits,
} from './plugins/open-embedded-plugin-databases.ts';
export { createAnswerBook } from './state/answer-book.ts';
export { createCatalogue } from './state/catalogue.ts';
export { createOperationBook } from './state/operation-book.ts';
export { createStateRepository, type StateRepositoryOptions } from './state/state-repository.ts';
export type { Store } from './store.ts';
export type { Flag, Json, Tables, Time } from './tables.ts';
