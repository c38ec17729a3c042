import { BackplaneError } from '@backplane/base';
import {
  NOTHING_WANTED,
  type Revision,
  type RevisionDraft,
  type SealedSecret,
  type StateRepository,
} from '@backplane/ports';

/** A repository without a database, which keeps what it was given and can be told to fail. */
export class MemoryRepository implements StateRepository {
  readonly drafts: RevisionDraft[] = [];
  readonly #revisions: Revision[] = [
    { id: 0, parent: undefined, author: '', comment: '', createdAt: 0, state: NOTHING_WANTED },
  ];
  readonly #secrets = new Map<string, SealedSecret>();
  failsWith: Error | undefined;

  async current(): Promise<Revision> {
    return this.#revisions.at(-1) as Revision;
  }

  async newest(): Promise<number> {
    return this.#revisions.length - 1;
  }

  async revision(id: number): Promise<Revision | undefined> {
    return this.#revisions[id];
  }

  async revisions(): Promise<readonly Revision[]> {
    return this.#revisions.slice(1).reverse();
  }

  async commit(draft: RevisionDraft): Promise<Revision> {
    if (this.failsWith) throw this.failsWith;
    const current = this.#revisions.length - 1;
    if (draft.parent !== current)
      throw new BackplaneError({ code: 'BP_STATE_STALE', status: 409, details: {} }, 'Somebody was before.');
    this.drafts.push(structuredClone(draft));
    for (const secret of draft.secrets) this.#secrets.set(secret.id, secret);
    const { parent, author, comment, state } = draft;
    const revision = {
      id: this.#revisions.length,
      parent,
      author,
      comment,
      createdAt: 0,
      state: structuredClone(state),
    };
    this.#revisions.push(revision);
    return revision;
  }

  async secrets(): Promise<readonly SealedSecret[]> {
    return [...this.#secrets.values()];
  }

  async reseal(secrets: readonly SealedSecret[]): Promise<void> {
    for (const secret of secrets) this.#secrets.set(secret.id, secret);
  }
}
