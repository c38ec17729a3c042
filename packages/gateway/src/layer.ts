import type { AroundMiddleware, HookMiddleware, MiddlewareDefinition, Phase } from '@backplane/plugin-api';
import type { InstanceInfo } from '@backplane/ports';
import type { Condition } from './condition.ts';

/** One middleware in the onion that a request passes. */
export type Layer = { readonly plugin: string; readonly name: string } & (
  | { readonly kind: 'around'; readonly definition: AroundMiddleware }
  /** `until` is the index behind the last of the hooks that follow each other from here: they are run in one go. */
  | { readonly kind: 'hooks'; readonly definition: HookMiddleware; readonly until: number }
);

/** A middleware that wants to see what has been parsed. */
export type ParsedLayer = Layer & {
  readonly kind: 'hooks';
  readonly definition: Required<Pick<HookMiddleware, 'onParsed'>>;
};

/** What a request passes. */
export interface Onion {
  /** Outermost first. */
  readonly layers: readonly Layer[];
  /** Those that see it parsed; `undefined` for none. */
  readonly parsing: readonly ParsedLayer[] | undefined;
}

/** A middleware as it was registered. */
export interface RegisteredMiddleware {
  readonly definition: MiddlewareDefinition;
  /** `undefined` where it is for every request. */
  readonly condition: Condition | undefined;
}

/** What an instance registered, in the order in which it did. */
export interface LayerSource {
  readonly instance: InstanceInfo;
  readonly middleware: readonly RegisteredMiddleware[];
}

/** A middleware in its place among all of a generation. */
export interface PlacedMiddleware extends RegisteredMiddleware {
  readonly instance: InstanceInfo;
  readonly name: string;
  readonly priority: number;
}

const PHASES: Readonly<Record<Phase, number>> = { infrastructure: 0, security: 1, middleware: 2, business: 3 };

/** All middleware of a generation, outermost first: by phase, priority, plugin name, order of registration. */
export function placeMiddleware(sources: readonly LayerSource[]): readonly PlacedMiddleware[] {
  const placed = sources.flatMap(({ instance, middleware }) =>
    middleware.map(({ definition, condition }, order) => ({
      instance,
      definition,
      condition,
      name: definition.name ?? `${instance.data.name}#${order + 1}`,
      priority: definition.priority ?? instance.data.priority,
      order,
    })),
  );
  return placed.sort(
    (a, b) =>
      PHASES[a.instance.data.phase] - PHASES[b.instance.data.phase] ||
      a.priority - b.priority ||
      compare(a.instance.data.name, b.instance.data.name) ||
      a.order - b.order,
  );
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The onion of some of them, in their order. */
export function chainLayers(placed: readonly PlacedMiddleware[]): Onion {
  const layers: Layer[] = [];
  for (let index = placed.length - 1; index >= 0; index--) {
    const { definition, name, instance } = placed[index] as PlacedMiddleware;
    const who = { plugin: instance.data.name, name };
    const following = layers.at(-1);
    if (definition.handle !== undefined) {
      layers.push(Object.freeze({ ...who, kind: 'around', definition }));
    } else {
      const until = following?.kind === 'hooks' ? following.until : index + 1;
      layers.push(Object.freeze({ ...who, kind: 'hooks', definition, until }));
    }
  }
  layers.reverse();
  const parsing = layers.filter(seesParsed);
  return Object.freeze({ layers, parsing: parsing.length > 0 ? parsing : undefined });
}

const seesParsed = (layer: Layer): layer is ParsedLayer => layer.definition.onParsed !== undefined;
