import type { GenerationPart } from '@backplane/ports';
import type { InstanceView } from '../call/instance-view.ts';
import type { Resolution } from '../graph/resolve-graph.ts';
import type { Instance } from '../lifecycle/instance.ts';

/** What runs, from one swap to the next. Never changed once it is current. */
export interface Generation {
  readonly id: number;
  /** In start order. */
  readonly instances: ReadonlyMap<string, Instance>;
  readonly resolution: Resolution;
  readonly views: ReadonlyMap<string, InstanceView>;
  readonly parts: ReadonlyMap<GenerationPart<unknown>, unknown>;
}

/** No plugins, and nothing wrong with them. */
export const NOTHING_RESOLVED: Resolution = {
  order: [],
  edges: new Map(),
  reach: new Map(),
  providers: new Map(),
  problems: new Map(),
  blocked: new Map(),
  dormant: new Set(),
};

/** What stands before the first generation. */
export const EMPTY_GENERATION: Generation = Object.freeze({
  id: -1,
  instances: new Map(),
  resolution: NOTHING_RESOLVED,
  views: new Map(),
  parts: new Map(),
});
