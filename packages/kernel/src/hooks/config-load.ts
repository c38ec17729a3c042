import { extensionPoint } from '@backplane/plugin-api';
import { runWithCall } from '../call/call-storage.ts';
import type { InstanceView } from '../call/instance-view.ts';
import { SYSTEM } from '../call/kernel-call.ts';
import type { Instance } from '../lifecycle/instance.ts';
import type { Handler } from './handler.ts';
import type { HookEngine } from './hook-engine.ts';
import type { Point } from './point.ts';

/** Milliseconds that a handler may take: a start waits for it. */
const TIMEOUT_MS = 30_000;

export const CONFIG_LOAD = extensionPoint<() => unknown>('config.load', 'action', {
  description: 'Provide additional configuration sources.',
  parameters: {},
  returnType: 'Record<string, unknown>',
  failure: 'skip',
  timeoutMs: TIMEOUT_MS,
});

/** What one handler gave. */
export interface LoadedConfiguration {
  readonly plugin: string;
  /** By plugin. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** Asks the handlers of `config.load`, each once, and again where its plugin says so. */
export class ConfigLoad {
  readonly #point: Point;
  readonly #onDue: () => void;
  /** What handlers have given, and those that are to be asked. */
  #answers = new Map<Handler, LoadedConfiguration | undefined>();

  constructor(hooks: HookEngine, onDue: () => void) {
    this.#point = hooks.own(CONFIG_LOAD);
    this.#onDue = onDue;
  }

  /** True where a handler has not been asked yet, or one that was is gone. */
  get due(): boolean {
    const { handlers } = this.#point;
    return handlers.length !== this.#answers.size || handlers.some((handler) => !this.#answers.has(handler));
  }

  /** A generation was swapped in. */
  changed(): void {
    if (this.due) this.#onDue();
  }

  /** A plugin's handlers would answer otherwise now. */
  noticed(instance: Instance): void {
    for (const handler of [...this.#answers.keys()]) if (handler.instance === instance) this.#answers.delete(handler);
    this.changed();
  }

  /** What all of them have given, in order: later ones over earlier ones. One that fails is logged, and has given nothing. */
  async gather(): Promise<readonly LoadedConfiguration[]> {
    const { handlers } = this.#point;
    const answers = new Map<Handler, LoadedConfiguration | undefined>();
    for (const handler of handlers)
      answers.set(handler, this.#answers.has(handler) ? this.#answers.get(handler) : await this.#ask(handler));
    this.#answers = answers;
    return [...answers.values()].flatMap((answer) => answer ?? []);
  }

  async #ask(handler: Handler): Promise<LoadedConfiguration | undefined> {
    const call = (handler.instance.view as InstanceView).enter({ principal: SYSTEM });
    try {
      const [values] = (await runWithCall(call, () => this.#point.among([handler])())) as unknown[];
      if (typeof values !== 'object' || values === null || Array.isArray(values)) return undefined;
      return { plugin: handler.instance.identity.name, values: values as LoadedConfiguration['values'] };
    } finally {
      call.leave();
    }
  }
}
