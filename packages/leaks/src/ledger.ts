import { getCallSites } from 'node:util';
import type { Clock } from '@backplane/base';
import type { CodeLedger, HeldEffect, LedgerCode, LedgerGlobals } from '@backplane/ports';
import { BuiltinViews } from './builtin-views.ts';
import { heldTimer, lateTimer } from './held-timers.ts';
import { type Made, MadeList } from './made.ts';
import { OwnGlobals } from './own-globals.ts';
import type { ProcessWatch } from './process-watch.ts';
import { type Frame, framesOf } from './site.ts';
import { SourceText } from './source-text.ts';
import { TimerLedger } from './timer-ledger.ts';

export interface LedgerOptions {
  readonly clock: Clock;
  readonly watch: ProcessWatch;
  readonly closed: () => void;
}

/** Milliseconds that something has to end which somebody has ended. */
const ENDING_MS = 500;
const LOOK_EVERY_MS = 5;

/** The ledger of one evaluation. What a plugin does not use is never made. */
export class Ledger implements CodeLedger {
  readonly #options: LedgerOptions;
  #timers: TimerLedger | undefined;
  #globals: LedgerGlobals | undefined;
  #views: BuiltinViews | undefined;
  #made: MadeList | undefined;
  #code: LedgerCode | undefined;
  #inside: (() => unknown) | undefined;
  #closed: Promise<readonly HeldEffect[]> | undefined;

  constructor(options: LedgerOptions) {
    this.#options = options;
  }

  get self(): CodeLedger['self'] {
    return (inside) => {
      if (inside === undefined) return getCallSites(2, { sourceMap: false })[1]?.scriptId;
      this.#inside = inside;
    };
  }

  get globals(): LedgerGlobals {
    this.#globals ??= new OwnGlobals(() => this.#own());
    return this.#globals;
  }

  builtin(specifier: string, real: object): object {
    this.#options.watch.module(specifier);
    this.#views ??= new BuiltinViews(() => this.#own());
    return this.#views.of(specifier, real);
  }

  identify(code: LedgerCode): void {
    this.#code = code;
    this.#options.watch.streams(code.mentions);
  }

  /** V8's number of the script that the code is. The code itself has to be asked. */
  get scriptId(): string | undefined {
    return this.#inside?.() as string | undefined;
  }

  enter(made: Made, frames: readonly Frame[]): void {
    this.#made ??= new MadeList();
    this.#made.add(made, frames);
  }

  close(later: (held: HeldEffect) => void): Promise<readonly HeldEffect[]> {
    this.#closed ??= this.#close(later);
    return this.#closed;
  }

  async #close(later: (held: HeldEffect) => void): Promise<readonly HeldEffect[]> {
    const placeOf = this.#places();
    const held = this.#closeTimers(placeOf, later);
    await this.#lettingEnd();
    for (const { made, frames } of this.#made?.left() ?? [])
      held.push({ kind: made.kind, label: made.label(), reason: made.reason(), madeAt: placeOf(frames) });
    this.#options.closed();
    this.#inside = undefined;
    return held;
  }

  #closeTimers(placeOf: PlaceOf, later: (held: HeldEffect) => void): HeldEffect[] {
    const timers = this.#timers;
    const url = this.#code?.url;
    if (timers === undefined) return [];
    const held = timers.pending.map((timer) => heldTimer(timer, placeOf(framesOf(timer, url))));
    const told = new Set<string | undefined>();
    timers.close((timer) => {
      const madeAt = placeOf(framesOf(timer, url));
      if (told.has(madeAt)) return;
      told.add(madeAt);
      later(lateTimer(timer, madeAt));
    });
    return held;
  }

  /** What was ended in `stop()` without waiting for it is no leak. */
  async #lettingEnd(): Promise<void> {
    const { clock } = this.#options;
    const until = clock.monotonic() + ENDING_MS;
    while (this.#made?.isEnding && clock.monotonic() < until)
      await new Promise<void>((resolve) => clock.after(LOOK_EVERY_MS, resolve));
  }

  #own(): TimerLedger {
    this.#timers ??= new TimerLedger();
    return this.#timers;
  }

  /** Reads the text once, and only if something is to be told. */
  #places(): PlaceOf {
    let source: SourceText | undefined;
    return (frames) => {
      if (this.#code !== undefined) source ??= new SourceText(this.#code.text());
      return source?.placeOf(frames);
    };
  }
}

type PlaceOf = (frames: readonly Frame[]) => string | undefined;
