import type { HeldEffect, PluginUnit } from '@backplane/ports';
import type { Instance } from '../lifecycle/instance.ts';
import type { PluginRecord } from '../lifecycle/plugin-record.ts';

/** Told what code held that has ended, and the instance of it that was unloaded last. */
export type OnHeld = (unit: PluginUnit, instance: number | undefined, held: readonly HeldEffect[]) => void;

/**
 * Knows the code of each plugin that may still run, and closes its ledger when it may not. Code outlives its instances: one that crashed is made anew
 * from the same code, and what it made as a resource is held by later versions.
 */
export class UnitTable {
  readonly #records: ReadonlyMap<string, PluginRecord>;
  readonly #onHeld: OnHeld;
  readonly #resources: { isMadeBy(code: object): boolean };
  /** Those that only run on in a resource that they made. */
  readonly #lenders = new Set<PluginUnit>();
  /** By plugin, each with its last instance that was unloaded. */
  readonly #units = new Map<string, Map<PluginUnit, number | undefined>>();

  constructor(
    records: ReadonlyMap<string, PluginRecord>,
    resources: { isMadeBy(code: object): boolean },
    onHeld: OnHeld,
  ) {
    this.#records = records;
    this.#resources = resources;
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
    await this.#closeLenders(identity.name);
    if (this.#isNeeded(unit, identity.instance)) return [];
    if (!this.#resources.isMadeBy(unit)) return this.#close(unit);
    this.#lenders.add(unit);
    return [];
  }

  /** The last that held a resource has gone, and with it the need for the code that made it. */
  async #closeLenders(name: string): Promise<void> {
    for (const [unit, instance] of this.#units.get(name) ?? []) {
      if (!this.#lenders.has(unit) || this.#isNeeded(unit) || this.#resources.isMadeBy(unit)) continue;
      this.#lenders.delete(unit);
      this.#tell(unit, instance, await this.#close(unit));
    }
  }

  /** Closes the books of a plugin's code that a change has left without use. */
  async sweep(name: string): Promise<void> {
    for (const [unit, instance] of this.#units.get(name) ?? []) {
      if (this.#isNeeded(unit) || this.#resources.isMadeBy(unit)) continue;
      this.#tell(unit, instance, await this.#close(unit));
    }
  }

  #tell(unit: PluginUnit, instance: number | undefined, held: readonly HeldEffect[]): void {
    if (held.length > 0) this.#onHeld(unit, instance, held);
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
