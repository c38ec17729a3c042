import type { AroundMiddleware, HookMiddleware, MiddlewareDefinition, Phase } from '@backplane/plugin-api';
import type { InstanceInfo } from '@backplane/ports';

/** One middleware in the onion of a generation. */
export type Layer = { readonly plugin: string; readonly name: string } & (
  | { readonly kind: 'around'; readonly definition: AroundMiddleware }
  /** `until` is the index behind the last of the hooks that follow each other from here: they are run in one go. */
  | { readonly kind: 'hooks'; readonly definition: HookMiddleware; readonly until: number }
);

/** What an instance registered, in the order in which it did. */
export interface LayerSource {
  readonly instance: InstanceInfo;
  readonly middleware: readonly MiddlewareDefinition[];
}

const PHASES: Readonly<Record<Phase, number>> = { infrastructure: 0, security: 1, middleware: 2, business: 3 };

/** The onion, outermost first: by phase, priority, plugin name, order of registration. */
export function sortLayers(sources: readonly LayerSource[]): readonly Layer[] {
  const placed = sources.flatMap(({ instance: { data }, middleware }) =>
    middleware.map((definition, order) => ({
      layer: { plugin: data.name, name: definition.name ?? `${data.name}#${order + 1}`, definition },
      phase: PHASES[data.phase],
      priority: definition.priority ?? data.priority,
      order,
    })),
  );
  placed.sort(
    (a, b) =>
      a.phase - b.phase ||
      a.priority - b.priority ||
      (a.layer.plugin < b.layer.plugin ? -1 : a.layer.plugin > b.layer.plugin ? 1 : a.order - b.order),
  );
  const layers: Layer[] = [];
  for (const [index, { layer }] of [...placed.entries()].reverse()) {
    const { definition, ...who } = layer;
    if (definition.handle !== undefined) {
      layers.unshift(Object.freeze({ ...who, kind: 'around', definition }));
      continue;
    }
    const [following] = layers;
    const until = following?.kind === 'hooks' ? following.until : index + 1;
    layers.unshift(Object.freeze({ ...who, kind: 'hooks', definition, until }));
  }
  return Object.freeze(layers);
}
