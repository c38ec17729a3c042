import { NOTHING_WANTED, type Revision, type RevisionDraft, type StateRepository } from '@backplane/ports';
import type { Transaction } from 'kysely';
import { errors } from '../errors.ts';
import type { Store } from '../store.ts';
import type { Tables } from '../tables.ts';
import { followState } from './follow-state.ts';

export interface StateRepositoryOptions {
  readonly now?: () => number;
  /** Writes the entry into the audit trail, in the transaction of the revision. */
  readonly audit?: (transaction: Transaction<Tables>, entry: RevisionDraft['audit']) => Promise<void>;
}

const BEFORE_ALL: Revision = {
  id: 0,
  parent: undefined,
  author: '',
  comment: '',
  createdAt: 0,
  state: NOTHING_WANTED,
};

/** Keeps desired states in the store. The rows of plugins, of their keys and hooks follow each revision in its transaction. */
export function createStateRepository(store: Store, options: StateRepositoryOptions = {}): StateRepository {
  const { now = Date.now, audit = async () => {} } = options;
  const { db, kind } = store;

  async function revision(id: number): Promise<Revision | undefined> {
    if (id === 0) return BEFORE_ALL;
    const row = await db.selectFrom('revisions').selectAll().where('id', '=', id).executeTakeFirst();
    return row && { ...summary(row), state: JSON.parse(row.state) as Revision['state'] };
  }

  async function newest(): Promise<number> {
    return (await db.selectFrom('desired_state').select('revision').executeTakeFirst())?.revision ?? 0;
  }

  return {
    revision,
    newest,
    async current() {
      return (await revision(await newest())) ?? BEFORE_ALL;
    },
    async revisions({ before, limit }) {
      let query = db.selectFrom('revisions').select(['id', 'parent', 'author', 'comment', 'created_at']);
      if (before !== undefined) query = query.where('id', '<', before);
      return (await query.orderBy('id', 'desc').limit(limit).execute()).map(summary);
    },
    commit(draft) {
      return db.transaction().execute(async (transaction) => {
        // Hosts that share the database take turns here; the embedded one has one connection.
        let newest = transaction.selectFrom('desired_state').select('revision');
        if (kind === 'postgres') newest = newest.forUpdate();
        const current = (await newest.executeTakeFirst())?.revision ?? 0;
        if (current !== draft.parent) throw errors.BP_STATE_STALE({ expected: draft.parent, current });
        const before = current === 0 ? NOTHING_WANTED : ((await stateOf(transaction, current)) ?? NOTHING_WANTED);
        const at = now();
        const { id } = await transaction
          .insertInto('revisions')
          .values({
            parent: draft.parent === 0 ? null : draft.parent,
            author: draft.author,
            comment: draft.comment,
            state: JSON.stringify(draft.state),
            created_at: at,
          })
          .returning('id')
          .executeTakeFirstOrThrow();
        await point(transaction, id, draft.parent, at);
        if (draft.secrets.length > 0)
          await transaction
            .insertInto('secrets')
            .values(draft.secrets.map((secret) => ({ ...secret, created_at: at })))
            .execute();
        await followState(transaction, before, draft.state, at);
        await audit(transaction, draft.audit);
        const { parent, author, comment, state } = draft;
        return { id, parent: parent === 0 ? undefined : parent, author, comment, createdAt: at, state };
      });
    },
    async secrets() {
      return db.selectFrom('secrets').select(['id', 'context', 'envelope']).execute();
    },
    async reseal(secrets) {
      await db.transaction().execute(async (transaction) => {
        for (const { id, envelope } of secrets)
          await transaction.updateTable('secrets').set({ envelope }).where('id', '=', id).execute();
      });
    },
  };
}

interface SummaryRow {
  readonly id: number;
  readonly parent: number | null;
  readonly author: string;
  readonly comment: string;
  readonly created_at: number;
}

const summary = ({ id, parent, author, comment, created_at }: SummaryRow) => ({
  id,
  parent: parent ?? undefined,
  author,
  comment,
  createdAt: created_at,
});

async function stateOf(transaction: Transaction<Tables>, id: number): Promise<Revision['state'] | undefined> {
  const row = await transaction.selectFrom('revisions').select('state').where('id', '=', id).executeTakeFirst();
  return row && (JSON.parse(row.state) as Revision['state']);
}

/** The first to point anywhere makes the row; of two that do so at once the second is told that it was late. */
async function point(transaction: Transaction<Tables>, revision: number, parent: number, at: number): Promise<void> {
  if (parent !== 0) {
    await transaction.updateTable('desired_state').set({ revision, updated_at: at }).where('id', '=', 1).execute();
    return;
  }
  const made = await transaction
    .insertInto('desired_state')
    .values({ id: 1, revision, updated_at: at })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .returning('revision')
    .executeTakeFirst();
  if (made === undefined) throw errors.BP_STATE_STALE({ expected: 0, current: undefined });
}
