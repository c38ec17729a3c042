import { AsyncLocalStorage } from 'node:async_hooks';
import { type CallContext, CURRENT_CALL } from '@backplane/plugin-api';

type StoredCall = CallContext & { readonly open?: boolean };

const storage = new AsyncLocalStorage<StoredCall | undefined>();

/** Runs `action` so that `currentCall()` answers this call, until the call has been left. */
export function runWithCall<R>(call: CallContext, action: () => R): R {
  return storage.run(call, action);
}

/** Runs `action` outside any call: what it starts (timers, sockets, listeners) must not hold on to the request that caused it. */
export function runOutsideCalls<R>(action: () => R): R {
  return storage.run(undefined, action);
}

/** The call that the running code serves; `undefined` outside any, or when it has been left. */
export function activeCall(): CallContext | undefined {
  const call = storage.getStore();
  return call?.open === false ? undefined : call;
}

Object.defineProperty(globalThis, CURRENT_CALL, { value: activeCall, configurable: true, writable: true });
