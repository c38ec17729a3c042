import { canonicalName } from '@backplane/base';
import type { GenerationDraft, InstanceInfo, Unavailable, View } from '@backplane/ports';
import { errors } from './errors.ts';
import type { Destination } from './exchange.ts';
import type { InstanceHttp } from './instance-http.ts';
import { type LayerSource, type PlacedMiddleware, placeMiddleware } from './layer.ts';
import { type LayerSelection, LayerTable } from './layer-table.ts';
import type { SystemMount } from './system-mount.ts';

/** Where the first segment of a path leads. */
export type Mount =
  | { readonly kind: 'system'; readonly system: SystemMount }
  | {
      readonly kind: 'plugin';
      /** Canonical: what the path begins with inside. */
      readonly name: string;
      readonly destination: Destination;
      readonly view: View;
      readonly onion: LayerSelection;
      /** Gives what settles when the plugin is there, or will not be: requests wait for it. */
      readonly back: (() => Promise<void>) | undefined;
    };

/** The HTTP side of one generation. Immutable. */
export interface MountTable {
  /** All middleware, outermost first. */
  readonly middleware: readonly PlacedMiddleware[];
  /** Plugins of which middleware with an `onParsed` sees nothing parsed, although it is for them: another process parses there. */
  readonly passedOver: ReadonlyMap<PlacedMiddleware, readonly string[]>;
  readonly mounts: ReadonlyMap<string, Mount>;
  /** For paths that lead nowhere: the middleware alone. */
  readonly nowhere: { readonly view: View; readonly onion: LayerSelection };
}

export interface MountTableInput {
  readonly system: readonly SystemMount[];
  /** What an instance registered; `undefined` for one that has no HTTP side. */
  httpOf(instance: InstanceInfo): InstanceHttp | undefined;
  /** Refuses requests to a plugin that does not run. */
  refuser(unavailable: Unavailable): Destination;
}

/** Compiles the mount table of a generation. Pages of the host come before plugins, canonical names before aliases. */
export function buildMountTable(draft: GenerationDraft, input: MountTableInput): MountTable {
  const served: { readonly instance: InstanceInfo; readonly http: InstanceHttp }[] = [];
  const sources: LayerSource[] = [];
  for (const instance of draft.instances) {
    const http = input.httpOf(instance);
    if (http === undefined) continue;
    http.seal();
    if (http.serves && instance.data.mounted !== false) served.push({ instance, http });
    if (http.registeredMiddleware.length > 0) sources.push({ instance, middleware: http.registeredMiddleware });
  }
  const middleware = placeMiddleware(sources);
  const names = namesOf(draft, served);
  const layers = new LayerTable(middleware, namerIn(names));
  const place = (plugin: string | undefined, instance?: InstanceInfo) => {
    const onion = layers.for(plugin);
    const others = onion.instances.filter((other) => other !== instance);
    return { onion, view: draft.view(instance === undefined ? others : [instance, ...others]) };
  };

  const mounts = new Map<string, Mount>();
  for (const system of input.system) {
    for (const segment of system.segments) mounts.set(segment, { kind: 'system', system });
  }
  const plugins = new Map<string, Mount>();
  const passedOver = new Map<PlacedMiddleware, string[]>();
  for (const { instance, http } of served) {
    const { name } = instance.data;
    const placed = place(name, instance);
    plugins.set(name, { kind: 'plugin', name, destination: http, ...placed, back: undefined });
    if (http.forwards) passOver(passedOver, placed.onion, name);
  }
  for (const missing of draft.unavailable) {
    const { name, back } = missing;
    if (plugins.has(name)) continue;
    plugins.set(name, { kind: 'plugin', name, destination: input.refuser(missing), ...place(name), back });
  }
  for (const [segment, name] of names) {
    const mount = plugins.get(name);
    if (mount !== undefined && !mounts.has(segment)) mounts.set(segment, mount);
  }
  return Object.freeze({ middleware, passedOver, mounts, nowhere: place(undefined) });
}

function passOver(passedOver: Map<PlacedMiddleware, string[]>, { placed }: LayerSelection, plugin: string): void {
  for (const middleware of placed) {
    if (middleware.definition.onParsed === undefined) continue;
    const known = passedOver.get(middleware);
    if (known) known.push(plugin);
    else passedOver.set(middleware, [plugin]);
  }
}

/** Every segment that leads to a plugin, and the plugin's name. */
function namesOf(
  { unavailable }: GenerationDraft,
  served: readonly { readonly instance: InstanceInfo }[],
): ReadonlyMap<string, string> {
  const plugins = [...served.map(({ instance }) => instance.data), ...unavailable];
  const names = new Map(plugins.map(({ name }) => [name, name]));
  for (const { name, aliases } of plugins) for (const alias of aliases) if (!names.has(alias)) names.set(alias, name);
  return names;
}

/** On its own, as a table lives longer than the draft it is made from: closures of one function hold all that any of them uses. */
function namerIn(names: ReadonlyMap<string, string>) {
  return (segment: string): string => names.get(segment) ?? canonicalName(segment);
}

/** Where paths lead that belong to nobody. */
export const NOWHERE: Destination = {
  plugin: undefined,
  serve(exchange) {
    const path = exchange.url.split('?', 1)[0] as string;
    exchange.refuse(errors.BP_HTTP_NOT_FOUND({ method: exchange.method, path }));
  },
};
