import { canonicalName } from '@backplane/base';
import { check, checkOptions } from './check-options.ts';
import { apiErrors } from './errors.ts';
import type { PluginContext } from './plugin-context.ts';
import { type ServiceRef, service } from './service-ref.ts';

/**
 * A class whose objects are a service of the plugin. One is made for each instance of the plugin, with its context and configuration;
 * `initialize()` is awaited where there is one.
 */
export type ServiceClass<T extends object = object> = new (context: never, config: never) => T;

/** Which service: by its name within the plugin, or by the token that others have in `needs`. */
export type ServiceName<T extends object = object> = { readonly name: string } | ServiceRef<T>;

/** The same in every copy of this package. */
const SERVICE: unique symbol = Symbol.for('backplane.service-class') as never;

/**
 * Says which service the objects of a class are. It takes effect where a plugin has the class in `provides`.
 * @throws BP_DECORATOR_OPTIONS
 */
export function pluginService<T extends object>(
  name: ServiceName<T>,
): <C extends ServiceClass<NoInfer<T>>>(Class: C) => C {
  const local = localName(name);
  return (Class) => Object.defineProperty(Class, SERVICE, { value: local });
}

/** The name as it was given: without the plugin's, or a whole id. @throws BP_DECORATOR_OPTIONS */
export function localName(name: ServiceName): string {
  const token = { id: check.text, kind: check.text, range: check.text };
  if ('id' in name) {
    checkOptions('pluginService', name, token, 'id');
    return name.id;
  }
  checkOptions('pluginService', name, { name: check.text }, 'name');
  return name.name;
}

/** The id of a service that is named within its plugin. */
export const serviceIdIn = (plugin: string, local: string): string =>
  local.includes('.') ? local : `${canonicalName(plugin)}.${local}`;

export const isServiceClass = (value: unknown): value is ServiceClass => typeof value === 'function';

/** @throws BP_SERVICE_CLASS_UNNAMED */
export function serviceIdOf(plugin: string, Class: ServiceClass): string {
  const local = Object.hasOwn(Class, SERVICE) ? (Class as { [SERVICE]?: string })[SERVICE] : undefined;
  if (local === undefined) throw apiErrors.BP_SERVICE_CLASS_UNNAMED({ plugin, name: Class.name });
  return serviceIdIn(plugin, local);
}

const made = new WeakMap<object, Map<ServiceClass, Promise<object>>>();

/** The object of a service class in one instance of a plugin, made and offered when it is first asked for. */
export function provideClass<T extends object>(context: PluginContext, Class: ServiceClass<T>): Promise<T> {
  const objects = made.get(context) ?? new Map<ServiceClass, Promise<object>>();
  made.set(context, objects);
  let object = objects.get(Class) as Promise<T> | undefined;
  if (object === undefined) {
    object = makeObject(context, Class);
    objects.set(Class, object);
  }
  return object;
}

async function makeObject<T extends object>(context: PluginContext, Class: ServiceClass<T>): Promise<T> {
  const ref = service(serviceIdOf(context.plugin.name, Class));
  const object: T & { initialize?(): unknown } = new Class(context as never, context.config as never);
  await object.initialize?.();
  context.provide(ref, object);
  return object;
}
