import type { MiddlewareDefinition, Phase } from '@backplane/plugin-api';
import type { InstanceInfo } from '@backplane/ports';

/** One middleware in the onion of a generation. */
export interface Layer {
  readonly plugin: string;
  readonly name: string;
  readonly definition: MiddlewareDefinition;
}

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
  return Object.freeze(placed.map(({ layer }) => Object.freeze(layer)));
}
