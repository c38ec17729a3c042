import type { LeakReceipt } from '@backplane/ports';
import type { Fault } from '../plugins/variant.ts';
import type { Findings } from './findings.ts';

/** What a receipt has to say of a version. */
export interface Wanted {
  readonly fault: Fault | undefined;
  /** Whether calls of it may have been ended at the drain limit. */
  readonly mayEndCalls: boolean;
  /** For those that leave something behind on purpose: why the receipt does not name it. */
  names?(receipt: LeakReceipt): string | undefined;
}

/** Holds each leak receipt against what the version was made for: nothing is left, save where it had to be. */
export class Receipts {
  readonly #findings: Findings;
  readonly #wanted = new Map<string, Wanted>();
  readonly #seen = new Set<string>();
  checked = 0;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  /** Tells of a version before it is written. */
  expect(plugin: string, version: string, wanted: Wanted): void {
    this.#wanted.set(`${plugin}@${version}`, wanted);
  }

  /** Looks at those that were not there before. */
  read(receipts: readonly LeakReceipt[]): void {
    for (const receipt of receipts) {
      const { plugin, version, instance } = receipt;
      const key = `${plugin}#${instance}`;
      if (this.#seen.has(key)) continue;
      this.#seen.add(key);
      this.checked++;
      const wanted = this.#wanted.get(`${plugin}@${version}`);
      const where = `receipt of ${plugin} ${version} (instance ${instance})`;
      if (wanted === undefined) this.#findings.add(where, 'a version that was written', 'one that nobody knows');
      else this.#check(where, receipt, wanted);
    }
  }

  #check(where: string, receipt: LeakReceipt, { fault, mayEndCalls, names }: Wanted): void {
    const { held, problems, callsEnded } = receipt;
    if (callsEnded > 0 && !mayEndCalls) this.#findings.add(where, 'no call that had to be ended', `${callsEnded}`);
    const missing = names?.(receipt);
    if (missing !== undefined) this.#findings.add(where, missing, JSON.stringify({ held, problems }));
    if (names !== undefined) return;
    const wantedHeld = fault?.step === 'dispose' ? 1 : 0;
    const wantedProblems = fault?.step === 'stop' ? 1 : 0;
    if (held.length === wantedHeld && problems.length === wantedProblems) return;
    const expected = `${wantedHeld} effects held, ${wantedProblems} problems`;
    this.#findings.add(where, expected, JSON.stringify({ held, problems }));
  }
}
