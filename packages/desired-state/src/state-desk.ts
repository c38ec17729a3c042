import { isDeepStrictEqual } from 'node:util';
import { isBackplaneError, messageOf } from '@backplane/base';
import {
  type Behind,
  type ChangeDesk,
  type ChangeReport,
  type ChangeTarget,
  type JsonValue,
  NOTHING_WANTED,
  type PreparedChange,
  type Revision,
  type SealedSecret,
  type StateDifference,
  type StateEdit,
  type StateOutcome,
  type StatePlan,
  type StateRepository,
  type WantedState,
  type WantedValue,
} from '@backplane/ports';
import { concerned, differencesOf } from './differences.ts';
import { errors, type RefusedPlugin } from './errors.ts';
import { isEncrypted } from './is-encrypted.ts';
import type { SecretShelf } from './secret-shelf.ts';
import { type WantedLayer, wantedLayer } from './wanted-layer.ts';

export interface StateDeskOptions {
  readonly repository: StateRepository;
  readonly shelf: SecretShelf;
  readonly target: ChangeTarget;
  /** Told when what was to run before is to run again, because a change did not come to pass. */
  readonly onReturned: (message: string) => void;
  /** Whether other hosts change what is to run as well. */
  readonly shared?: boolean;
  /** Told when what another host has made to run does not run here; `undefined` when it does again. */
  readonly onBehind?: (behind: Behind | undefined) => void;
  /** Told what is to run from now on, before it does. */
  readonly onVisible?: (state: WantedState) => void;
  readonly now?: () => number;
  /** Makes of a sealed value what the reader of configuration takes for one. */
  readonly sealed: (reveal: () => JsonValue) => unknown;
}

/** So often is a change made anew that another host was before. */
const MOST_ATTEMPTS = 5;
/** What did not come to run here is tried again after so long. */
const RETRY_MS = 30_000;

/** A change that has been thought through. */
interface Thought {
  readonly next: WantedState;
  readonly secrets: readonly SealedSecret[];
  readonly differences: readonly StateDifference[];
  /** `undefined` where nothing that runs is concerned. */
  readonly prepared: PreparedChange | undefined;
}

/** The one place where what is to run is changed: one change after the other, each as one generation, each kept. */
export class StateDesk implements ChangeDesk {
  readonly #options: StateDeskOptions;
  #current: Revision = { id: 0, parent: undefined, author: '', comment: '', createdAt: 0, state: NOTHING_WANTED };
  /** What configuration is read under. Ahead of `#current` while a change is made. */
  #visible: WantedState = NOTHING_WANTED;
  #queue: Promise<unknown> = Promise.resolve();
  #behind: (Behind & { readonly at: number }) | undefined;

  constructor(options: StateDeskOptions) {
    this.#options = options;
  }

  /** Reads what is to run. @throws BP_SECRET_SEALED */
  async open(): Promise<void> {
    const { repository, shelf } = this.#options;
    await shelf.load();
    this.#current = await repository.current();
    this.#show(this.#current.state);
  }

  get current(): Revision {
    return this.#current;
  }

  /** What a state says of a plugin's configuration: of the one that is to run, unless told. */
  layerOf(plugin: string, state: WantedState = this.#visible): WantedLayer | undefined {
    const { shelf, sealed } = this.#options;
    const wanted = Object.hasOwn(state.plugins, plugin) ? state.plugins[plugin] : undefined;
    return wanted && wantedLayer(wanted, 'api', (secret) => sealed(() => shelf.reveal(secret)));
  }

  /** What is to run, also while a change of it is made. */
  get visible(): WantedState {
    return this.#visible;
  }

  get behind(): Behind | undefined {
    return this.#behind && { revision: this.#behind.revision, reason: this.#behind.reason };
  }

  /** Has run what another host has made to run. What does not is told, and tried again later. */
  follow(): Promise<void> {
    return this.#enqueue(() => this.#catchUp());
  }

