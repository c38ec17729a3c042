import { baseErrors, type Clock, messageOf } from '@backplane/base';
import {
  type CallContext,
  type CallOptions,
  type KeySpec,
  type SigningAlgorithm,
  withCallOptions,
} from '@backplane/plugin-api';
import type { InstanceHost } from '@backplane/ports';
import { pullStream } from './byte-stream.ts';
import type { CallLedger } from './call-ledger.ts';
import { errors } from './errors.ts';
import { type CallBack, FacetSide } from './facet-side.ts';
import type { IncomingRequest } from './incoming-request.ts';
import type { Peer } from './peer.ts';
import {
  type FacetPayload,
  LOG_LEVELS,
  type LogPayload,
  type NeedPayload,
  SAY,
  type SecurityPayload,
  type WireBytes,
} from './protocol.ts';
import { decodeError, type WireError } from './wire-error.ts';
import { decodeFields } from './wire-log.ts';

/** Runs `action` so that loggers and handles see `call`. */
export type RunInCall = <R>(call: CallContext, action: () => R) => R;

export interface HostSideOptions {
  readonly host: InstanceHost;
  readonly ledger: CallLedger;
  readonly run: RunInCall;
  readonly clock: Clock;
  readonly peer: () => Peer;
  /** Calls something that the child has registered. */
  readonly callBack: CallBack;
  /** Nobody in the child caught this; it is about to end. */
  readonly fatal: (error: Error) => void;
}

/** What a child may ask of the host, answered from the instance's own `InstanceHost`: nothing else of the host is in reach. */
export class HostSide {
  readonly #options: HostSideOptions;
  readonly #facets: FacetSide;

  constructor(options: HostSideOptions) {
    this.#options = options;
    this.#facets = new FacetSide(options.host, options.callBack);
  }

  request(request: IncomingRequest): unknown {
    switch (request.subject) {
      case SAY.call:
        return this.#call(request.payload as NeedPayload, request);
      case SAY.facet:
        return this.#useFacet(request.payload as FacetPayload);
      case SAY.security:
        return this.#secure(request.payload as SecurityPayload);
      default:
        throw new TypeError(`A child asked for "${request.subject}", which no host answers.`);
    }
  }

  /** The child is gone: what it had begun and not ended is undone. */
  end(): void {
    this.#facets.end();
  }

  note(subject: string, payload: unknown): void {
    if (subject === SAY.log) this.#log(payload as LogPayload);
    else if (subject === SAY.facet) this.#noteFacet(payload as FacetPayload);
    else if (subject === SAY.fail) this.#options.host.fail(decodeError(payload as WireError));
    else if (subject === SAY.fatal) this.#options.fatal(decodeError(payload as WireError));
    else throw new TypeError(`A child told "${subject}", which no host knows.`);
  }

  stray(message: unknown, error?: unknown): void {
    const { logger } = this.#options.host;
    const reason = error === undefined ? 'it is no frame' : messageOf(error);
    logger.warn('A message of the plugin’s process was ignored', { reason, type: typeof message });
  }

  /** In the host's own call where the child is in one: events then go on in its trace, for its principal. */
  #useFacet(payload: FacetPayload): Promise<unknown> {
    const { ledger, run } = this.#options;
    const call = ledger.find(payload[3]);
    return call === undefined ? this.#facets.answer(payload) : run(call, () => this.#facets.answer(payload));
  }

  #noteFacet(payload: FacetPayload): void {
    this.#facets.answer(payload).catch((error) => {
      this.#options.host.logger.warn(`What the plugin said could not be taken: ${messageOf(error)}`, { error });
    });
  }

  async #call([service, method, args, token, deadline]: NeedPayload, request: IncomingRequest): Promise<unknown> {
    const { host, ledger, clock } = this.#options;
    const need = host.info.data.needs.find(({ serviceId }) => serviceId === service);
    const handle = need && host.handle(need);
    if (handle === undefined) throw errors.BP_REMOTE_SERVICE_MISSING({ service });
    const call = ledger.find(token);
    const options: CallOptions = {
      signal: request.signal,
      ...(call !== undefined && { call }),
      ...(deadline !== undefined && { timeout: Math.max(0, deadline - clock.now()) }),
    };
    const methods = withCallOptions(handle, options) as Record<string, ((...args: unknown[]) => unknown) | undefined>;
    const implementation = methods[method];
    if (typeof implementation !== 'function') throw baseErrors.BP_METHOD_MISSING({ service, method });
    return implementation.apply(methods, [...args]);
  }

  async #secure(payload: SecurityPayload): Promise<unknown> {
    const { security } = this.#options.host;
    const bytes = (data: WireBytes) =>
      data instanceof Uint8Array ? data : pullStream(this.#options.peer(), data.stream);
    switch (payload[0]) {
      case 'ensureKey':
        return security.ensureKey(payload[1], payload[2] as KeySpec);
      case 'getKey':
        return security.getKey(payload[1]);
      case 'sign': {
        const [, keyId, algorithm, data] = payload;
        return security.sign({ keyId, algorithm: algorithm as SigningAlgorithm, data: bytes(data) });
      }
      case 'verify': {
        const [, keyId, algorithm, data, signature] = payload;
        return security.verify({ keyId, algorithm: algorithm as SigningAlgorithm, data: bytes(data), signature });
      }
      default:
        throw new TypeError(`The security service has no method "${String(payload[0])}".`);
    }
  }

  #log([level, message, wireFields, token, traceId]: LogPayload): void {
    const { host, ledger, run } = this.#options;
    if (!LOG_LEVELS.includes(level)) throw new TypeError(`There is no log level "${String(level)}".`);
    const fields = decodeFields(wireFields);
    const call = ledger.find(token);
    if (call !== undefined) run(call, () => host.logger[level](message, fields));
    else host.logger[level](message, traceId === undefined ? fields : { ...fields, trace_id: traceId });
  }
}
