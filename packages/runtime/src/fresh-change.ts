import type { Change } from '@backplane/kernel';
import type { ChangeReport } from '@backplane/ports';
import type { PluginEpochs } from './plugin-epochs.ts';

/** Where changes are applied, and which were applied last. */
export interface Applying {
  readonly epochs: PluginEpochs;
  apply(change: Change): Promise<ChangeReport>;
}

/** After so many others were faster, what was read is taken as it is. */
const ATTEMPTS = 20;

/** The names that a change speaks of. */
export const namesInChange = ({ set = [], refuse = [], disable = [], remove = [] }: Change): string[] => [
  ...set.map(({ unit }) => unit.data.name),
  ...[...refuse, ...disable].map(({ name }) => name),
  ...remove,
];

/**
 * Reads a change and applies it, as it is at that moment: where somebody else has changed one of its plugins since it was read, it is read again.
 * `undefined` where there is nothing to apply.
 */
export async function applyFresh(
  applying: Applying,
  read: () => Promise<Change | undefined>,
): Promise<ChangeReport | undefined> {
  const { epochs } = applying;
  for (let attempt = 1; ; attempt++) {
    const since = epochs.now;
    const change = await read();
    if (change === undefined) return undefined;
    const names = namesInChange(change);
    if (attempt < ATTEMPTS && !epochs.isFresh(names, since)) continue;
    epochs.stamp(names);
    return applying.apply(change);
  }
}
