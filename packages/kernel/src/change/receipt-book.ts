import type { HeldEffect, LeakReceipt } from '@backplane/ports';
import type { KernelEvent } from '../kernel-event.ts';

const KEPT = 100;

/** Keeps the receipts of the last unloaded instances, and says in the log what stands on them. */
export class ReceiptBook {
  /** Newest last. */
  readonly #receipts: LeakReceipt[] = [];
  readonly #onEvent: (event: KernelEvent) => void;

  constructor(onEvent: (event: KernelEvent) => void) {
    this.#onEvent = onEvent;
  }

  get all(): readonly LeakReceipt[] {
    return this.#receipts;
  }

  add(receipt: LeakReceipt): void {
    this.#receipts.push(receipt);
    if (this.#receipts.length > KEPT) this.#receipts.shift();
    this.#tell(receipt.plugin, receipt.version, receipt.held, receipt.problems);
  }

  /** Adds what showed after the receipt of an instance was written. Without a receipt it is told all the same. */
  amend(plugin: string, version: string, instance: number | undefined, held: readonly HeldEffect[]): void {
    const index = this.#receipts.findIndex((known) => known.plugin === plugin && known.instance === instance);
    const known = this.#receipts[index];
    if (known) this.#receipts[index] = { ...known, held: [...known.held, ...held] };
    this.#tell(plugin, version, held, []);
  }

  #tell(plugin: string, version: string, held: readonly HeldEffect[], problems: readonly string[]): void {
    if (held.length === 0 && problems.length === 0) return;
    const what = [...held.map(lineOf), ...problems].join('; ');
    this.#onEvent({ level: 'warn', plugin, message: `${version} left something behind: ${what}` });
  }
}

function lineOf({ label, reason, madeAt }: HeldEffect): string {
  return madeAt === undefined ? `${label} (${reason})` : `${label}, made at ${madeAt} (${reason})`;
}
