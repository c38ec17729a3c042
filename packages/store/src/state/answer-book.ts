import type { AnswerBook } from '@backplane/ports';
import type { Store } from '../store.ts';

/** Keeps answers in the store, by the keys that clients gave. */
export function createAnswerBook({ db }: Store, now: () => number = Date.now): AnswerBook {
  return {
    async claim(key, digest) {
      const claimed = await db
        .insertInto('idempotency_keys')
        .values({ key, request_digest: digest, status: null, body: null, etag: null, created_at: now() })
        .onConflict((conflict) => conflict.column('key').doNothing())
        .returning('key')
        .executeTakeFirst();
      if (claimed !== undefined) return undefined;
      const row = await db.selectFrom('idempotency_keys').selectAll().where('key', '=', key).executeTakeFirst();
      // Whoever had it has let it go in between.
      if (row === undefined) return this.claim(key, digest);
      const { status, body, etag } = row;
      const answer = status === null ? undefined : { status, body: body ?? '', etag: etag ?? undefined };
      return { digest: row.request_digest, answer };
    },
    async keep(key, { status, body, etag }) {
      await db
        .updateTable('idempotency_keys')
        .set({ status, body, etag: etag ?? null })
        .where('key', '=', key)
        .execute();
    },
    async release(key) {
      await db.deleteFrom('idempotency_keys').where('key', '=', key).where('status', 'is', null).execute();
    },
    async sweep(before) {
      await db
        .deleteFrom('idempotency_keys')
        .where(({ or, eb }) => or([eb('created_at', '<', before), eb('status', 'is', null)]))
        .execute();
    },
  };
}
