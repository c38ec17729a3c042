import type { AuditLog, AuditQuery, AuditRecord } from '@backplane/ports';
import type { Selectable } from 'kysely';
import type { Store } from '../store.ts';
import type { AuditTable } from '../tables.ts';
import type { AuditTrail } from './create-audit-trail.ts';
import { verifyAudit } from './verify-audit.ts';

export interface AuditLogOptions {
  readonly store: Store;
  readonly trail: AuditTrail;
  readonly anchorFile: string;
}

/** The audit trail of this host as management reads, writes and verifies it. */
export function createAuditLog({ store, trail, anchorFile }: AuditLogOptions): AuditLog {
  const { node, key } = trail;
  return {
    async record(entry) {
      await trail.record(entry);
    },
    async list({ before, limit, actor, action, target, since, until }: AuditQuery) {
      let query = store.db.selectFrom('audit').selectAll().where('node', '=', node);
      if (before !== undefined) query = query.where('sequence', '<', before);
      if (actor !== undefined) query = query.where('actor', '=', actor);
      if (action !== undefined) query = query.where('action', '=', action);
      if (target !== undefined) query = query.where('target', '=', target);
      if (since !== undefined) query = query.where('time', '>=', since);
      if (until !== undefined) query = query.where('time', '<', until);
      return (await query.orderBy('sequence', 'desc').limit(limit).execute()).map(recordOf);
    },
    verify: () => verifyAudit({ store, node, keys: { [key.keyId]: key.publicKey }, anchorFile }),
  };
}

const recordOf = (row: Selectable<AuditTable>): AuditRecord => ({
  sequence: row.sequence,
  time: row.time,
  actor: row.actor,
  origin: row.origin,
  action: row.action,
  target: row.target,
  before: row.before === null ? null : JSON.parse(row.before),
  after: row.after === null ? null : JSON.parse(row.after),
  hash: row.hash,
});
