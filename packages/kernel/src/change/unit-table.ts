import type { HeldEffect, PluginUnit } from '@backplane/ports';
import type { Instance } from '../lifecycle/instance.ts';
import type { PluginRecord } from '../lifecycle/plugin-record.ts';

/** Told what code held that has ended, and the instance of it that was unloaded last. */
export type OnHeld = (unit: PluginUnit, instance: number | undefined, held: readonly HeldEffect[]) => void;

/**
 * Knows the code of each plugin that may still run, and closes its ledger when it may not. Code outlives its instances: one that crashed is made anew
 * from the same code.
 */
export class UnitTable {
  readonly #records: ReadonlyMap<string, PluginRecord>;
  readonly #onHeld: OnHeld;
  /** By plugin, each with its last instance that was unloaded. */
  readonly #units = new Map<string, Map<PluginUnit, number | undefined>>();

  constructor(records: ReadonlyMap<string, PluginRecord>, onHeld: OnHeld) {
    this.#records = records;
    this.#onHeld = onHeld;
  }

  track(unit: PluginUnit): void {
    if (unit.ledger === undefined) return;
    const { name } = unit.data;
    const units = this.#units.get(name) ?? new Map<PluginUnit, number | undefined>();
    if (!units.has(unit)) units.set(unit, undefined);
    this.#units.set(name, units);
  }

  /** What an instance's code still holds, when that instance was the last of it. */
  async unloaded({ unit, identity }: Instance): Promise<readonly HeldEffect[]> {
    const units = this.#units.get(identity.name);
    if (!units?.has(unit)) return [];
    units.set(unit, identity.instance);
    return this.#isNeeded(unit, identity.instance) ? [] : this.#close(unit);
  }

  /** Closes the books of a plugin's code that a change has left without use. */
  async sweep(name: string): Promise<void> {
    for (const [unit, instance] of this.#units.get(name) ?? []) {
      if (this.#isNeeded(unit)) continue;
      const held = await this.#close(unit);
      if (held.length > 0) this.#onHeld(unit, instance, held);
    }
  }

  #isNeeded(unit: PluginUnit, leaving?: number): boolean {
    const record = this.#records.get(unit.data.name);
    if (record?.desired?.unit === unit || record?.instance?.unit === unit) return true;
    return [...(record?.draining ?? [])].some(
      ({ instance }) => instance.unit === unit && instance.identity.instance !== leaving,
    );
  }

  async #close(unit: PluginUnit): Promise<readonly HeldEffect[]> {
    const { name } = unit.data;
    const units = this.#units.get(name);
    const last = units?.get(unit);
    units?.delete(unit);
    if (units?.size === 0) this.#units.delete(name);
    return (await unit.ledger?.close((held) => this.#onHeld(unit, last, [held]))) ?? [];
  }
}
