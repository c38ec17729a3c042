import { nearestPosition, pointerOf, type SourceProblem, sourceProblem } from '@backplane/wire';
import { isPlainMap, type PlainMap } from '@backplane/wire/schema';
import type { YamlDocument } from '@backplane/wire/yaml';
import { errors } from './errors.ts';
import type { ConfigLayer } from './merge-layers.ts';

export const DEFAULT_ENVIRONMENTS: readonly string[] = ['development', 'test', 'staging', 'production'];

export interface EnvironmentChoice {
  readonly environment: string;
  /** Top-level keys that are environments. Every other key but `default` is a section. */
  readonly environments: readonly string[];
}

/** The layers of one plugin file, lowest first: `default`, the sections, the environment. */
export function pluginFileLayers(
  document: YamlDocument,
  { environment, environments }: EnvironmentChoice,
): { layers: readonly ConfigLayer[]; problems: readonly SourceProblem[] } {
  const { file, positions } = document;
  const place = (base: string) => (pointer: string) => ({ file, ...nearestPosition(positions, base + pointer) });
  const refuse = (what: string, pointer: string): SourceProblem =>
    sourceProblem(errors.BP_CONFIG_SHAPE({ what }), { file, position: nearestPosition(positions, pointer) });

  const content = document.value ?? {};
  if (!isPlainMap(content)) return { layers: [], problems: [refuse('The file', '')] };
  const problems: SourceProblem[] = [];
  const block = (key: string): PlainMap => {
    const value = Object.hasOwn(content, key) ? (content[key] ?? {}) : {};
    if (isPlainMap(value)) return value;
    problems.push(refuse(`"${key}"`, pointerOf([key])));
    return {};
  };
  const isSection = (key: string) => key !== 'default' && !environments.includes(key);
  const layers: ConfigLayer[] = [
    { name: 'default', value: block('default'), place: place('/default') },
    {
      name: 'default',
      value: Object.fromEntries(Object.entries(content).filter(([key]) => isSection(key))),
      place: place(''),
    },
  ];
  // The blocks of other environments are looked at too: a slip in production's shows in development.
  for (const key of environments) {
    const value = block(key);
    if (key === environment) layers.push({ name: key, value, place: place(pointerOf([key])) });
  }
  return { layers, problems };
}
