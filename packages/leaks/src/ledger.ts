import type { CodeLedger, HeldEffect, LedgerGlobals } from '@backplane/ports';
import { BuiltinViews } from './builtin-views.ts';
import { heldTimer, lateTimer } from './held-timers.ts';
import { OwnGlobals } from './own-globals.ts';
import { framesOf, type Site } from './site.ts';
import { SourceText } from './source-text.ts';
import { TimerLedger } from './timer-ledger.ts';

/** The ledger of one evaluation. What a plugin does not use is never made. */
export class Ledger implements CodeLedger {
  #timers: TimerLedger | undefined;
  #globals: LedgerGlobals | undefined;
  #views: BuiltinViews | undefined;
  #code: { readonly url: string; readonly text: () => string } | undefined;
  #closed: Promise<readonly HeldEffect[]> | undefined;

  readonly self = (_inside?: () => unknown): unknown => undefined;

  get globals(): LedgerGlobals {
    this.#globals ??= new OwnGlobals(() => this.#own());
    return this.#globals;
  }

  builtin(specifier: string, real: object): object {
    this.#views ??= new BuiltinViews(() => this.#own());
    return this.#views.of(specifier, real);
  }

  identify(url: string, text: () => string): void {
    this.#code = { url, text };
  }

  close(later: (held: HeldEffect) => void): Promise<readonly HeldEffect[]> {
    this.#closed ??= this.#close(later);
    return this.#closed;
  }

  async #close(later: (held: HeldEffect) => void): Promise<readonly HeldEffect[]> {
    const timers = this.#timers;
    if (timers === undefined) return [];
    const places = this.#places();
    const held = timers.pending.map((timer) => heldTimer(timer, places(timer)));
    const told = new Set<string>();
    timers.close((timer) => {
      const madeAt = places(timer);
      if (told.has(`${madeAt}`)) return;
      told.add(`${madeAt}`);
      later(lateTimer(timer, madeAt));
    });
    return held;
  }

  #own(): TimerLedger {
    this.#timers ??= new TimerLedger();
    return this.#timers;
  }

  /** Reads the text once, and only if something is to be told. */
  #places(): (site: Site) => string | undefined {
    let source: SourceText | undefined;
    return (site) => {
      if (this.#code !== undefined) source ??= new SourceText(this.#code.url, this.#code.text());
      return source?.placeOf(framesOf(site));
    };
  }
}
