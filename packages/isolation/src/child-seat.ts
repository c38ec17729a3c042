import type { HttpService } from '@backplane/plugin-api';
import type { OutgoingStreams } from './byte-stream.ts';
import type { ChildSeat } from './child-runtime.ts';
import { errors } from './errors.ts';
import type { FacetLink } from './facet-link.ts';
import type { Peer } from './peer.ts';
import { type ChildInit, SAY } from './protocol.ts';
import type { ProvidedServices } from './provided-services.ts';
import { type CallSurroundings, ReceivedCall } from './received-call.ts';
import { createConnectCache } from './remote-cache.ts';
import { createRemoteDatabase } from './remote-database.ts';
import { createRemoteFacets } from './remote-facets.ts';
import { createRemoteHandle } from './remote-handle.ts';
import { createRemoteLogger } from './remote-logger.ts';
import { createRemoteSecurity } from './remote-security.ts';
import { CALL_HEADER, readCallHeader } from './wire-call.ts';
import { encodeError } from './wire-error.ts';

export interface SeatParts {
  readonly init: ChildInit;
  readonly peer: Peer;
  readonly surroundings: CallSurroundings;
  readonly streams: OutgoingStreams;
  readonly services: ProvidedServices;
  readonly facets: FacetLink;
  /** Refuse what would arrive without its class, as between inline plugins. */
  readonly strict: boolean;
}

/** Makes the seat; `refused` gives what the plugin tried that cannot work here, whether it caught that or not. */
export function createChildSeat(parts: SeatParts): { seat: ChildSeat; refused: () => Error | undefined } {
  const { init, peer, surroundings, streams, services, facets, strict } = parts;
  const handles = new Map<string, object>();
  let refusal: Error | undefined;

  const guard = <H extends HttpService>(http: H): H => {
    const middleware: HttpService['middleware'] = ({ name }) => {
      refusal ??= errors.BP_MIDDLEWARE_NOT_INLINE({ plugin: init.identity.name, middleware: name });
      throw refusal;
    };
    const get = (_: object, key: PropertyKey) => {
      if (key === 'middleware') return middleware;
      const value = Reflect.get(http, key);
      return typeof value === 'function' ? value.bind(http) : value;
    };
    // An empty target: a frozen facet would forbid to answer differently for it.
    return new Proxy({}, { get }) as H;
  };

  const seat: ChildSeat = {
    data: init.data,
    identity: Object.freeze(init.identity),
    environment: init.environment,
    config: deepFreeze(init.config),
    entry: init.entry,
    logger: createRemoteLogger(peer),
    security: createRemoteSecurity(peer, streams),
    database: createRemoteDatabase(facets, init.dialect),
    facets: (scope) => createRemoteFacets(facets, scope),
    cacheLimits: init.cacheLimits,
    connectCache: createConnectCache(facets),
    draining: surroundings.draining,
    ended: surroundings.ended,
    handle({ serviceId }) {
      if (!init.available.includes(serviceId)) return undefined;
      let handle = handles.get(serviceId);
      if (handle === undefined) {
        handle = createRemoteHandle(peer, surroundings.clock, serviceId, strict);
        handles.set(serviceId, handle);
      }
      return handle;
    },
    provide: (serviceId, implementation) => services.add(serviceId, implementation),
    fail(reason) {
      peer.note(SAY.fail, encodeError(reason));
    },
    guard,
    receive(headers) {
      const wire = readCallHeader(headers[CALL_HEADER], init.secret);
      delete headers[CALL_HEADER];
      return wire === undefined ? undefined : new ReceivedCall(wire, surroundings);
    },
  };
  return { seat, refused: () => refusal };
}

/** What came over the line is nobody else's. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const child of Object.values(value)) deepFreeze(child);
  return value;
}
