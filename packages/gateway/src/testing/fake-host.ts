import { AsyncLocalStorage } from 'node:async_hooks';
import { newSpanId, newTraceId } from '@backplane/base';
import type { Logger, PluginMetadata, Scope, TraceContext } from '@backplane/plugin-api';
import type {
  Call,
  CallInit,
  Entrances,
  GenerationDraft,
  GenerationPart,
  InstanceInfo,
  PluginData,
  Unavailable,
  View,
} from '@backplane/ports';

const ANONYMOUS = Object.freeze({ kind: 'anonymous', id: 'anonymous', roles: [], permissions: [] } as const);

/** An instance that a test drives by hand. */
export interface FakeInstance extends InstanceInfo {
  drain(): void;
  end(): void;
  /** Undoes the scope, last in first out. */
  dispose(): Promise<void>;
}

export function fakeInstance(metadata: Partial<PluginData> & Pick<PluginMetadata, 'name'>): FakeInstance {
  const draining = new AbortController();
  const ended = new AbortController();
  const disposers: (() => void | Promise<void>)[] = [];
  const data = {
    phase: 'business',
    priority: 100,
    aliases: [],
    version: '1.0.0',
    limits: { initialize: 30_000 },
    ...metadata,
  } as unknown as PluginData;
  const scope = {
    label: data.name,
    add(label: string, dispose: () => void | Promise<void>) {
      disposers.push(dispose);
      return { label, dispose: async () => dispose() };
    },
  } as unknown as Scope;
  return {
    identity: { name: data.name, version: data.version, instance: 1, level: 'inline' },
    data,
    scope,
    draining: draining.signal,
    ended: ended.signal,
    drain: () => draining.abort(),
    end: () => ended.abort(),
    async dispose() {
      while (disposers.length > 0) await disposers.pop()?.();
    },
  };
}

class FakeCall implements Call {
  readonly id: string;
  readonly trace: TraceContext;
  readonly generation: number;
  readonly principal;
  readonly deadline: number | undefined;
  readonly draining: AbortSignal = new AbortController().signal;
  readonly #cancelled = new AbortController();
  readonly #leave: (call: FakeCall) => void;

  constructor(generation: number, init: CallInit, leave: (call: FakeCall) => void) {
    this.generation = generation;
    this.id = init.traceparent?.split('-')[1] ?? newTraceId();
    this.trace = { traceId: this.id, spanId: newSpanId(), sampled: false };
    this.principal = init.principal ?? ANONYMOUS;
    this.deadline = init.deadline;
    this.#leave = leave;
  }
  get signal(): AbortSignal {
    return this.#cancelled.signal;
  }
  cancel(reason: unknown): void {
    this.#cancelled.abort(reason);
  }
  leave(): void {
    this.#leave(this);
  }
}

/** Generations, views and calls in the smallest form that still counts honestly: a second `leave` throws. */
export class FakeHost implements Entrances {
  readonly storage = new AsyncLocalStorage<Call>();
  /** Calls in flight, by view. */
  readonly calls = new Map<FakeCall, readonly InstanceInfo[]>();
  entered = 0;
  /** What happened, in order; `left` is added for every call that leaves. */
  readonly events: string[] = [];
  readonly #left: (() => void)[] = [];
  #parts = new Map<string, unknown>();
  #generation = 0;

  part<T>(part: GenerationPart<T>): T {
    return this.#parts.get(part.key) as T;
  }

  run<R>(call: Call, action: () => R): R {
    return this.storage.run(call, action);
  }

  /** Makes a generation, and it the current one. */
  publish<T>(part: GenerationPart<T>, instances: readonly InstanceInfo[], unavailable: readonly Unavailable[] = []): T {
    const id = ++this.#generation;
    const draft: GenerationDraft = { id, instances, unavailable, view: (entries) => this.#view(id, entries) };
    const built = part.build(draft, this.#parts.get(part.key) as T | undefined);
    this.#parts = new Map([[part.key, built]]);
    return built;
  }

  /** Resolves when no call is in flight. */
  async idle(): Promise<void> {
    while (this.calls.size > 0) await new Promise<void>((resolve) => this.#left.push(resolve));
  }

  /** A view of some instances, as another entrance than the gateway would have one. */
  view(instances: readonly InstanceInfo[]): View {
    return this.#view(this.#generation, instances);
  }

  #view(generation: number, instances: readonly InstanceInfo[]): View {
    return {
      generation,
      enter: (init = {}) => {
        this.entered++;
        const call = new FakeCall(generation, init, (leaving) => {
          if (!this.calls.delete(leaving)) throw new Error('The call has left before.');
          this.events.push('left');
          for (const resolve of this.#left.splice(0)) resolve();
        });
        this.calls.set(call, instances);
        return call;
      },
    };
  }
}

export interface LogLine {
  readonly level: keyof Logger;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>> | undefined;
}

/** Keeps what is logged. */
export function recordingLogger(): Logger & { readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at =
    (level: keyof Logger) =>
    (message: string, fields?: Readonly<Record<string, unknown>>): void => {
      lines.push({ level, message, fields });
    };
  return { lines, trace: at('trace'), debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
