import { type CallOptions, WITH_OPTIONS } from '@backplane/plugin-api';

/** Carries out a call made through a handle. */
export type InvokeMethod = (
  method: string,
  args: readonly unknown[],
  options: CallOptions | undefined,
) => Promise<unknown>;

/**
 * Makes a stable handle: every property is a method that goes through `invoke`. A method becomes an own property when first used, so
 * that later calls cost no more than a property read.
 */
export function createServiceHandle(serviceId: string, invoke: InvokeMethod, options?: CallOptions): object {
  const discover = new Proxy(Object.create(null) as object, {
    get(_target, name, receiver: object) {
      // `then` must stay away: a handle that is awaited or returned from an async function would be taken for a promise.
      if (typeof name === 'symbol' || name === 'then') return undefined;
      const method = (...args: unknown[]) => invoke(name, args, options);
      Object.defineProperty(receiver, name, { value: method });
      return method;
    },
  });
  const handle = Object.create(discover) as object;
  Object.defineProperties(handle, {
    [Symbol.toStringTag]: { value: `Service ${serviceId}` },
    [WITH_OPTIONS]: { value: (more: CallOptions) => createServiceHandle(serviceId, invoke, { ...options, ...more }) },
  });
  return handle;
}
