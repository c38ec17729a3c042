import type { Counter, Histogram, MetricService } from '@backplane/plugin-api';

/** What one plugin has answered. */
interface Answered {
  readonly counters: Map<string, (Counter | undefined)[]>;
  readonly duration: Histogram;
}

const CLASSES = ['0xx', '1xx', '2xx', '3xx', '4xx', '5xx'] as const;
/** Clients choose methods, and must not choose how many series there are. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Counts the requests of a host. Series are found by two look-ups in maps, and no text is made on the way. */
export class HttpMetrics {
  readonly #requests: Counter;
  readonly #duration: Histogram;
  readonly #answered = new Map<string, Answered>();

  constructor(metrics: MetricService) {
    this.#requests = metrics.counter('http_requests', {
      help: 'Requests answered, by the plugin that they led to.',
      labels: ['plugin', 'method', 'status'],
    });
    this.#duration = metrics.histogram('http_request_duration_seconds', {
      help: 'Seconds from the arrival of a request to the end of its answer.',
      labels: ['plugin'],
    });
  }

  /** Counts one request. `plugin` is `undefined` for paths that lead to none. */
  observe(plugin: string | undefined, method: string, status: number, seconds: number): void {
    const name = plugin ?? '';
    const answered = this.#answered.get(name) ?? this.#begin(name);
    const verb = METHODS.has(method) ? method : 'other';
    let counters = answered.counters.get(verb);
    if (counters === undefined) {
      counters = [];
      answered.counters.set(verb, counters);
    }
    const index = status < 600 ? Math.trunc(status / 100) : 0;
    let counter = counters[index];
    if (counter === undefined) {
      counter = this.#requests.labels({ plugin: name, method: verb, status: CLASSES[index] ?? '0xx' });
      counters[index] = counter;
    }
    counter.inc();
    answered.duration.observe(seconds);
  }

  #begin(plugin: string): Answered {
    const answered: Answered = { counters: new Map(), duration: this.#duration.labels({ plugin }) };
    this.#answered.set(plugin, answered);
    return answered;
  }
}
