import { type Clock, messageOf, withTimeLimit } from '@backplane/base';
import type { CallContext, Effect, Scope, ScopedResource } from '@backplane/plugin-api';
import type { HeldEffect } from '@backplane/ports';
import { errors } from '../errors.ts';
import { Interval, type Recurring, Task, Timeout } from './recurring.ts';
import type { ResourceTable } from './resource-table.ts';

/** What a scope needs of the instance that owns it. */
export interface ScopeOwner {
  readonly plugin: string;
  readonly clock: Clock;
  readonly resources: ResourceTable;
  /** What runs in the resources that it makes. */
  readonly code?: object;
  /** Milliseconds one effect may take to be undone. */
  readonly disposeLimitMs: number;
  /** Enters the newest generation for one tick. */
  tick(label: string, action: (call: CallContext) => void | Promise<void>): Promise<void>;
  /** A task ended by throwing. */
  taskFailed(label: string, error: unknown): void;
}

interface OwnedEffect extends Effect {
  readonly recurring: Recurring | undefined;
  undo(): void | Promise<void>;
}

type Phase = 'waiting' | 'active' | 'paused' | 'closed';

/** The kernel's scope: a tree of labelled effects, undone last-in first-out, one after the other. */
export class PluginScope implements Scope {
  readonly label: string;
  readonly #owner: ScopeOwner;
  // A set keeps the order of registration and forgets an effect undone early in constant time.
  #effects: Set<OwnedEffect> | undefined;
  #children: Set<PluginScope> | undefined;
  #abort: AbortController | undefined;
  #phase: Phase;

  constructor(label: string, owner: ScopeOwner, phase: Phase = 'waiting') {
    this.label = label;
    this.#owner = owner;
    this.#phase = phase;
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#phase === 'closed') this.#abort.abort();
    return this.#abort.signal;
  }

  add(label: string, dispose: () => void | Promise<void>): Effect {
    this.#assertFunction(label, 'what undoes it', dispose);
    return this.#own(label, dispose);
  }

  use<T extends Disposable | AsyncDisposable>(label: string, disposable: T): T {
    this.#own(label, async () => {
      if (Symbol.asyncDispose in disposable) await disposable[Symbol.asyncDispose]();
      else disposable[Symbol.dispose]();
    });
    return disposable;
  }

  child(label: string): Scope & AsyncDisposable {
    const child = new PluginScope(`${this.label} > ${label}`, this.#owner, this.#phase);
    const effect = this.#own(label, async () => {
      this.#children?.delete(child);
      const held = await child.close();
      if (held.length > 0)
        throw new AggregateError(
          held.map((h) => new Error(`${h.label}: ${h.reason}`)),
          'not all of it could be undone',
        );
    });
    this.#children ??= new Set();
    this.#children.add(child);
    return Object.assign(child, { [Symbol.asyncDispose]: () => effect.dispose() });
  }

  interval(label: string, everyMs: number, tick: (call: CallContext) => void | Promise<void>): Effect {
    this.#assertFunction(label, 'what it does', tick);
    if (!(everyMs > 0)) throw this.#misused(label, `"everyMs" is ${everyMs}, and must be a number above 0`);
    return this.#start(label, new Interval(this.#owner.clock, everyMs, () => this.#owner.tick(label, tick)));
  }

  timeout(label: string, delayMs: number, action: (call: CallContext) => void | Promise<void>): Effect {
    this.#assertFunction(label, 'what it does', action);
    if (!(delayMs >= 0)) throw this.#misused(label, `"delayMs" is ${delayMs}, and must be a number from 0 on`);
    const timeout = new Timeout(this.#owner.clock, delayMs, async () => {
      await this.#owner.tick(label, action);
      this.#effects?.delete(effect as OwnedEffect);
    });
    const effect = this.#start(label, timeout);
    return effect;
  }

  task(label: string, run: (signal: AbortSignal) => Promise<void>): Effect {
    this.#assertFunction(label, 'what it does', run);
    return this.#start(label, new Task(run, (error) => this.#owner.taskFailed(label, error)));
  }

  async resource<T>(key: string, factory: () => ScopedResource<T> | Promise<ScopedResource<T>>): Promise<T> {
    this.#assertOpen(key);
    const claim = this.#owner.resources.acquire(this.#owner.plugin, key, factory, this.#owner.code);
    // Owned from the first moment on: a scope that closes while the factory still works gives its claim back.
    const effect = this.#own(key, claim.release);
    let value: T;
    try {
      value = await claim.value;
    } catch (error) {
      await effect.dispose();
      throw error;
    }
    this.#assertOpen(key);
    return value;
  }

  /** Lets timers and tasks run. */
  activate(): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'active';
    for (const effect of this.#effects ?? []) effect.recurring?.arm();
    for (const child of this.#children ?? []) child.activate();
  }

  /** Pauses timers and tasks, and waits for those that are running. */
  async pause(): Promise<void> {
    if (this.#phase !== 'active') return;
    this.#phase = 'paused';
    const settling: Promise<void>[] = [];
    for (const effect of this.#effects ?? []) if (effect.recurring) settling.push(effect.recurring.disarm());
    for (const child of this.#children ?? []) settling.push(child.pause());
    await Promise.all(settling);
  }

  /** Undoes everything, last-in first-out, one after the other; gives what could not be undone. */
  async close(): Promise<HeldEffect[]> {
    if (this.#phase === 'closed') return [];
    this.#phase = 'closed';
    this.#abort?.abort();
    const held: HeldEffect[] = [];
    for (const effect of [...(this.#effects ?? [])].reverse()) {
      try {
        const limit = this.#owner.disposeLimitMs;
        await withTimeLimit(
          this.#owner.clock,
          limit,
          () => effect.dispose(),
          () => new Error(`it was not undone within ${limit} ms`),
        );
      } catch (error) {
        const label = `${this.label} > ${effect.label}`;
        held.push({ kind: 'effect', label, reason: messageOf(error), madeAt: undefined });
      }
    }
    return held;
  }

  /** Labels of all that is owned now, innermost scopes included. */
  labels(): string[] {
    const own = [...(this.#effects ?? [])].map((effect) => `${this.label} > ${effect.label}`);
    return own.concat(...[...(this.#children ?? [])].map((child) => child.labels()));
  }

  #start(label: string, recurring: Recurring): Effect {
    const effect = this.#own(label, () => recurring.disarm(), recurring);
    if (this.#phase === 'active') recurring.arm();
    return effect;
  }

  #own(label: string, undo: () => void | Promise<void>, recurring?: Recurring): OwnedEffect {
    this.#assertOpen(label);
    let undone: Promise<void> | undefined;
    const effect: OwnedEffect = {
      label,
      recurring,
      undo,
      dispose: () => {
        undone ??= (async () => {
          this.#effects?.delete(effect);
          await undo();
        })();
        return undone;
      },
    };
    this.#effects ??= new Set();
    this.#effects.add(effect);
    return effect;
  }

  #assertFunction(label: string, what: string, given: unknown): void {
    if (typeof given !== 'function') throw this.#misused(label, `${what} must be a function`);
  }

  #misused(label: string, problem: string): Error {
    return errors.BP_SCOPE_MISUSED({ scope: this.label, label: String(label), problem });
  }

  #assertOpen(label: string): void {
    if (this.#phase === 'closed') throw errors.BP_SCOPE_CLOSED({ scope: this.label, label });
  }
}
