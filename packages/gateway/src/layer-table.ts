import type { InstanceInfo } from '@backplane/ports';
import { compileCondition, concernsPlugin, type Holds } from './condition.ts';
import { chainLayers, type Onion, type PlacedMiddleware } from './layer.ts';
import { type NameOf, RequestPath } from './request-path.ts';

/** Chains kept for each mount: clients choose paths, and must not choose how much is kept. */
const MOST_CHAINS = 256;

/** The onions that requests to one mount may pass. */
export class LayerSelection {
  /** Whose middleware it is. */
  readonly instances: readonly InstanceInfo[];
  /** Whoever is in one of the onions. */
  readonly placed: readonly PlacedMiddleware[];
  readonly #all: Onion;
  readonly #tests: readonly (Holds | undefined)[] | undefined;
  readonly #nameOf: NameOf;
  /** By one character for each that has a test. */
  readonly #chains = new Map<string, Onion>();

  constructor(placed: readonly PlacedMiddleware[], nameOf: NameOf) {
    this.placed = placed;
    this.instances = [...new Set(placed.map(({ instance }) => instance))];
    this.#nameOf = nameOf;
    this.#all = chainLayers(placed);
    const tests = placed.map(({ condition }) => condition && compileCondition(condition, nameOf));
    this.#tests = tests.some((test) => test !== undefined) ? tests : undefined;
  }

  /** The onion for a request. The same one for all that meet the same conditions. */
  select(method: string, target: string): Onion {
    return this.#tests === undefined ? this.#all : this.#selectBy(this.#tests, method, target);
  }

  #selectBy(tests: readonly (Holds | undefined)[], method: string, target: string): Onion {
    const path = new RequestPath(target, this.#nameOf);
    let key = '';
    for (const test of tests) if (test !== undefined) key += test(method, path) ? '1' : '0';
    const known = this.#chains.get(key);
    if (known !== undefined) return known;
    let at = 0;
    const chain = chainLayers(this.placed.filter((_, index) => tests[index] === undefined || key[at++] === '1'));
    if (this.#chains.size < MOST_CHAINS) this.#chains.set(key, chain);
    return chain;
  }
}

/** Finds the onions of each mount: conditions on plugins are decided here, once a generation, and cost a request nothing. */
export class LayerTable {
  readonly #placed: readonly PlacedMiddleware[];
  readonly #nameOf: NameOf;
  readonly #bound: boolean;
  readonly #selections = new Map<string, LayerSelection>();

  constructor(placed: readonly PlacedMiddleware[], nameOf: NameOf) {
    this.#placed = placed;
    this.#nameOf = nameOf;
    this.#bound = placed.some(({ condition }) => condition?.plugins !== undefined);
  }

  /** For requests to this plugin, or to none. Mounts with the same middleware share one. */
  for(plugin: string | undefined): LayerSelection {
    const concerned = this.#bound
      ? this.#placed.map(({ condition }) => condition === undefined || concernsPlugin(condition, plugin, this.#nameOf))
      : [];
    const key = concerned.map(Number).join('');
    let selection = this.#selections.get(key);
    if (selection === undefined) {
      selection = new LayerSelection(
        this.#bound ? this.#placed.filter((_, index) => concerned[index]) : this.#placed,
        this.#nameOf,
      );
      this.#selections.set(key, selection);
    }
    return selection;
  }
}
