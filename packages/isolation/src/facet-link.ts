import { currentCall, type Effect, type Logger, type Scope } from '@backplane/plugin-api';
import type { Peer } from './peer.ts';
import { type CallbackPayload, type FacetName, type FacetPayload, SAY } from './protocol.ts';
import { ReceivedCall } from './received-call.ts';

type Callback = (...args: never[]) => unknown;

/** What a plugin in a child has of the services of its context: questions, notes, and callbacks that the host calls. */
export class FacetLink {
  readonly #peer: Peer;
  readonly #logger: Logger;
  readonly #callbacks = new Map<number, Callback>();
  readonly #pending = new Set<Promise<void>>();
  #lastId = 0;
  #refusal: { readonly error: unknown } | undefined;
  #initialized = false;

  constructor(peer: Peer, logger: Logger) {
    this.#peer = peer;
    this.#logger = logger;
  }

  ask(facet: FacetName, method: string, args: readonly unknown[]): Promise<unknown> {
    return this.#peer.request(SAY.facet, payload(facet, method, args));
  }

  /** Says something that nobody answers. What is wrong with it is logged by the host. */
  tell(facet: FacetName, method: string, args: readonly unknown[]): void {
    this.#peer.note(SAY.facet, payload(facet, method, args));
  }

  /** Has the host register something; in `initialize`, that step fails where the host refuses. */
  declare(facet: FacetName, method: string, args: readonly unknown[]): void {
    const done: Promise<void> = this.ask(facet, method, args).then(
      () => {},
      (error) => {
        if (this.#initialized) this.#logger.error(`The host refused ${facet}.${method}().`, { error });
        else this.#refusal ??= { error };
      },
    );
    this.#pending.add(done);
    void done.then(() => this.#pending.delete(done));
  }

  /** Registers a callback, owned by the scope here and by that of the instance in the host. */
  register(
    scope: Pick<Scope, 'add'>,
    label: string,
    facet: FacetName,
    method: string,
    callback: Callback,
    args: readonly unknown[],
  ): Effect {
    const id = ++this.#lastId;
    const effect = scope.add(label, () => {
      this.#callbacks.delete(id);
      this.tell(facet, 'release', [id]);
    });
    this.#callbacks.set(id, callback);
    this.declare(facet, method, [id, ...args]);
    return effect;
  }

  /** Runs a callback for the host; `undefined` for one that is gone. */
  call([id, args]: CallbackPayload): unknown {
    return (this.#callbacks.get(id) as ((...args: unknown[]) => unknown) | undefined)?.(...args);
  }

  /** Resolves when the host has taken everything that was registered in `initialize`. @throws what the host refused with */
  async settled(): Promise<void> {
    await Promise.all(this.#pending);
    this.#initialized = true;
    if (this.#refusal) throw this.#refusal.error;
  }
}

function payload(facet: FacetName, method: string, args: readonly unknown[]): FacetPayload {
  const call = currentCall();
  return [facet, method, args, call instanceof ReceivedCall ? call.token : 0];
}
