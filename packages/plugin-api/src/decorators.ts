import { type PublicMethodContext, type PublicMethodDecorator, placeOf } from './decorator-form.ts';
import type { PluginMetadata } from './define-plugin.ts';
import { apiErrors } from './errors.ts';
import { type EventHandlerOptions, type EventMethod, eventHandler as hearing } from './event-handler.ts';
import { type Method, markMethod } from './method-marks.ts';
import { isPluginClass, type PluginBase } from './plugin-class.ts';
import { type AuthRule, requiresAuth as guarding } from './requires-auth.ts';
import { localName, pluginService as naming, type ServiceClass, type ServiceName } from './service-class.ts';
import { type TrackOptions, trackMetrics as tracking } from './track-metrics.ts';

export type { PublicMethodContext, PublicMethodDecorator } from './decorator-form.ts';

const METHOD = ['method'] as const;
const CLASS = ['class'] as const;

// biome-ignore lint/suspicious/noExplicitAny: config and needs are those of the class
type AnyPluginClass = abstract new () => PluginBase<any, any>;

/**
 * Gives a class that extends `PluginBase` its metadata, in place of `static metadata`.
 * @throws BP_DECORATOR_LEGACY, BP_DECORATOR_PLACE, BP_DECORATOR_OPTIONS when the class has metadata of its own
 */
export function plugin(
  metadata: PluginMetadata,
): <C extends AnyPluginClass>(Class: C, context: ClassDecoratorContext<C>) => void {
  return (...given) => {
    placeOf('plugin', CLASS, given);
    const [, { addInitializer }] = given;
    addInitializer(function (this: object) {
      giveMetadata(this, metadata);
    });
  };
}

/** As `requiresAuth` of the main entry. */
export function requiresAuth(rule?: AuthRule): PublicMethodDecorator {
  return onMethod('requiresAuth', guarding(rule));
}

/** As `trackMetrics` of the main entry. */
export function trackMetrics<M extends Method = Method>(options: TrackOptions<M>): PublicMethodDecorator<M> {
  return onMethod<M>('trackMetrics', tracking<M>(options));
}

/** As `eventHandler` of the main entry. */
export function eventHandler(options: EventHandlerOptions): PublicMethodDecorator<EventMethod> {
  return onMethod('eventHandler', hearing(options));
}

/** As `pluginService` of the main entry; and on methods of a plugin's class: those of one name are one service. */
export interface ServiceDecorator<T extends object> {
  <C extends ServiceClass<T>>(Class: C, context: ClassDecoratorContext<C>): void;
  <M extends Method>(method: M, context: PublicMethodContext): M;
}

/** Says which service the objects of a class are, or which service a method of a plugin's class is part of. */
export function pluginService<T extends object>(name: ServiceName<T>): ServiceDecorator<NoInfer<T>> {
  const local = localName(name);
  const decorate = (...given: readonly [never, never]): unknown => {
    if (placeOf('pluginService', ['class', 'method'], given) === 'method')
      return markMethod(given[0], { services: [local] });
    naming(name)(given[0]);
    return undefined;
  };
  return decorate as ServiceDecorator<NoInfer<T>>;
}

function onMethod<B extends Method>(decorator: string, wrap: <M extends B>(method: M) => M): PublicMethodDecorator<B> {
  return (...given) => {
    placeOf(decorator, METHOD, given);
    return wrap(given[0]);
  };
}

function giveMetadata(Class: object, metadata: PluginMetadata): void {
  if (!isPluginClass(Class))
    throw apiErrors.BP_DECORATOR_OPTIONS({ decorator: 'plugin', problem: 'its class does not extend PluginBase' });
  if (Object.hasOwn(Class, 'metadata'))
    throw apiErrors.BP_DECORATOR_OPTIONS({ decorator: 'plugin', problem: 'its class has static metadata of its own' });
  Object.defineProperty(Class, 'metadata', { value: metadata, enumerable: true });
}
