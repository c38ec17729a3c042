import type { ExtensionPointHandler, ExtensionPointInfo } from '@backplane/ports';
import type { ExtensionPointBody, HandlerBody, PlaceBody } from '@backplane/wire';

type Predefined = Pick<ExtensionPointBody, 'name' | 'type' | 'description' | 'parameters' | 'return_type'>;

/** The points that every host has. `filter` hands a value on, `action` gathers what its handlers answer, `event` tells them. */
const PREDEFINED: readonly Predefined[] = [
  {
    name: 'service.pre_register',
    type: 'filter',
    description: 'Modify service info before registration.',
    parameters: { service_info: 'ServiceInfo' },
    return_type: 'ServiceInfo',
  },
  {
    name: 'service.post_register',
    type: 'event',
    description: 'Notification after service registration.',
    parameters: { service_info: 'ServiceInfo' },
    return_type: 'void',
  },
  {
    name: 'middleware.pre_request',
    type: 'filter',
    description: 'Process a request before anything of it is parsed. An answer given here is final.',
    parameters: { request: 'GatewayRequest' },
    return_type: 'GatewayResponse | void',
  },
  {
    name: 'middleware.parsed',
    type: 'filter',
    description: 'Process a request when it has been parsed, before the schema of its route validates it.',
    parameters: { request: 'GatewayRequest', parsed: 'ParsedRequest' },
    return_type: 'GatewayResponse | void',
  },
  {
    name: 'middleware.post_response',
    type: 'filter',
    description: 'Process a response before its head is sent.',
    parameters: { request: 'GatewayRequest', response: 'GatewayResponse' },
    return_type: 'void',
  },
  {
    name: 'config.load',
    type: 'action',
    description: 'Provide additional configuration sources.',
    parameters: {},
    return_type: 'Record<string, unknown>',
  },
  {
    name: 'health.check',
    type: 'action',
    description: 'Provide health check results.',
    parameters: {},
    return_type: 'HealthAnswer',
  },
  {
    name: 'metrics.collect',
    type: 'action',
    description: 'Provide custom metrics.',
    parameters: {},
    return_type: 'Record<string, number>',
  },
];

/** Every extension point, with its handlers in the order in which they run: first those that every host has. */
export function extensionPointBodies({ points, handlers }: Described): ExtensionPointBody[] {
  const byPoint = Map.groupBy(handlers, ({ point }) => point);
  const declared = new Map(points.map((point) => [point.name, point]));
  const bodyOf = (body: Omit<ExtensionPointBody, 'handlers'>) => ({
    ...body,
    handlers: (byPoint.get(body.name) ?? []).map(handlerBody),
  });
  const predefined = PREDEFINED.map((point) => {
    const own = declared.get(point.name);
    declared.delete(point.name);
    return bodyOf({ ...(own === undefined ? ELSEWHERE : pointBody(own)), ...point });
  });
  const named = new Set([...PREDEFINED.map(({ name }) => name), ...declared.keys()]);
  const waiting = [...byPoint.keys()].filter((name) => !named.has(name)).sort();
  return [
    ...predefined,
    ...[...declared.values()].map((point) => bodyOf(pointBody(point))),
    ...waiting.map((name) => bodyOf({ ...ELSEWHERE, ...NOT_DECLARED, name, owner: '' })),
  ];
}

/** What there is to tell of. */
export interface Described {
  readonly points: readonly ExtensionPointInfo[];
  readonly handlers: readonly ExtensionPointHandler[];
}

/** Points with a form of their own: middleware, health checks, metrics. */
const ELSEWHERE = {
  version: '1.0.0',
  owner: 'host',
  sync: false,
  failure: 'skip',
  timeout_ms: null,
  dispatches: null,
} as const;

/** Somebody waits for it. */
const NOT_DECLARED = {
  type: 'action',
  description: 'Nobody has declared this point; its handlers wait for it.',
  parameters: {},
  return_type: 'unknown',
} as const;

function pointBody(point: ExtensionPointInfo): Omit<ExtensionPointBody, 'handlers'> {
  const { name, type, version, owner, description, parameters, returnType, sync, failure } = point;
  const { timeoutMs = null, dispatches } = point;
  return {
    ...{ name, type, version, owner, description, parameters, sync, failure, dispatches },
    return_type: returnType,
    timeout_ms: timeoutMs,
  };
}

function handlerBody(handler: ExtensionPointHandler): HandlerBody {
  const { plugin, name, phase, priority, form = null, when, passesOver = [], leftOut = null, figures } = handler;
  const condition = when === undefined ? null : conditionBody(when);
  const { calls = null, failures = null, meanMs = null, longestMs = null, lastFailure } = figures ?? {};
  return {
    ...{ plugin, name, phase, priority, form, when: condition, passes_over: [...passesOver], left_out: leftOut },
    ...{ calls, failures, mean_ms: meanMs, longest_ms: longestMs },
    last_failure: lastFailure === undefined ? null : { ...lastFailure, at: new Date(lastFailure.at).toISOString() },
  };
}

type Condition = NonNullable<ExtensionPointHandler['when']>;

/** Plain data either way. */
const conditionBody = (when: Condition): NonNullable<HandlerBody['when']> => ({ ...when }) as never;

/** Where the handlers of each plugin stand among all of their points. */
export function placesByPlugin(handlers: readonly ExtensionPointHandler[]): ReadonlyMap<string, PlaceBody[]> {
  const places = new Map<string, PlaceBody[]>();
  for (const [point, inOrder] of Map.groupBy(handlers, ({ point }) => point)) {
    for (const [index, { plugin, name, when, passesOver = [] }] of inOrder.entries()) {
      const place: PlaceBody = {
        extension_point: point,
        handler: name,
        place: index + 1,
        of: inOrder.length,
        when: when === undefined ? null : conditionBody(when),
        passes_over: [...passesOver],
      };
      const known = places.get(plugin);
      if (known) known.push(place);
      else places.set(plugin, [place]);
    }
  }
  return places;
}
