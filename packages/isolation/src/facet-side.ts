import {
  type CallContext,
  type CollectedMetrics,
  type Counter,
  currentCall,
  type Effect,
  type ExtensionPoint,
  type Gauge,
  type HandlerOptions,
  type Histogram,
  type Hook,
  type LabelValues,
  type MetricDefinitions,
  type MetricService,
  type ServiceInfo,
  type ServiceQuery,
  type ServiceWatcher,
} from '@backplane/plugin-api';
import type { CacheChange, CacheUpstream, InstanceHost } from '@backplane/ports';
import { DatabaseSide } from './database-side.ts';
import type { FacetPayload } from './protocol.ts';

/** Has the child run one of its callbacks. */
export type CallBack = (id: number, args: readonly unknown[], call: CallContext | undefined) => Promise<unknown>;

type FacetHost = Pick<
  InstanceHost,
  'cache' | 'database' | 'events' | 'extensionPoints' | 'metrics' | 'registry' | 'scope'
>;
type Measure = (value: number, labels: LabelValues | undefined) => void;
type Metric = Counter | Gauge | Histogram;
const MEASURES = ['inc', 'dec', 'set', 'observe'] as const;

/** The services of a context, as a child uses them: answered from the instance's own, and from nothing else. */
export class FacetSide {
  #database: DatabaseSide | undefined;
  readonly #host: FacetHost;
  readonly #callBack: CallBack;
  readonly #effects = new Map<number, Effect>();
  readonly #hooks = new Map<string, Hook>();
  readonly #metrics = new Map<string, Metric>();
  #cache: CacheUpstream | undefined;

  constructor(host: FacetHost, callBack: CallBack) {
    this.#host = host;
    this.#callBack = callBack;
  }

  async answer([facet, method, args]: FacetPayload): Promise<unknown> {
    if (method === 'release') return this.#release(args[0] as number);
    if (facet === 'database') {
      this.#database ??= new DatabaseSide(this.#host.database.sql);
      return this.#database.answer(method, args);
    }
    if (facet === 'cache') return this.#useCache(method, args);
    switch (`${facet}.${method}`) {
      case 'events.publish':
        return this.#host.events.publish(args[0] as string, args[1], args[2] as { source?: string });
      case 'events.subscribe':
        return this.#keep(args, (id) =>
          this.#host.events.subscribe(args[1] as string, async (event, call) => {
            await this.#callBack(id, [event], call);
          }),
        );
      case 'extensionPoints.own': {
        const point = args[0] as ExtensionPoint;
        this.#hooks.set(point.name, this.#host.extensionPoints.registerExtensionPoint(point));
        return undefined;
      }
      case 'extensionPoints.handle':
        return this.#keep(args, (id) => {
          const call = (...given: unknown[]) => this.#callBack(id, given, currentCall());
          return this.#host.extensionPoints.registerHandler(args[1] as string, call, args[2] as HandlerOptions);
        });
      case 'extensionPoints.notice':
        return this.#host.extensionPoints.notice(args[0] as 'config.load');
      case 'extensionPoints.dispatch':
        return this.#hooks.get(args[0] as string)?.dispatch(...(args[1] as unknown[]));
      case 'metrics.counter':
      case 'metrics.gauge':
      case 'metrics.histogram':
        this.#metrics.set(
          args[0] as string,
          this.#host.metrics[method as 'counter'](args[0] as string, args[1] as object),
        );
        return undefined;
      case 'metrics.measure':
        return this.#measure(args);
      case 'metrics.collect':
        return this.#keep(args, (id) => this.#collect(this.#host.metrics, id, args[1] as MetricDefinitions));
      case 'registry.discover':
        return this.#host.registry.discover(args[0] as ServiceQuery);
      case 'registry.watch':
        return this.#keep(args, (id) => this.#host.registry.watch(this.#watcher(id, args[1] as string[])));
      default:
        throw new TypeError(`A child asked for ${facet}.${method}, which no host answers.`);
    }
  }

  /** The child is gone. */
  end(): void {
    this.#database?.end();
  }

  async #useCache(method: string, args: readonly unknown[]): Promise<unknown> {
    if (method === 'share') return this.#keep(args, (id) => this.#shareCache(id));
    if (this.#cache === undefined) throw new TypeError('The child has not asked for the cache.');
    switch (method) {
      case 'read':
        return this.#cache.read(args[0] as string);
      case 'write':
        return this.#cache.write(args[0] as string, args[1], args[2] as number, args[3] as boolean);
      case 'remove':
        return this.#cache.remove(args[0] as CacheChange);
      default:
        throw new TypeError(`A child asked for cache.${method}, which no host answers.`);
    }
  }

  #shareCache(id: number): Effect {
    // A child that can no longer be told has ended, and its memory with it.
    const shared = this.#host.cache.share((change) => void this.#callBack(id, [change], undefined).catch(() => {}));
    this.#cache = shared;
    return this.#host.scope.add('cache of its process', () => shared[Symbol.dispose]());
  }

  #collect(metrics: MetricService, id: number, definitions: MetricDefinitions): Effect {
    return metrics.collect(definitions, async () => (await this.#callBack(id, [], undefined)) as CollectedMetrics);
  }

  #measure([name, measure, value, labels]: readonly unknown[]): void {
    const metric = this.#metrics.get(name as string) as Readonly<Record<string, Measure | undefined>> | undefined;
    const known = MEASURES.find((one) => one === measure);
    if (known === undefined) throw new TypeError(`There is no ${String(measure)}().`);
    metric?.[known]?.(value as number, labels as LabelValues | undefined);
  }

  #watcher(id: number, present: readonly string[]): ServiceWatcher {
    const hear = async (callback: string, subject: unknown) => this.#callBack(id, [callback, subject], currentCall());
    return {
      ...(present.includes('onServiceRegister') && {
        onServiceRegister: async (info) => void (await hear('onServiceRegister', info)),
      }),
      ...(present.includes('onServiceUnregister') && {
        onServiceUnregister: async (info) => void (await hear('onServiceUnregister', info)),
      }),
      ...(present.includes('onServiceDiscovery') && {
        onServiceDiscovery: async (query) => (await hear('onServiceDiscovery', query)) as readonly ServiceInfo[],
      }),
    };
  }

  #keep(args: readonly unknown[], register: (id: number) => Effect): undefined {
    const id = args[0] as number;
    this.#effects.set(id, register(id));
  }

  async #release(id: number): Promise<void> {
    const effect = this.#effects.get(id);
    this.#effects.delete(id);
    await effect?.dispose();
  }
}
