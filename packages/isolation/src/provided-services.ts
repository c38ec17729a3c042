import { baseErrors, methodsOf } from '@backplane/base';
import { errors } from './errors.ts';

/** The services the plugin offers, called by name. */
export class ProvidedServices {
  readonly #services: [id: string, implementation: object][] = [];

  add(id: string, implementation: object): void {
    this.#services.push([id, implementation]);
  }

  /** In the order they were provided, doubles included: the host judges. */
  get described(): readonly { readonly id: string; readonly methods: readonly string[] }[] {
    return this.#services.map(([id, implementation]) => ({ id, methods: methodsOf(implementation) }));
  }

  /** Calls a method as the implementation's own. @throws BP_REMOTE_SERVICE_MISSING, BP_METHOD_MISSING */
  invoke(service: string, method: string, args: readonly unknown[]): unknown {
    const entry = this.#services.find(([id]) => id === service);
    if (entry === undefined) throw errors.BP_REMOTE_SERVICE_MISSING({ service });
    const implementation = entry[1] as Record<string, unknown>;
    const target = method in Object.prototype ? undefined : implementation[method];
    if (typeof target !== 'function') throw baseErrors.BP_METHOD_MISSING({ service, method });
    return Reflect.apply(target, implementation, args);
  }
}
