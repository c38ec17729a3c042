import type { WantedPlugin, WantedValue } from '@backplane/ports';

/** What a state says of one plugin's configuration, as a layer over its files. */
export interface WantedLayer {
  readonly name: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/**
 * Keys are paths: `pkd.urls` is `urls` in the map `pkd`. Shorter ones are laid first, so that a key within a map is set over that map. `undefined`
 * where nothing is said.
 */
export function wantedLayer(
  { enabled, config = {} }: WantedPlugin,
  name: string,
  sealed: (secret: string) => unknown,
): WantedLayer | undefined {
  const value: Record<string, unknown> = {};
  const entries = Object.entries(config).map(([key, wanted]) => [key.split('.'), wanted] as const);
  entries.sort(([a], [b]) => a.length - b.length);
  for (const [path, wanted] of entries) put(value, path, given(wanted, sealed));
  if (enabled !== undefined) value.enabled = enabled;
  return Object.keys(value).length === 0 ? undefined : { name, value };
}

const given = (wanted: WantedValue, sealed: (secret: string) => unknown): unknown =>
  'secret' in wanted ? sealed(wanted.secret) : structuredClone(wanted.value);

function put(into: Record<string, unknown>, [key = '', ...rest]: readonly string[], value: unknown): void {
  // Assigning it would replace the prototype.
  if (key === '__proto__') return;
  if (rest.length === 0) {
    into[key] = value;
    return;
  }
  const below = Object.hasOwn(into, key) ? into[key] : undefined;
  const isMap = typeof below === 'object' && below !== null && Object.getPrototypeOf(below) === Object.prototype;
  const map = isMap ? (below as Record<string, unknown>) : {};
  into[key] = map;
  put(map, rest, value);
}
