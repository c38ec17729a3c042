import { findUncloneable } from '@backplane/base';
import { OutgoingStreams } from './byte-stream.ts';
import type { Channel } from './channel.ts';
import type { ChildInstance, ChildRuntime } from './child-runtime.ts';
import { createChildSeat, deepFreeze, type SeatParts } from './child-seat.ts';
import { FacetLink } from './facet-link.ts';
import type { IncomingRequest } from './incoming-request.ts';
import { Peer } from './peer.ts';
import {
  type CallbackPayload,
  type CallPayload,
  type ChildInit,
  type InitializeAnswer,
  notCloneable,
  type ReconfigurePayload,
  SAY,
  type StartPayload,
} from './protocol.ts';
import { ProvidedServices } from './provided-services.ts';
import { ReceivedCall } from './received-call.ts';
import { createRemoteLogger } from './remote-logger.ts';
import type { WireCall } from './wire-call.ts';
import { decodeError, encodeError, type WireError } from './wire-error.ts';

export interface ServeChildOptions extends ChildRuntime {
  readonly channel: Channel;
  /** The host has said what to read, and nothing of it has been loaded yet. */
  readonly reading: () => void;
  /** The host has said what to run, and nothing of it has been loaded yet. */
  readonly begun: (init: ChildInit) => void;
  /** The instance has been disposed and the host has been told: end the thread or process. */
  readonly disposed: () => void;
  /** The host has gone. */
  readonly orphaned: () => void;
}

/** The child's side of the contract. */
export interface ServedChild {
  /** Tells the host, at once, of an exception that nobody caught. */
  reportFatal(error: unknown): void;
  /** Logs, in the host, a rejection that nobody looked at. False as long as there is no instance to log it for. */
  reportRejection(error: unknown): boolean;
  /** True from the host's wish to dispose on. */
  readonly ending: boolean;
}

/** Answers the host over `channel` until it says `dispose` or goes away. */
export function serveChild(options: ServeChildOptions): ServedChild {
  const { clock, run } = options;
  const draining = new AbortController();
  const ended = new AbortController();
  const surroundings = { clock, draining: draining.signal, ended: ended.signal };
  const streams = new OutgoingStreams();
  const services = new ProvidedServices();
  let ending = false;
  let strict = false;
  let instance: ChildInstance | undefined;
  let facets: FacetLink | undefined;

  const initialize = async (init: ChildInit): Promise<InitializeAnswer> => {
    options.begun(init);
    strict = init.environment !== 'production';
    if (init.draining) draining.abort();
    facets = new FacetLink(peer, createRemoteLogger(peer));
    const parts: SeatParts = { init, peer, surroundings, streams, services, facets, strict };
    const { seat, refused } = createChildSeat(parts);
    instance = await options.createInstance(seat);
    await instance.driver.initialize();
    if (refused() !== undefined) throw refused();
    await facets.settled();
    const http = await instance.listen?.(init.socketPath);
    return { provides: services.described, reconfigurable: instance.driver.reconfigurable(), http };
  };

  const dispose = async (): Promise<void> => {
    ending = true;
    try {
      await instance?.driver.dispose();
      await instance?.close?.();
    } finally {
      // The answer leaves at the end of this turn; the process ends after it.
      setImmediate(options.disposed);
    }
  };

  const invoke = (request: IncomingRequest): unknown => {
    const { subject, payload } = request;
    const [service, method, args, wire] = payload as CallPayload;
    const result = runFor(request, wire, () => services.invoke(service, method, args));
    if (!strict) return result;
    const check = (value: unknown) => {
      if (findUncloneable(value)) throw notCloneable({ part: 'reply', subject, payload, value });
      return value;
    };
    return result instanceof Promise ? result.then(check) : check(result);
  };

  const callBack = (request: IncomingRequest): unknown => {
    const payload = request.payload as CallbackPayload;
    const [, , wire] = payload;
    return wire === undefined ? facets?.call(payload) : runFor(request, wire, () => facets?.call(payload));
  };

  const runFor = (request: IncomingRequest, wire: WireCall, action: () => unknown): unknown => {
    const call = new ReceivedCall(wire, surroundings);
    request.onCancel = (reason) => call.cancel(reason);
    const result = run(call, action);
    if (!(result instanceof Promise)) {
      call.leave();
      return result;
    }
    const leave = () => call.leave();
    result.then(leave, leave);
    return result;
  };

  const running = (): ChildInstance['driver'] => {
    if (instance === undefined) throw new Error('The instance has not been initialized.');
    return instance.driver;
  };

  const answer = (request: IncomingRequest): unknown => {
    switch (request.subject) {
      case SAY.invoke:
        return invoke(request);
      case SAY.callback:
        return callBack(request);
      case SAY.pull:
        return streams.pull(request.payload as number);
      case SAY.health:
        return running().health();
      case SAY.describe:
        options.reading();
        return options.describe?.(request.payload);
      case SAY.initialize:
        return initialize(request.payload as ChildInit);
      case SAY.start:
        return running().start(request.payload as StartPayload);
      case SAY.quiesce:
        return running().quiesce();
      case SAY.resume:
        return running().resume();
      case SAY.reconfigure:
        return running().reconfigure(...deepFreeze(request.payload as ReconfigurePayload));
      case SAY.stop:
        return instance?.driver.stop();
      case SAY.undo:
        return instance?.driver.undo?.() ?? [];
      case SAY.dispose:
        return dispose();
      default:
        throw new TypeError(`The host asked for "${request.subject}", which no child answers.`);
    }
  };

  const peer: Peer = new Peer({
    channel: options.channel,
    request: answer,
    note(subject, payload) {
      if (subject === SAY.draining) draining.abort(decodeError(payload as WireError));
      else if (subject === SAY.ended) ended.abort(decodeError(payload as WireError));
      else if (subject === SAY.giveUp) streams.giveUp(payload as number);
    },
    uncloneable: notCloneable,
    stray: () => {},
    closed: options.orphaned,
  });

  return {
    reportFatal(error) {
      peer.note(SAY.fatal, encodeError(error));
      peer.flush();
    },
    reportRejection(error) {
      if (facets !== undefined) createRemoteLogger(peer).error('A promise was rejected and nobody looked.', { error });
      return facets !== undefined;
    },
    get ending() {
      return ending;
    },
  };
}
