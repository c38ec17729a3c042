import { type Clock, findUncloneable } from '@backplane/base';
import { type CallOptions, currentCall, WITH_OPTIONS } from '@backplane/plugin-api';
import type { Peer } from './peer.ts';
import { type NeedPayload, notCloneable, SAY } from './protocol.ts';
import { ReceivedCall } from './received-call.ts';

/**
 * A handle on a service in the host. Its calls go on in the host's own call that the plugin is serving, or outside any.
 * Deadlines are kept by the host; cancelling is passed on. With `strict`, arguments that would arrive without their class are refused.
 */
export function createRemoteHandle(
  peer: Peer,
  clock: Clock,
  service: string,
  strict: boolean,
  options: CallOptions = {},
): object {
  const invoke = (method: string, args: readonly unknown[]): Promise<unknown> => {
    const call = options.call ?? currentCall();
    const own = options.timeout === undefined ? undefined : clock.now() + options.timeout;
    const inherited = call?.deadline;
    const deadline = own === undefined || (inherited !== undefined && inherited < own) ? inherited : own;
    const token = call instanceof ReceivedCall ? call.token : 0;
    const signals = [options.signal, call?.signal].filter((signal) => signal !== undefined);
    const signal = signals.length > 1 ? AbortSignal.any(signals) : signals[0];
    const payload: NeedPayload = [service, method, args, token, deadline];
    if (strict && findUncloneable(args))
      return Promise.reject(notCloneable({ part: 'payload', subject: SAY.call, payload, value: payload }));
    return peer.request(SAY.call, payload, signal);
  };
  const methods = new Map<string, unknown>();
  return new Proxy(Object.freeze(Object.create(null)) as object, {
    get(_, key) {
      if (key === WITH_OPTIONS)
        return (more: CallOptions) => createRemoteHandle(peer, clock, service, strict, { ...options, ...more });
      // A handle that is awaited must not look like a promise.
      if (typeof key === 'symbol' || key === 'then') return undefined;
      let method = methods.get(key);
      if (method === undefined) {
        method = (...args: unknown[]) => invoke(key, args);
        methods.set(key, method);
      }
      return method;
    },
  });
}
