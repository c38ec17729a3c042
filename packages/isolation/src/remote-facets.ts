import {
  type CallContext,
  type Counter,
  currentCall,
  type EventHandler,
  type EventService,
  type EventType,
  type ExtensionPoints,
  type Gauge,
  type Histogram,
  type LabelValues,
  type MetricService,
  type PluginEvent,
  type Scope,
  type ServiceInfo,
  type ServiceQuery,
  type ServiceRegistry,
} from '@backplane/plugin-api';
import type { FacetLink } from './facet-link.ts';
import { remoteExtensionPoints } from './remote-extension-points.ts';

/** The services of a context that the host answers for a child. */
export interface RemoteFacets {
  readonly events: EventService;
  readonly extensionPoints: ExtensionPoints;
  readonly metrics: MetricService;
  readonly registry: ServiceRegistry;
}

const typeOf = (type: string | EventType<never> | EventType<unknown>): string =>
  typeof type === 'string' ? type : type.type;

/** The host's events, metrics and registry, seen from a child. */
export function createRemoteFacets(link: FacetLink, scope: Pick<Scope, 'add'>): RemoteFacets {
  return {
    events: remoteEvents(link, scope),
    extensionPoints: remoteExtensionPoints(link, scope),
    metrics: remoteMetrics(link, scope),
    registry: remoteRegistry(link, scope),
  };
}

function remoteEvents(link: FacetLink, scope: Pick<Scope, 'add'>): EventService {
  return {
    async publish(type, data, options = {}) {
      await link.ask('events', 'publish', [typeOf(type), data, options]);
    },
    subscribe(pattern, handler) {
      const name = typeOf(pattern);
      const hear = (event: PluginEvent) => (handler as EventHandler)(event, currentCall() as CallContext);
      return link.register(scope, `event ${name}`, 'events', 'subscribe', hear, [name]);
    },
  };
}

type Measure = 'inc' | 'dec' | 'set' | 'observe';

/** One metric, or one series of it: all that is measured is told to the host. */
class RemoteMetric implements Counter, Gauge, Histogram {
  readonly #link: FacetLink;
  readonly #name: string;
  readonly #labels: LabelValues | undefined;

  constructor(link: FacetLink, name: string, labels?: LabelValues) {
    this.#link = link;
    this.#name = name;
    this.#labels = labels;
  }

  inc(by = 1, labels?: LabelValues): void {
    this.#tell('inc', by, labels);
  }
  dec(by = 1, labels?: LabelValues): void {
    this.#tell('dec', by, labels);
  }
  set(value: number, labels?: LabelValues): void {
    this.#tell('set', value, labels);
  }
  observe(value: number, labels?: LabelValues): void {
    this.#tell('observe', value, labels);
  }
  labels(values: LabelValues): RemoteMetric {
    return new RemoteMetric(this.#link, this.#name, values);
  }

  #tell(measure: Measure, value: number, labels: LabelValues | undefined): void {
    this.#link.tell('metrics', 'measure', [this.#name, measure, value, labels ?? this.#labels]);
  }
}

function remoteMetrics(link: FacetLink, scope: Pick<Scope, 'add'>): MetricService {
  const declare = (type: 'counter' | 'gauge' | 'histogram', name: string, options: object = {}): RemoteMetric => {
    link.declare('metrics', type, [name, options]);
    return new RemoteMetric(link, name);
  };
  return {
    counter: (name, options) => declare('counter', name, options),
    gauge: (name, options) => declare('gauge', name, options),
    histogram: (name, options) => declare('histogram', name, options),
    collect: (definitions, collect) =>
      link.register(scope, 'metrics collected', 'metrics', 'collect', collect, [definitions]),
  };
}

function remoteRegistry(link: FacetLink, scope: Pick<Scope, 'add'>): ServiceRegistry {
  return {
    async discover(query = {}) {
      return (await link.ask('registry', 'discover', [query])) as readonly ServiceInfo[];
    },
    watch(watcher) {
      const callbacks = ['onServiceRegister', 'onServiceUnregister', 'onServiceDiscovery'] as const;
      const hear = (callback: (typeof callbacks)[number], subject: ServiceInfo & ServiceQuery) =>
        watcher[callback]?.(subject);
      const present = callbacks.filter((name) => watcher[name] !== undefined);
      return link.register(scope, 'service watcher', 'registry', 'watch', hear, [present]);
    },
  };
}
