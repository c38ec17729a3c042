import type { ClockTimer } from '@backplane/base';
import type { HistoryEntry, LastChange, PluginState, PluginUnit } from '@backplane/ports';
import type { Retirement } from '../change/retirement.ts';
import type { Instance } from './instance.ts';
import { reasonOf } from './reason-of.ts';

const HISTORY_LENGTH = 50;

/** What should run under a name. */
export interface DesiredPlugin {
  readonly unit: PluginUnit;
  /** Validated and frozen. */
  readonly config: unknown;
}

/** Requests wait in it. */
export interface ReplaceGap {
  readonly wait: () => Promise<void>;
  readonly close: () => void;
}

/** All that is remembered of a plugin by name, whatever its instances come and go. */
export class PluginRecord {
  readonly name: string;
  desired: DesiredPlugin | undefined;
  /** The instance of the current generation. */
  instance: Instance | undefined;
  /** Replaced or removed, with calls still in flight; oldest first. */
  readonly draining = new Set<Retirement>();
  lastChange: LastChange | undefined;
  /** Where a plugin comes from whose code could not be loaded. */
  origin: string | undefined;
  /** While the plugin is replaced stop-first. */
  gap: ReplaceGap | undefined;
  /** Starts it where it is dormant. Made once, so that who has waited for it is known. */
  wake: (() => Promise<void>) | undefined;
  /** True from when it first runs until it is removed or switched off: it is not dormant again. */
  awake = false;
  retry: ClockTimer | undefined;
  state: PluginState = { phase: 'discovered' };
  since: number;
  readonly #history: HistoryEntry[] = [];

  constructor(name: string, now: number) {
    this.name = name;
    this.since = now;
  }

  /** True when that is news: another phase than before, or another reason. */
  enter(state: PluginState, now: number): boolean {
    const isNews = state.phase !== this.state.phase || reasonOf(state) !== reasonOf(this.state);
    if (isNews) {
      const version = (this.instance?.data ?? this.desired?.unit.data)?.version;
      this.#history.push({ at: now, phase: state.phase, version, reason: reasonOf(state) || undefined });
      if (this.#history.length > HISTORY_LENGTH) this.#history.shift();
      this.since = now;
    }
    this.state = state;
    return isNews;
  }

  /** Remembers what should run and what is; gives a way back. */
  checkpoint(): (now: number) => void {
    const { desired, state, lastChange, awake } = this;
    return (now) => {
      this.desired = desired;
      this.awake = awake;
      this.lastChange = lastChange;
      this.enter(state, now);
    };
  }

  get history(): readonly HistoryEntry[] {
    return this.#history;
  }
}
