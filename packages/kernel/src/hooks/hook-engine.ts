import { type Clock, type ClockTimer, messageOf } from '@backplane/base';
import type {
  Effect,
  ExtensionPoint,
  ExtensionPoints,
  ExtensionPointType,
  HandlerOptions,
  Hook,
  HookCondition,
} from '@backplane/plugin-api';
import type { GenerationPart } from '@backplane/ports';
import { errors } from '../errors.ts';
import type { Instance } from '../lifecycle/instance.ts';
import { checkHandler, checkPoint } from './check-hooks.ts';
import { compileCondition } from './condition.ts';
import { HandlerFigures } from './figures.ts';
import { type AnyHandler, type Handler, labelOf } from './handler.ts';
import { type OrderedHandlers, orderHandlers } from './order-handlers.ts';
import { Point } from './point.ts';

/** The handlers of one generation, by point, in order. */
export type HookTable = ReadonlyMap<string, OrderedHandlers>;

/** A method of a plugin that was registered for a point from outside. */
export interface StoredHandler {
  readonly point: string;
  /** What the point must be. */
  readonly type: ExtensionPointType;
  readonly plugin: string;
  readonly name: string;
  readonly priority: number;
  readonly when: HookCondition | undefined;
  call(instance: Instance, args: readonly unknown[]): unknown;
}

export interface HookEngineOptions {
  readonly clock: Clock;
  /** Throws where what is dispatched could not cross to another process. */
  readonly checkArguments?: ((point: string, args: readonly unknown[]) => void) | undefined;
  /** Takes a handler of one of the host's own points; `undefined` for others. */
  hostPoint(instance: Instance, point: string, handler: AnyHandler, options: HandlerOptions): Effect | undefined;
  /** A plugin says that its handlers would answer otherwise now. */
  onNotice(instance: Instance, point: string): void;
}

/** So often one dispatch of each point is timed. */
const SAMPLE_MS = 1000;

/**
 * Extension points and who takes part in them. Which handlers there are is part of a generation: chains are made before the swap and become visible with it, all
 * at once; a dispatch has one chain from beginning to end.
 */
export class HookEngine {
  readonly part: GenerationPart<HookTable>;
  readonly #options: HookEngineOptions;
  readonly #points = new Set<Point>();
  readonly #handlers = new WeakMap<Instance, Set<Handler>>();
  readonly #figures = new Map<string, HandlerFigures>();
  /** Problems that have been told. */
  readonly #told = new Set<string>();
  #stored: readonly StoredHandler[] = [];
  #instances: readonly Instance[] = [];
  #table: HookTable = new Map();
  #sampler: ClockTimer | undefined;

