import { isDeepStrictEqual } from 'node:util';
import type { JsonValue, StateDifference, WantedPlugin, WantedState, WantedValue } from '@backplane/ports';

const HIDDEN = '***';

/** In what two states differ, by plugin and key. Of a secret it is told that it changed. */
export function differencesOf(from: WantedState, to: WantedState): StateDifference[] {
  const names = [...new Set([...Object.keys(from.plugins), ...Object.keys(to.plugins)])].sort();
  return names.flatMap((plugin) => {
    const [before, after] = [facts(from.plugins[plugin]), facts(to.plugins[plugin])];
    const keys = [...new Set([...before.keys(), ...after.keys()])].sort();
    return keys.flatMap((key): StateDifference[] => {
      const [was, is] = [before.get(key), after.get(key)];
      if (isDeepStrictEqual(was, is)) return [];
      return [{ plugin, key, before: shown(was), after: shown(is) }];
    });
  });
}

/** The plugins that run otherwise in one state than in the other. What is said about them and their hooks changes nothing that runs. */
export function concerned(differences: readonly StateDifference[]): string[] {
  const running = differences.filter(({ key }) => !key.startsWith('about.') || key === 'about.config_schema');
  return [...new Set(running.filter(({ key }) => key !== 'hooks').map(({ plugin }) => plugin))];
}

function facts({ enabled, config = {}, hooks, code, about = {} }: WantedPlugin = {}): Map<string, WantedValue> {
  const found = new Map<string, WantedValue>();
  const plain = (key: string, value: unknown) => {
    if (value !== undefined) found.set(key, { value: value as JsonValue });
  };
  plain('enabled', enabled);
  for (const [key, value] of Object.entries(config)) found.set(`config.${key}`, value);
  plain('hooks', hooks);
  plain('code', code);
  for (const [key, value] of Object.entries(about)) plain(`about.${key}`, value);
  return found;
}

const shown = (wanted: WantedValue | undefined): JsonValue | undefined => {
  if (wanted === undefined) return undefined;
  return 'secret' in wanted ? HIDDEN : wanted.value;
};