  plan(edit: StateEdit): Promise<StatePlan> {
    return this.#enqueue(async () => {
      await this.#catchUp();
      const { differences, prepared } = await this.#think(edit);
      try {
        return { revision: this.#current.id, differences, steps: prepared?.plan() ?? [] };
      } finally {
        await prepared?.discard();
      }
    });
  }

  apply(edit: StateEdit): Promise<StateOutcome> {
    return this.#enqueue(async () => {
      for (let attempt = 1; ; attempt++) {
        await this.#catchUp();
        try {
          return await this.#attempt(edit);
        } catch (error) {
          if (!isBackplaneError(error, 'BP_STATE_STALE') || attempt === MOST_ATTEMPTS) throw error;
        }
      }
    });
  }

  async #attempt(edit: StateEdit): Promise<StateOutcome> {
    const thought = await this.#think(edit);
    if (thought.differences.length === 0) {
      await thought.prepared?.discard();
      return { revision: this.#current, differences: [], report: undefined };
    }
    try {
      // What cannot be is refused before anything is written.
      thought.prepared?.plan();
      return await this.#make(edit, thought);
    } catch (error) {
      await thought.prepared?.discard();
      throw error;
    }
  }

  async #catchUp(): Promise<void> {
    const { shared = false, repository, shelf, target, now = Date.now } = this.#options;
    if (!shared || !target.ready) return;
    const id = await repository.newest();
    const isDue = this.#behind !== undefined && now() - this.#behind.at >= RETRY_MS;
    if (id === this.#current.id && !isDue) return;
    const newest = await repository.current();
    await shelf.load();
    this.#current = newest;
    const before = this.#visible;
    try {
      await this.#run(newest.state, concerned(differencesOf(before, newest.state)));
      this.#enterBehind(undefined);
    } catch (error) {
      this.#show(before);
      this.#enterBehind({ revision: newest.id, reason: messageOf(error), at: now() });
    }
  }

  async #run(state: WantedState, names: readonly string[]): Promise<void> {
    const prepared = names.length === 0 ? undefined : await this.#options.target.prepare(state, names);
    try {
      if (prepared !== undefined) await refuseUnsound(prepared);
      this.#show(state);
      await prepared?.apply();
    } catch (error) {
      await prepared?.discard();
      throw error;
    }
  }

  #show(state: WantedState): void {
    this.#visible = state;
    this.#options.onVisible?.(state);
  }

  #enterBehind(behind: (Behind & { readonly at: number }) | undefined): void {
    const isNews = behind?.reason !== this.#behind?.reason || behind?.revision !== this.#behind?.revision;
    this.#behind = behind;
    if (isNews) this.#options.onBehind?.(this.behind);
  }

  async revision(id: number): Promise<Revision> {
    const found = await this.#options.repository.revision(id);
    if (found === undefined) throw errors.BP_REVISION_UNKNOWN({ revision: id });
    return found;
  }

  revisions(...page: Parameters<StateRepository['revisions']>): ReturnType<StateRepository['revisions']> {
    return this.#options.repository.revisions(...page);
  }

  differences(from: WantedState, to: WantedState): readonly StateDifference[] {
    return differencesOf(from, to);
  }

  reveal(value: WantedValue): JsonValue {
    return 'secret' in value ? this.#options.shelf.reveal(value.secret) : value.value;
  }

  /** Resolves when no change is under way. */
  async settled(): Promise<void> {
    await this.#queue;
  }

  #enqueue<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(action);
    this.#queue = turn.catch(() => {});
    return turn;
  }

  async #think({ edit, expected }: StateEdit): Promise<Thought> {
    const { target, shelf } = this.#options;
    if (!target.ready) throw errors.BP_STATE_NOT_READY({});
    const { id, state } = this.#current;
    if (expected !== undefined && expected !== id) throw errors.BP_STATE_OUTDATED({ expected, current: id });
    const secrets: SealedSecret[] = [];
    const next = await edit(state, (plugin, key, value, secret) => {
      if (secret !== true && !isEncrypted(target.schemaOf(plugin), key.split('.'))) return { value };
      const before = Object.hasOwn(state.plugins, plugin) ? state.plugins[plugin]?.config?.[key] : undefined;
      // The same again is no change, although it would be sealed otherwise.
      if (before && 'secret' in before && isDeepStrictEqual(shelf.reveal(before.secret), value)) return before;
      const sealed = shelf.seal(plugin, key, value);
      secrets.push(sealed);
      // Read by whoever prepares the change, and forgotten with the host where it comes to nothing.
      shelf.put(sealed);
      return { secret: sealed.id };
    });
    const differences = differencesOf(state, next);
    for (const { plugin, key } of differences) this.#refusePinned(plugin, key);
    // What runs may lack something of what is to run, where another host has changed that.
    const names = concerned(differencesOf(this.#visible, next));
    const prepared = names.length === 0 ? undefined : await target.prepare(next, names);
    if (prepared !== undefined) await refuseUnsound(prepared);
    return { next, secrets, differences, prepared };
  }

  #refusePinned(plugin: string, key: string): void {
    const own = key.startsWith('config.') ? key.slice('config.'.length) : key;
    if (own === key && key !== 'enabled') return;
    const variable = this.#options.target.pinnedBy(plugin, own);
    if (variable !== undefined) throw errors.BP_CONFIG_PINNED({ plugin, key: own, variable });
  }

  async #make(edit: StateEdit, { next, secrets, differences, prepared }: Thought): Promise<StateOutcome> {
    const before = this.#current;
    const visible = this.#visible;
    const revision = await this.#commit(before, edit, next, secrets, differences);
    this.#current = revision;
    this.#show(next);
    let report: ChangeReport | undefined;
    try {
      report = await prepared?.apply();
    } catch (error) {
      this.#show(visible);
      await this.#return(edit, before.state, revision, error);
      throw error;
    }
    this.#enterBehind(undefined);
    return { revision, differences, report };
  }

  /** What was to run before runs still. What says so is a revision of its own: nobody who saw the failed one takes it for this. */
  async #return(edit: StateEdit, state: WantedState, from: Revision, error: unknown): Promise<void> {
    const comment = `Returned from revision ${from.id}: ${messageOf(error)}`;
    const back = { ...edit, author: 'host', action: 'state.return', comment };
    try {
      this.#current = await this.#commit(from, back, state, [], differencesOf(from.state, state));
    } catch (cause) {
      // What fails now is what is kept as wanted. The next start tries it again, and the next change is made on top of it.
      this.#show(from.state);
      this.#options.onReturned(`${comment} That could not be kept: ${messageOf(cause)}`);
      return;
    }
    this.#options.onReturned(comment);
  }

  #commit(
    parent: Revision,
    { author, comment = '', origin, action, target }: StateEdit,
    state: WantedState,
    secrets: readonly SealedSecret[],
    differences: readonly StateDifference[],
  ): Promise<Revision> {
    const side = (which: 'before' | 'after') =>
      Object.fromEntries(differences.map((one) => [`${one.plugin}.${one.key}`, one[which] ?? null]));
    const audit = { actor: author, origin, action, target, before: side('before'), after: side('after') };
    return this.#options.repository.commit({ parent: parent.id, author, comment, state, secrets, audit });
  }
}

/** @throws BP_CHANGE_REFUSED with everything that is wrong */
async function refuseUnsound(prepared: PreparedChange): Promise<void> {
  if (prepared.refusals.length === 0) return;
  const plugins = prepared.refusals.map(refusalOf);
  await prepared.discard();
  throw errors.BP_CHANGE_REFUSED({ plugins }, { cause: prepared.refusals[0]?.error });
}

function refusalOf({ plugin, error }: PreparedChange['refusals'][number]): RefusedPlugin {
  const code = isBackplaneError(error) ? error.code : 'BP_PLUGIN_UNAVAILABLE';
  const issues = isBackplaneError(error) ? error.details.issues : undefined;
  return { plugin, code, message: error.message, ...(Array.isArray(issues) && { issues }) };
}