  constructor(options: HookEngineOptions) {
    this.#options = options;
    this.part = { key: 'hooks', build: ({ instances }) => this.#build(instances as readonly Instance[]) };
  }

  /** The points as one plugin sees them. */
  facet(instance: Instance): ExtensionPoints {
    return {
      registerExtensionPoint: (point: ExtensionPoint) => this.#own(instance, point),
      registerHandler: (point: ExtensionPoint | string, handler: AnyHandler, options: HandlerOptions = {}) =>
        this.#handle(instance, point, handler, options),
      notice: (point: string) => this.#options.onNotice(instance, point),
    } as ExtensionPoints;
  }

  /** A point of the host's own. */
  own(point: ExtensionPoint): Point {
    return this.#add(point, undefined);
  }

  /** Who would take part at a point if these ran, in order. */
  among(point: string, instances: readonly Instance[]): readonly Handler[] {
    return this.#build(instances).get(point)?.handlers ?? [];
  }

  /** What a generation sees from now on. Called at each swap. */
  install(table: HookTable, instances: readonly Instance[]): void {
    this.#instances = instances;
    this.#table = table;
    for (const point of this.#points) this.#renew(point);
  }

  /** Handlers that were registered from outside, in place of those before. */
  store(handlers: readonly StoredHandler[]): void {
    this.#stored = handlers;
    this.#changed();
  }

  /** Every point that somebody owns, by name. */
  points(): readonly Point[] {
    return [...this.#points].sort((a, b) => (a.declared.name < b.declared.name ? -1 : 1));
  }

  /** Who waits for a point that nobody owns, by its name. */
  waiting(): ReadonlyMap<string, readonly Handler[]> {
    const owned = new Set([...this.#points].map(({ declared }) => declared.name));
    return new Map(
      [...this.#table].filter(([name]) => !owned.has(name)).map(([name, { handlers }]) => [name, handlers]),
    );
  }

  #own(instance: Instance, point: ExtensionPoint): Hook {
    const plugin = instance.identity.name;
    checkPoint(plugin, point);
    if (point.sync && instance.identity.level !== 'inline') throw errors.BP_POINT_SYNC({ plugin, point: point.name });
    for (const { declared, owner } of this.#points) {
      if (declared.name !== point.name || owner?.identity.name === plugin) continue;
      throw errors.BP_POINT_TAKEN({ plugin, point: point.name, owner: owner?.identity.name ?? 'the host' });
    }
    const made = this.#add(point, instance);
    instance.scope.add(`extension point ${point.name}`, () => {
      this.#points.delete(made);
    });
    this.#renew(made);
    return made.hook;
  }

  #add(declared: ExtensionPoint, owner: Instance | undefined): Point {
    const { clock, checkArguments } = this.#options;
    const check = declared.sync ? undefined : checkArguments;
    const point = new Point(
      declared,
      owner,
      { clock, report: (handler, error) => reportFailure(declared.name, handler, error) },
      check && ((args) => check(declared.name, args)),
    );
    this.#points.add(point);
    return point;
  }

  #handle(instance: Instance, point: ExtensionPoint | string, call: AnyHandler, options: HandlerOptions): Effect {
    const plugin = instance.identity.name;
    const name = typeof point === 'string' ? point : point.name;
    const test = checkHandler(plugin, name, call, options);
    const elsewhere = this.#options.hostPoint(instance, name, call, options);
    if (elsewhere !== undefined) return elsewhere;
    const sync = typeof point !== 'string' && point.sync;
    const owned = [...this.#points].some(({ declared }) => declared.name === name && declared.sync);
    if ((sync || owned) && instance.identity.level !== 'inline') throw errors.BP_POINT_SYNC({ plugin, point: name });
    const own = this.#handlers.get(instance) ?? new Set<Handler>();
    this.#handlers.set(instance, own);
    const { priority = 100, before = [], after = [], when, timeoutMs } = options;
    const handler: Handler = {
      instance,
      call,
      priority,
      before,
      after,
      when,
      test,
      timeoutMs,
      point: name,
      name: options.name ?? String([...own].filter((other) => other.point === name).length + 1),
      version: typeof point === 'string' ? undefined : (point.version ?? '1.0.0'),
      stored: undefined,
      figures: this.#figuresOf(`${name} ${plugin}/${options.name ?? own.size + 1}`),
    };
    const effect = instance.scope.add(`handler of ${name}`, () => {
      own.delete(handler);
      this.#changed();
    });
    own.add(handler);
    this.#changed();
    return effect;
  }

  #figuresOf(key: string): HandlerFigures {
    const known = this.#figures.get(key) ?? new HandlerFigures();
    this.#figures.set(key, known);
    return known;
  }

  /** By point, in order. */
  #build(instances: readonly Instance[]): HookTable {
    const byPoint = new Map<string, Handler[]>();
    const running = new Map(instances.map((instance) => [instance.identity.name, instance]));
    const stored = this.#stored.flatMap((one) => this.#storedHandler(one, running.get(one.plugin)));
    for (const handler of [...instances.flatMap((instance) => [...(this.#handlers.get(instance) ?? [])]), ...stored]) {
      const known = byPoint.get(handler.point);
      if (known) known.push(handler);
      else byPoint.set(handler.point, [handler]);
    }
    return new Map([...byPoint].map(([name, handlers]) => [name, orderHandlers(handlers)]));
  }

  #storedHandler(stored: StoredHandler, instance: Instance | undefined): Handler[] {
    if (instance === undefined) return [];
    const { point, plugin, name, priority, when, type } = stored;
    const known = this.#storedHandlers.get(stored);
    if (known?.instance === instance) return [known];
    const compiled = when === undefined ? undefined : compileCondition(when);
    // What cannot be read is met by nothing.
    const test = compiled && ('test' in compiled ? compiled.test : () => false);
    const handler: Handler = {
      instance,
      point,
      name,
      priority,
      when,
      call: (...args) => stored.call(instance, args),
      before: [],
      after: [],
      test,
      timeoutMs: undefined,
      version: undefined,
      stored: type,
      figures: this.#figuresOf(`${point} ${plugin}/${name}`),
    };
    this.#storedHandlers.set(stored, handler);
    return [handler];
  }
  /** Made once for each instance, so that a chain that has not changed is the same. */
  readonly #storedHandlers = new WeakMap<StoredHandler, Handler>();

  /** Handlers have come or gone between two swaps. */
  #changed(): void {
    this.#table = this.#build(this.#instances);
    for (const point of this.#points) this.#renew(point);
  }

  #renew(point: Point): void {
    const { name } = point.declared;
    const ordered = this.#table.get(name);
    point.install(ordered?.handlers ?? []);
    for (const label of ordered?.circular ?? [])
      this.#tell(point, label, `its "before" and "after" contradict those of others, and are ignored`);
    for (const { handler, reason } of point.leftOut) this.#tell(point, labelOf(handler), `it takes no part: ${reason}`);
    if (point.handlers.length > 0) this.#keepSampling();
  }

  #tell(point: Point, label: string, problem: string): void {
    const { name } = point.declared;
    const told = `${name} ${label} ${problem}`;
    if (this.#told.has(told)) return;
    this.#told.add(told);
    const handler = this.#table.get(name)?.handlers.find((one) => labelOf(one) === label);
    handler?.instance.logger.warn(`Handler "${label}" of extension point ${name}: ${problem}`, {
      extension_point: name,
    });
  }

  #keepSampling(): void {
    this.#sampler ??= this.#options.clock.after(SAMPLE_MS, () => {
      this.#sampler = undefined;
      const busy = [...this.#points].filter(({ handlers }) => handlers.length > 0);
      for (const point of busy) point.sample();
      if (busy.length > 0) this.#keepSampling();
    });
  }
}

function reportFailure(point: string, handler: Handler, error: unknown): void {
  const text = `Handler "${handler.name}" of extension point ${point} failed: ${messageOf(error)}`;
  handler.instance.logger.error(text, { extension_point: point, error });
}
