import type { PluginContext } from '@backplane/plugin-api';
import type { Variant } from './variant.ts';

/** What every plugin of the fleet answers at its root. */
export interface Report {
  readonly plugin: string;
  readonly version: string;
  readonly build: number;
  /** Of the host's count. */
  readonly instance: number;
  readonly pid: number;
  readonly level: string;
  readonly greeting: string;
  /** What was asked times the factor of the version. */
  readonly product: number;
  /** What this instance began to count from: what the version before handed over. */
  readonly base: number;
  /** Reports that this instance has given, this one included, and `base`. */
  readonly count: number;
}

/** Counts in memory what an instance has answered: a counter that jumps tells that it is another instance. */
export class Book {
  readonly #variant: Variant;
  readonly #context: PluginContext<{ readonly greeting: string }>;
  #base = 0;
  #count = 0;

  constructor(variant: Variant, context: PluginContext<{ readonly greeting: string }>) {
    this.#variant = variant;
    this.#context = context;
  }

  /** Goes on from where the version before was. */
  takeOver(state: unknown): void {
    if (typeof state !== 'object' || state === null || !('count' in state) || typeof state.count !== 'number') return;
    this.#base = state.count;
    this.#count = state.count;
  }

  get state(): { readonly count: number } {
    return { count: this.#count };
  }

  report(asked: number): Report {
    this.#count++;
    const { name, version, build, factor } = this.#variant;
    const { plugin, config } = this.#context;
    return {
      plugin: name,
      version,
      build,
      instance: plugin.instance,
      pid: process.pid,
      level: plugin.level,
      greeting: config.greeting,
      product: asked * factor,
      base: this.#base,
      count: this.#count,
    };
  }
}
