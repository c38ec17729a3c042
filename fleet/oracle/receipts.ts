import type { HeldEffect, LeakReceipt } from '@backplane/ports';
import type { Fault } from '../plugins/variant.ts';
import type { Findings } from './findings.ts';

/** What a receipt has to say of a version. */
export interface Wanted {
  readonly fault: Fault | undefined;
  /** Whether calls of it may have been ended at the drain limit. */
  readonly mayEndCalls: boolean;
  /** What it leaves behind on purpose: exactly one of each. */
  readonly leaves: readonly HeldKind[];
}

type HeldKind = HeldEffect['kind'];

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

  #check(where: string, { held, problems, callsEnded }: LeakReceipt, { fault, mayEndCalls, leaves }: Wanted): void {
    if (callsEnded > 0 && !mayEndCalls) this.#findings.add(where, 'no call that had to be ended', `${callsEnded}`);
    const wantedHeld = [...leaves, ...(fault?.step === 'dispose' ? ['effect' as const] : [])];
    // What comes late is a timer, which may still be to fire.
    const counted = held.filter(({ kind }) => fault?.way !== 'late' || kind !== 'timer');
    const wantedProblems = fault?.step === 'stop' ? 1 : 0;
    const fits = sorted(wantedHeld) === sorted(counted.map(({ kind }) => kind)) && problems.length === wantedProblems;
    if (!fits) {
      const expected = `held: ${sorted(wantedHeld) || 'nothing'}; ${wantedProblems} problems`;
      this.#findings.add(where, expected, JSON.stringify({ held, problems }));
    }
    for (const { kind, madeAt } of held) {
      if (kind !== 'effect' && !MADE_AT.test(madeAt ?? ''))
        this.#findings.add(where, 'the line that made it', String(madeAt));
    }
  }
}

/** A line of the fleet's own plugins. */
const MADE_AT = /\/_crew\/[a-z]+\.ts:\d+:\d+$/;

const sorted = (kinds: readonly HeldKind[]): string => kinds.toSorted().join(' ');
