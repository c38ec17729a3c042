export type { Migration, StoreKind } from './migrations.ts';
export { type EmbeddedStoreOptions, openEmbeddedStore } from './open-embedded-store.ts';
export { openPostgresStore, type PostgresStoreOptions } from './open-postgres-store.ts';
export { createAnswerBook } from './state/answer-book.ts';
export { createCatalogue } from './state/catalogue.ts';
export { createOperationBook } from './state/operation-book.ts';
export { createStateRepository, type StateRepositoryOptions } from './state/state-repository.ts';
export type { Store } from './store.ts';
export type { Flag, Json, Tables, Time } from './tables.ts';
