import type { WantedPlugin, WantedState } from './desired-state.ts';

/** The state with another word on one plugin. Where nothing is said any more, it is left out. */
export function withPlugin(
  state: WantedState,
  name: string,
  change: (before: WantedPlugin) => WantedPlugin,
): WantedState {
  const before = Object.hasOwn(state.plugins, name) ? (state.plugins[name] as WantedPlugin) : {};
  const after = withoutEmpty(change(before));
  const { [name]: _, ...others } = state.plugins;
  return { plugins: Object.keys(after).length === 0 ? others : { ...others, [name]: after } };
}

/** The state without a word on a plugin. */
export function withoutPlugin(state: WantedState, name: string): WantedState {
  return withPlugin(state, name, () => ({}));
}

function withoutEmpty(plugin: WantedPlugin): WantedPlugin {
  const isEmpty = (value: unknown) =>
    value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
  return Object.fromEntries(Object.entries(plugin).filter(([, value]) => !isEmpty(value)));
}
