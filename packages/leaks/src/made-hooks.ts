import type { Channel } from 'node:diagnostics_channel';
import type { Made } from './made.ts';

/** A hook into the whole process that is on. */
export function madeHook(label: string, isOn: () => boolean, mend: string): Made {
  return {
    kind: 'global',
    label: () => label,
    state: () => (isOn() ? 'held' : 'gone'),
    reason: () => `it is still called for everybody; ${mend}`,
  };
}

export function madeSubscription(channel: Channel, subscriber: object): Made {
  // Node has no other way to ask.
  const known = channel as { readonly _subscribers?: readonly object[] };
  return {
    kind: 'listener',
    label: () => `subscriber of channel "${String(channel.name)}"`,
    state: () => (known._subscribers?.includes(subscriber) ? 'held' : 'gone'),
    reason: () => 'it is still called; unsubscribe it in stop()',
  };
}
