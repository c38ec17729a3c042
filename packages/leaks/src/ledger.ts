import { getCallSites } from 'node:util';
import type { Clock } from '@backplane/base';
import type { CodeLedger, HeldEffect, LedgerCode, LedgerGlobals } from '@backplane/ports';
import { BuiltinViews } from './builtin-views.ts';
import { GlobalChanges, type KnownSurfaces } from './global-changes.ts';
import { heldTimer, lateTimer } from './held-timers.ts';
import { type Made, MadeList, type Origin } from './made.ts';
import { CODE_KEPT, madeImport } from './made-modules.ts';
import { OwnGlobals } from './own-globals.ts';
import type { ProcessWatch } from './process-watch.ts';
import { captureSite, type Frame, framesOf, type Site } from './site.ts';
import { SourceText } from './source-text.ts';
import type { AnyFunction } from './stand-ins.ts';
import { TimerLedger } from './timer-ledger.ts';

export interface LedgerOptions {
  readonly clock: Clock;
  readonly watch: ProcessWatch;
  readonly surfaces: KnownSurfaces;
  readonly closed: () => void;
}

/** Milliseconds that something has to end which somebody has ended. */
const ENDING_MS = 500;
const LOOK_EVERY_MS = 5;

/** The ledger of one evaluation. What a plugin does not use is never made. */
export class Ledger implements CodeLedger {
  readonly #options: LedgerOptions;
  readonly #changes: GlobalChanges;
  #timers: TimerLedger | undefined;
  #globals: LedgerGlobals | undefined;
  #views: BuiltinViews | undefined;
  #made: MadeList | undefined;
  #code: LedgerCode | undefined;
  #inside: (() => unknown) | undefined;
  #closed: Promise<readonly HeldEffect[]> | undefined;

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#changes = new GlobalChanges(options.surfaces);
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
    this.#changes.module(specifier, real);
    this.#views ??= new BuiltinViews({ timers: () => this.#own(), enter: (below) => this.#enterer(below) });
    return this.#views.of(specifier, real);
  }

  loading(below: AnyFunction): (file: string) => void {
    const enterHere = this.#enterer(below);
    return (file) => {
      const made = madeImport(file);
      if (made !== undefined) enterHere(made);
    };
  }

  identify(code: LedgerCode): void {
    this.#code = code;
    this.#options.watch.streams(code.mentions);
    this.#changes.watch(code.mentions);
  }

  /** V8's number of the script that the code is. The code itself has to be asked. */
  get scriptId(): string | undefined {
    return this.#inside?.() as string | undefined;
  }

  enter(made: Made, origin: Origin): void {
    if (this.#closed !== undefined) return;
    this.#made ??= new MadeList();
    this.#made.add(made, origin);
  }

  close(later: (held: HeldEffect) => void): Promise<readonly HeldEffect[]> {
    this.#closed ??= this.#close(later);
    return this.#closed;
  }

  async #close(later: (held: HeldEffect) => void): Promise<readonly HeldEffect[]> {
    const text = this.#text();
    const placeOf: PlaceOf = (origin) => text()?.placeOf(framesIn(origin, this.#code));
    const held = this.#closeTimers(placeOf, later);
    await this.#lettingEnd();
    for (const { made, origin } of this.#made?.left() ?? [])
      held.push({ kind: made.kind, label: made.label(), reason: made.reason(), madeAt: placeOf(origin) });
    for (const { label, key, mustWrite } of this.#changes.left()) {
      const madeAt = text()?.placeOfChange(key, mustWrite);
      // A change that the text does not name is somebody else's.
      if (madeAt !== undefined) held.push({ kind: 'global', label, reason: CHANGED, madeAt });
    }
    if (this.#code?.collectable === false)
      held.push({ kind: 'module', label: 'its own code', reason: CODE_KEPT, madeAt: undefined });
    this.#options.closed();
    this.#inside = undefined;
    return held;
  }

  #closeTimers(placeOf: PlaceOf, later: (held: HeldEffect) => void): HeldEffect[] {
    const timers = this.#timers;
    if (timers === undefined) return [];
    const held = timers.pending.map((timer) => heldTimer(timer, placeOf(timer)));
    const told = new Set<string | undefined>();
    timers.close((timer) => {
      const madeAt = placeOf(timer);
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

  #enterer(below: AnyFunction): (made: Made) => void {
    const site: Site = {};
    captureSite(site, below);
    return (made) => this.enter(made, site);
  }

  #own(): TimerLedger {
    this.#timers ??= new TimerLedger();
    return this.#timers;
  }

  /** Reads the text once, and only if something is to be told. */
  #text(): () => SourceText | undefined {
    let source: SourceText | undefined;
    return () => {
      if (this.#code !== undefined) source ??= new SourceText(this.#code.text());
      return source;
    };
  }
}

type PlaceOf = (origin: Origin) => string | undefined;

const CHANGED =
  'it was changed for everybody and not changed back; undo it in stop(), or run the plugin in a `process`';

const isFrames = (origin: Origin): origin is readonly Frame[] => Array.isArray(origin);
const framesIn = (origin: Origin, code: LedgerCode | undefined): readonly Frame[] =>
  isFrames(origin) ? origin : framesOf(origin, code?.url);
