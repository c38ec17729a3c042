import type { CallContext } from './call-context.ts';

/** A registered effect. It is undone by its scope; undo it earlier only where the plugin itself changes its mind. */
export interface Effect {
  readonly label: string;
  /** Undoes the effect now. Calling it again does nothing. */
  dispose(): Promise<void>;
}

/**
 * Owns every effect a plugin has on the world, and undoes them last-in first-out, one after the other, when the plugin unloads.
 * Timers and tasks wait until the plugin is activated, pause while it is being replaced, and enter the newest generation at each tick.
 */
export interface Scope {
  readonly label: string;
  /** Aborts when the scope begins to be undone. */
  readonly signal: AbortSignal;
  /** Owns an effect of any kind. `dispose` is called once, and awaited. @throws BP_SCOPE_MISUSED where it is no function, as all below do */
  add(label: string, dispose: () => void | Promise<void>): Effect;
  /** Owns a disposable and gives it back. */
  use<T extends Disposable | AsyncDisposable>(label: string, disposable: T): T;
  /** A scope within this one, undone with it or before it. */
  child(label: string): Scope & AsyncDisposable;
  /** Runs `tick` every `everyMs`, counted from the end of one tick to the start of the next. A tick that throws is logged. @throws BP_SCOPE_MISUSED unless `everyMs` is above 0 */
  interval(label: string, everyMs: number, tick: (call: CallContext) => void | Promise<void>): Effect;
  /** Runs `action` once, `delayMs` after activation or after the call, whichever is later. */
  timeout(label: string, delayMs: number, action: (call: CallContext) => void | Promise<void>): Effect;
  /** Runs a loop such as a consumer from activation on. It must return soon after its signal aborts; it is started again on resume. */
  task(label: string, run: (signal: AbortSignal) => Promise<void>): Effect;
  /**
   * What cannot exist twice: a bound port, a broker, a file lock. Made once for `key`, counted, and handed to the next version
   * of the plugin when that asks for the same key; disposed when nobody holds it.
   */
  resource<T>(key: string, factory: () => ScopedResource<T> | Promise<ScopedResource<T>>): Promise<T>;
}

/** What a resource factory gives: the value, and how to give it up. */
export interface ScopedResource<T> {
  readonly value: T;
  dispose(): void | Promise<void>;
}
