import { extensionPoint, type ServiceInfo } from '@backplane/plugin-api';
import { runWithCall } from '../call/call-storage.ts';
import type { InstanceView } from '../call/instance-view.ts';
import { SYSTEM } from '../call/kernel-call.ts';
import type { Handler } from '../hooks/handler.ts';
import type { HookEngine } from '../hooks/hook-engine.ts';
import type { Point } from '../hooks/point.ts';
import type { Instance } from '../lifecycle/instance.ts';

/** Milliseconds that a handler may hold up a change. */
const TIMEOUT_MS = 5000;
const SERVICE_INFO = { service_info: 'ServiceInfo' };

const PRE_REGISTER = extensionPoint<(info: ServiceInfo) => ServiceInfo>('service.pre_register', 'filter', {
  description: 'Modify service info before registration.',
  parameters: SERVICE_INFO,
  returnType: 'ServiceInfo',
  failure: 'skip',
  timeoutMs: TIMEOUT_MS,
});
const POST_REGISTER = extensionPoint<(info: ServiceInfo) => void>('service.post_register', 'event', {
  description: 'Notification after service registration.',
  parameters: SERVICE_INFO,
  returnType: 'void',
  timeoutMs: TIMEOUT_MS,
});

/** What handlers cannot change: it is what the service is. */
const FIXED = ['id', 'name', 'plugin', 'version', 'methods'] as const;

/** Has `service.pre_register` change what is known of services before they can be found, and `service.post_register` hear of them afterwards. */
export class Registration {
  readonly #hooks: HookEngine;
  readonly #pre: Point;
  readonly #post: Point;
  /** What is known of the services of each instance, by id. */
  readonly #infos = new WeakMap<Instance, ReadonlyMap<string, ServiceInfo>>();
  /** Who changed it. */
  #changedBy: readonly Handler[] = [];
  #registered = new WeakSet<Instance>();

  constructor(hooks: HookEngine) {
    this.#hooks = hooks;
    this.#pre = hooks.own(PRE_REGISTER);
    this.#post = hooks.own(POST_REGISTER);
  }

  /** Before these instances are swapped in: those that are new are shown to the handlers among them, and all of them where the handlers are others. */
  async prepare(instances: readonly Instance[], base: (instance: Instance) => readonly ServiceInfo[]): Promise<void> {
    const handlers = this.#hooks.among(PRE_REGISTER.name, instances);
    const same = handlers.length === this.#changedBy.length && handlers.every((one, i) => one === this.#changedBy[i]);
    if (same && handlers.length === 0) return;
    const dispatch = this.#pre.among(handlers);
    for (const instance of instances) {
      if (same && this.#infos.has(instance)) continue;
      const infos = new Map<string, ServiceInfo>();
      for (const info of base(instance)) infos.set(info.id, completed(info, await dispatch({ ...info })));
      this.#infos.set(instance, infos);
    }
    this.#changedBy = handlers;
  }

  /** What is known of a service, with what handlers have made of it. */
  infoOf(instance: Instance, base: ServiceInfo): ServiceInfo {
    return this.#infos.get(instance)?.get(base.id) ?? base;
  }

  /** After a swap: tells of services that were not there before. */
  tell(instances: readonly Instance[], infosOf: (instance: Instance) => readonly ServiceInfo[]): void {
    const news = instances.filter((instance) => !this.#registered.has(instance));
    for (const instance of news) this.#registered.add(instance);
    const [first] = this.#post.handlers;
    if (first === undefined) return;
    for (const info of news.flatMap(infosOf)) void this.#dispatch(first.instance, info);
  }

  /** In a call of the system's. Nobody waits for it, and whoever fails is logged. */
  async #dispatch(by: Instance, info: ServiceInfo): Promise<void> {
    const call = (by.view as InstanceView).enter({ principal: SYSTEM });
    try {
      await runWithCall(call, () => this.#post.hook.dispatch(info));
    } finally {
      call.leave();
    }
  }
}

function completed(base: ServiceInfo, changed: unknown): ServiceInfo {
  if (typeof changed !== 'object' || changed === null) return base;
  const fixed = Object.fromEntries(FIXED.map((key) => [key, base[key]]));
  return Object.freeze({ metadata: base.metadata, ...changed, ...fixed }) as ServiceInfo;
}
