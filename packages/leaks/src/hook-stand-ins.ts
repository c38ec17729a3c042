import type { AsyncHook } from 'node:async_hooks';
import { isAbsolute } from 'node:path';
import { madeHook, madeSubscription } from './made-hooks.ts';
import { madeRequired } from './made-modules.ts';
import { type AnyFunction, type Enter, likeReal, type Pair } from './stand-ins.ts';

export function asyncHookStandIns(enter: Enter, real: typeof import('node:async_hooks')): readonly Pair[] {
  const createHook: AnyFunction = (...args) => {
    const hook: AsyncHook = (real.createHook as AnyFunction)(...args);
    let isOn = false;
    const { enable, disable } = hook;
    hook.enable = function on() {
      if (!isOn) enter(on)(madeHook('async hook', () => isOn, 'disable it in stop()'));
      isOn = true;
      return enable.call(this);
    };
    hook.disable = function off() {
      isOn = false;
      return disable.call(this);
    };
    return hook;
  };
  return [[real.createHook, likeReal(real.createHook, createHook)]];
}

export function channelStandIns(enter: Enter, real: typeof import('node:diagnostics_channel')): readonly Pair[] {
  const subscribe: AnyFunction = (name: string, subscriber: object) => {
    const enterHere = enter(subscribe);
    real.subscribe(name, subscriber as never);
    enterHere(madeSubscription(real.channel(name), subscriber));
  };
  return [[real.subscribe, likeReal(real.subscribe, subscribe)]];
}

export function loadingStandIns(enter: Enter, real: typeof import('node:module')): readonly Pair[] {
  const registerHooks: AnyFunction = (...args) => {
    const enterHere = enter(registerHooks);
    const hooks = (real.registerHooks as AnyFunction)(...args);
    let isOn = true;
    const deregister = (): unknown => {
      isOn = false;
      return hooks.deregister();
    };
    enterHere(madeHook('module hooks (registerHooks)', () => isOn, 'call deregister() in stop()'));
    return Object.create(hooks, { deregister: { value: deregister } });
  };
  const createRequire: AnyFunction = (...args) => requireStandIn(enter, (real.createRequire as AnyFunction)(...args));
  const register: AnyFunction = (...args) => {
    const enterHere = enter(register);
    const result: unknown = (real.register as AnyFunction)(...args);
    enterHere(
      madeHook('module hooks (register)', () => true, 'Node cannot take them back: run the plugin in a `process`'),
    );
    return result;
  };
  return [
    [real.createRequire, likeReal(real.createRequire, createRequire)],
    [real.registerHooks, likeReal(real.registerHooks, registerHooks)],
    [real.register, likeReal(real.register, register)],
  ];
}

/** A `require` that enters what Node loads because of it, with the file that was asked for. */
function requireStandIn(enter: Enter, real: NodeJS.Require): NodeJS.Require {
  function require(id: string): unknown {
    const path = resolved(real, id);
    if (path === undefined || path in real.cache) return real(id);
    const enterHere = enter(require);
    const exports: unknown = real(id);
    enterHere(madeRequired(path, real.cache));
    return exports;
  }
  return likeReal(real, require) as NodeJS.Require;
}

/** Absolute; `undefined` for builtins, for add-ons, which are the process's own, and for what is not there. */
function resolved(require: NodeJS.Require, id: string): string | undefined {
  try {
    const path = require.resolve(id);
    return isAbsolute(path) && !path.endsWith('.node') ? path : undefined;
  } catch {
    return undefined;
  }
}
