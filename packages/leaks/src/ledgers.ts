import { getCallSites } from 'node:util';
import { type Clock, systemClock } from '@backplane/base';
import type { OpenLedger } from '@backplane/ports';
import { KnownSurfaces } from './global-changes.ts';
import { Ledger } from './ledger.ts';
import type { Made } from './made.ts';
import { ProcessWatch } from './process-watch.ts';

/** How deep a plugin's code may lie below what opens a socket. */
const FRAMES = 60;

/** What Node's own `fetch` opens belongs to its pool, which is that of the process. */
const POOL = 'node:internal/deps/undici/undici';
const NO_POOL: ReadonlySet<string> = new Set(['WebSocket', 'EventSource']);

/**
 * The ledgers of one host. What is made in the process is entered for the code nearest to it on the stack; where no plugin's code is there,
 * nobody is charged.
 */
export class Ledgers implements Disposable {
  readonly #clock: Clock;
  /** By V8's number of the script: each evaluation has its own, whereas their names are the same. */
  readonly #byScript = new Map<string, Ledger>();
  /** Those whose number nobody had to know yet. */
  readonly #unnumbered = new Set<Ledger>();
  readonly #surfaces = new KnownSurfaces();
  #watch: ProcessWatch | undefined;

  /** The clock is that of the sockets: by it they are given time to end. */
  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  readonly open: OpenLedger = () => {
    this.#watch ??= new ProcessWatch((make) => this.#enter(make));
    const ledger = new Ledger({
      clock: this.#clock,
      watch: this.#watch,
      surfaces: this.#surfaces,
      closed: () => this.#forget(ledger),
    });
    this.#unnumbered.add(ledger);
    return ledger;
  };

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
  }

  #forget(ledger: Ledger): void {
    if (this.#unnumbered.delete(ledger)) return;
    for (const [script, known] of this.#byScript) if (known === ledger) this.#byScript.delete(script);
  }

  #enter(make: () => Made): void {
    this.#number();
    if (this.#byScript.size === 0) return;
    const calls = getCallSites(FRAMES, { sourceMap: false });
    const first = calls.findIndex(({ scriptId }) => this.#byScript.has(scriptId));
    const script = calls[first]?.scriptId;
    const ledger = script === undefined ? undefined : this.#byScript.get(script);
    if (ledger === undefined || isOfPool(calls.slice(0, first))) return;
    const own = calls.filter(({ scriptId }) => scriptId === script);
    ledger.enter(
      make(),
      own.map(({ lineNumber, columnNumber }) => ({ line: lineNumber, column: columnNumber })),
    );
  }

  /** Asking the code costs 10 µs, so it is left until something is made. */
  #number(): void {
    for (const ledger of this.#unnumbered) {
      const { scriptId } = ledger;
      if (scriptId === undefined) continue;
      this.#unnumbered.delete(ledger);
      this.#byScript.set(scriptId, ledger);
    }
  }
}

type Calls = ReturnType<typeof getCallSites>;

function isOfPool(above: Calls): boolean {
  const pool = above.filter(({ scriptName }) => scriptName === POOL);
  return pool.length > 0 && !pool.some(({ functionName }) => NO_POOL.has(functionName));
}
