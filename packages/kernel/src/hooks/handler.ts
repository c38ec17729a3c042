import type { ExtensionPointType, HookCondition } from '@backplane/plugin-api';
import type { Instance } from '../lifecycle/instance.ts';
import type { PayloadTest } from './condition.ts';
import type { HandlerFigures } from './figures.ts';

// biome-ignore lint/suspicious/noExplicitAny: handlers of any signature
export type AnyHandler = (...args: any[]) => unknown;

/** One wish to take part at a point. */
export interface Handler {
  /** Whose it is: while one of its calls is under way, this is kept. */
  readonly instance: Instance;
  /** Name of the point. */
  readonly point: string;
  readonly name: string;
  readonly call: AnyHandler;
  readonly priority: number;
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly when: HookCondition | undefined;
  readonly test: PayloadTest | undefined;
  readonly timeoutMs: number | undefined;
  /** Of the point that it was written for. */
  readonly version: string | undefined;
  /** What the point must be, of one that was registered through the API for a method of the plugin. */
  readonly stored: ExtensionPointType | undefined;
  readonly figures: HandlerFigures;
}

/** Names a handler among all of a point. */
export const labelOf = ({ instance, name }: Pick<Handler, 'instance' | 'name'>): string =>
  `${instance.identity.name}/${name}`;
