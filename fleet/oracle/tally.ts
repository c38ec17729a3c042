import type { Report } from '../plugins/book.ts';
import type { Findings } from './findings.ts';

interface Line {
  readonly plugin: string;
  readonly base: number;
  /** Counts that were seen, all above `base`, without those below `contiguous`. */
  readonly ahead: Set<number>;
  /** Every count from `base` up to here has been seen. */
  contiguous: number;
  /** Requests whose answers were lost with the process that gave them. */
  lost: number;
}

/** Keeps the books of the counters in the plugins' memory: each instance counts every answer of its own once, and none is left out. */
export class Tally {
  readonly #findings: Findings;
  readonly #lines = new Map<string, Line>();
  /** Of the next instance that answers for a plugin. */
  readonly #leastBase = new Map<string, number>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  answered({ plugin, instance, base, count }: Report): void {
    const key = `${plugin}#${instance}`;
    let line = this.#lines.get(key);
    if (line === undefined) {
      line = { plugin, base, ahead: new Set(), contiguous: base, lost: 0 };
      this.#lines.set(key, line);
      this.#checkBase(plugin, key, base);
    }
    if (base !== line.base) this.#findings.add(`counter of ${key}`, `began at ${line.base}`, `began at ${base}`);
    if (count <= line.contiguous || line.ahead.has(count)) {
      this.#findings.add(`counter of ${key}`, `a count that was not given before`, `${count} again`);
    }
    line.ahead.add(count);
    while (line.ahead.delete(line.contiguous + 1)) line.contiguous++;
  }

  /** Answers that may be missing, because a process took them with it. */
  lost(plugin: string, instance: number | undefined): void {
    const line = this.#lines.get(`${plugin}#${instance}`);
    if (line) line.lost++;
  }

  /** The highest count that an instance has told of. */
  highest(plugin: string, instance: number | undefined): number {
    const line = this.#lines.get(`${plugin}#${instance}`);
    return line === undefined ? 0 : Math.max(line.contiguous, ...line.ahead);
  }

  /** A new version is about to take over the counter: it has to go on from all that has been answered by now, at least. */
  inherits(plugin: string, from: number | undefined): void {
    this.#leastBase.set(plugin, Math.max(this.highest(plugin, from), this.#leastBase.get(plugin) ?? 0));
  }

  /** What comes next begins anew. */
  disinherit(plugin: string): void {
    this.#leastBase.delete(plugin);
  }

  /** Called while no request is under way: every count that was given must have arrived. Forgets whom `serving` does not name. */
  audit(serving: ReadonlySet<string>): number {
    let counted = 0;
    for (const [key, line] of this.#lines) {
      const missing = Math.max(line.contiguous, ...line.ahead) - line.contiguous - line.ahead.size;
      if (missing > line.lost) {
        this.#findings.add(`counter of ${key}`, `every count from ${line.base} on`, `${missing} of them never arrived`);
      }
      counted += line.contiguous - line.base + line.ahead.size;
      if (!serving.has(key)) this.#lines.delete(key);
    }
    return counted;
  }

  #checkBase(plugin: string, key: string, base: number): void {
    const least = this.#leastBase.get(plugin);
    if (least === undefined) return;
    this.#leastBase.delete(plugin);
    if (base < least) this.#findings.add(`counter of ${key}`, `goes on from at least ${least}`, `began at ${base}`);
  }
}
