import type { ExtensionPointHandler } from '@backplane/ports';
import type { ExtensionPointBody, HandlerBody, PlaceBody } from '@backplane/wire';

/** The points that every host has. `filter` hands a value on, `action` gathers what its handlers answer, `event` tells them. */
const PREDEFINED: readonly Omit<ExtensionPointBody, 'handlers'>[] = [
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

/** Every extension point, with its handlers in the order in which they run. */
export function extensionPointBodies(handlers: readonly ExtensionPointHandler[]): ExtensionPointBody[] {
  const byPoint = Map.groupBy(handlers, ({ point }) => point);
  return PREDEFINED.map((point) => ({ ...point, handlers: (byPoint.get(point.name) ?? []).map(handlerBody) }));
}

function handlerBody(handler: ExtensionPointHandler): HandlerBody {
  const { plugin, name, phase, priority, form = null, when, passesOver = [] } = handler;
  const condition = when === undefined ? null : conditionBody(when);
  return { plugin, name, phase, priority, form, when: condition, passes_over: [...passesOver] };
}

type Condition = NonNullable<ExtensionPointHandler['when']>;

const conditionBody = ({ plugins, methods, paths }: Condition): NonNullable<HandlerBody['when']> => ({
  ...(plugins && { plugins: [...plugins] }),
  ...(methods && { methods: [...methods] }),
  ...(paths && { paths: [...paths] }),
});

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
