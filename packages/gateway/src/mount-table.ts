import type { GenerationDraft, InstanceInfo, Unavailable, View } from '@backplane/ports';
import { errors } from './errors.ts';
import type { Destination } from './exchange.ts';
import type { InstanceHttp } from './instance-http.ts';
import { type Layer, sortLayers } from './layer.ts';
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
      /** Settles when the plugin is back: requests wait for it. */
      readonly back: Promise<void> | undefined;
    };

/** The HTTP side of one generation. Immutable. */
export interface MountTable {
  /** The onion, outermost first. */
  readonly layers: readonly Layer[];
  readonly mounts: ReadonlyMap<string, Mount>;
  /** For paths that lead nowhere: the middleware alone. */
  readonly nowhere: View;
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
  const sources: { readonly instance: InstanceInfo; readonly http: InstanceHttp }[] = [];
  for (const instance of draft.instances) {
    const http = input.httpOf(instance);
    if (http === undefined) continue;
    http.seal();
    if (http.serves) served.push({ instance, http });
    if (http.middlewareDefinitions.length > 0) sources.push({ instance, http });
  }
  const layers = sortLayers(
    sources.map(({ instance, http }) => ({ instance, middleware: http.middlewareDefinitions })),
  );
  const around = sources.map(({ instance }) => instance);
  const nowhere = draft.view(around);

  const mounts = new Map<string, Mount>();
  const aliases: (readonly [alias: string, mount: Mount])[] = [];
  for (const system of input.system) {
    for (const segment of system.segments) mounts.set(segment, { kind: 'system', system });
  }
  const place = (mount: Mount & { kind: 'plugin' }, names: readonly string[]) => {
    if (!mounts.has(mount.name)) mounts.set(mount.name, mount);
    for (const alias of names) aliases.push([alias, mount]);
  };
  for (const { instance, http } of served) {
    const { name } = instance.data;
    const view = draft.view(around.includes(instance) ? around : [instance, ...around]);
    place({ kind: 'plugin', name, destination: http, view, back: undefined }, instance.data.aliases);
  }
  for (const missing of draft.unavailable) {
    const { name, back } = missing;
    place({ kind: 'plugin', name, destination: input.refuser(missing), view: nowhere, back }, missing.aliases);
  }
  for (const [alias, mount] of aliases) if (!mounts.has(alias)) mounts.set(alias, mount);
  return Object.freeze({ layers, mounts, nowhere });
}

/** Where paths lead that belong to nobody. */
export const NOWHERE: Destination = {
  plugin: undefined,
  serve(exchange) {
    const path = exchange.url.split('?', 1)[0] as string;
    exchange.refuse(errors.BP_HTTP_NOT_FOUND({ method: exchange.method, path }));
  },
};
