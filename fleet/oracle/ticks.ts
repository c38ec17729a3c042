import type { Findings } from './findings.ts';

/** Holds the ticks of cron jobs against each other: a second ticks once, in one version, and an old version never after a newer one. */
export class Ticks {
  readonly #findings: Findings;
  /** By plugin: who ticked last, and when. */
  readonly #last = new Map<string, { readonly instance: number; readonly second: number }>();
  count = 0;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  /** `owner` is `name#instance`; `second` counts since the epoch. */
  heard(owner: string, second: number): void {
    this.count++;
    const [name = '', ordinal] = owner.split('#');
    const instance = Number(ordinal);
    const last = this.#last.get(name);
    this.#last.set(name, { instance, second });
    if (last === undefined) return;
    if (instance < last.instance) {
      this.#findings.add(
        `ticks of ${name}`,
        `none of instance ${instance}, since ${last.instance} has begun`,
        `${second}`,
      );
    }
    if (second <= last.second) {
      this.#findings.add(`ticks of ${name}`, `a second after ${last.second}`, `${second} of instance ${instance}`);
    }
  }
}
