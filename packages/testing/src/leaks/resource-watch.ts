import { createHook } from 'node:async_hooks';
import { isOfRunner, type Origin, originHere, placesOf } from './origin.ts';

/** Kinds of `async_hooks` resources that live until somebody ends them, as people call them. */
const KINDS: Readonly<Record<string, string>> = {
  Timeout: 'timer',
  TCPWRAP: 'connection',
  PIPEWRAP: 'local connection or pipe',
  UDPWRAP: 'UDP socket',
  PROCESSWRAP: 'child process',
  FSEVENTWRAP: 'file watcher',
  STATWATCHER: 'file watcher (watchFile)',
  MESSAGEPORT: 'message port',
};

interface Resource {
  readonly type: string;
  readonly origin: Origin;
  readonly trigger: number;
  readonly ref: WeakRef<object>;
}

/** Knows every timer, socket and the like that this process has made since, and where. */
export class ResourceWatch implements Disposable {
  readonly #live = new Map<number, Resource>();
  readonly #onInit = (id: number, type: string, trigger: number, resource: object): void => {
    if (!Object.hasOwn(KINDS, type)) return;
    this.#live.set(id, { type, trigger, origin: originHere(this.#onInit), ref: new WeakRef(resource) });
  };
  readonly #hook = createHook({
    init: this.#onInit,
    destroy: (id) => void this.#live.delete(id),
    // Nothing of interest is one, and they are many.
    trackPromises: false,
  } as Parameters<typeof createHook>[0]);

  constructor() {
    this.#hook.enable();
  }

  /** What is still there, in words. */
  left(): string[] {
    const left: string[] = [];
    for (const resource of this.#live.values()) {
      if (resource.ref.deref() === undefined) continue;
      const places = this.#placesOf(resource);
      if (places.length === 0 || isOfRunner(places)) continue;
      left.push(`${KINDS[resource.type]}, made at ${places.slice(0, 3).join(', called at ')}`);
    }
    return left;
  }

  [Symbol.dispose](): void {
    this.#hook.disable();
  }

  /** A connection that a server accepted was made by nobody: it is told with the server. */
  #placesOf(resource: Resource): string[] {
    const places = placesOf(resource.origin);
    const trigger = places.length === 0 ? this.#live.get(resource.trigger) : undefined;
    return trigger === undefined || trigger === resource ? places : this.#placesOf(trigger);
  }
}
