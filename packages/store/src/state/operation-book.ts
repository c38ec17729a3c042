import type { JsonValue, Operation, OperationBook } from '@backplane/ports';
import type { Selectable } from 'kysely';
import { errors } from '../errors.ts';
import type { Store } from '../store.ts';
import type { OperationsTable } from '../tables.ts';

/** Keeps operations in the store. */
export function createOperationBook({ db }: Store, now: () => number = Date.now): OperationBook {
  return {
    async add({ id, kind, requestedBy }) {
      const row = { id, kind, status: 'running' as const, requested_by: requestedBy, result: null, created_at: now() };
      await db
        .insertInto('operations')
        .values({ ...row, finished_at: null })
        .execute();
      return operationOf({ ...row, finished_at: null });
    },
    async finish(id, status, result) {
      await db
        .updateTable('operations')
        .set({ status, result: JSON.stringify(result), finished_at: now() })
        .where('id', '=', id)
        .execute();
    },
    async get(id) {
      const row = await db.selectFrom('operations').selectAll().where('id', '=', id).executeTakeFirst();
      return row && operationOf(row);
    },
    async list(limit) {
      const query = db.selectFrom('operations').selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc');
      return (await query.limit(limit).execute()).map(operationOf);
    },
    async endAbandoned() {
      const { code, message } = errors.BP_OPERATION_ABANDONED({});
      const result = JSON.stringify({ code, message });
      await db
        .updateTable('operations')
        .set({ status: 'failed', result, finished_at: now() })
        .where('status', 'in', ['waiting', 'running'])
        .execute();
    },
  };
}

const operationOf = (row: Selectable<OperationsTable>): Operation => ({
  id: row.id,
  kind: row.kind,
  status: row.status,
  requestedBy: row.requested_by,
  result: row.result === null ? undefined : (JSON.parse(row.result) as JsonValue),
  createdAt: row.created_at,
  finishedAt: row.finished_at ?? undefined,
});
