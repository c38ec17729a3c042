import { errors } from './errors.ts';

/** What is written: this level and those after it; `silent` writes nothing. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Higher is graver. */
export const SEVERITY: Readonly<Record<LogLevel, number>> = Object.freeze({
  trace: 10,
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  silent: Number.POSITIVE_INFINITY,
});

/** Which level holds for which namespace, at this moment. */
export class LogLevels {
  readonly #own = new Map<string, number>();
  #version = 0;

  constructor(level: LogLevel) {
    this.#own.set('', severityOf(level, ''));
  }

  /** Changes whenever a level does, so that loggers may keep what they looked up. */
  get version(): number {
    return this.#version;
  }

  /**
   * Sets the level of a namespace and all below it that have none of their own; `undefined` takes it back. The empty namespace is everything.
   * @throws BP_LOG_LEVEL_UNKNOWN
   */
  set(namespace: string, level: LogLevel | undefined): void {
    if (level !== undefined) this.#own.set(namespace, severityOf(level, namespace));
    else if (namespace !== '') this.#own.delete(namespace);
    this.#version++;
  }

  /** What was set, by namespace; the empty one is everything. */
  own(): Readonly<Record<string, LogLevel>> {
    const nameOf = new Map(Object.entries(SEVERITY).map(([name, severity]) => [severity, name as LogLevel]));
    return Object.fromEntries([...this.#own].map(([name, severity]) => [name, nameOf.get(severity) ?? 'info']));
  }

  /** The severity from which lines of this namespace are written: its own, else its nearest ancestor's. */
  thresholdOf(namespace: string): number {
    for (let name = namespace; ; name = name.slice(0, Math.max(0, name.lastIndexOf('.')))) {
      const own = this.#own.get(name);
      if (own !== undefined) return own;
    }
  }
}

function severityOf(level: LogLevel, namespace: string): number {
  if (Object.hasOwn(SEVERITY, level)) return SEVERITY[level];
  throw errors.BP_LOG_LEVEL_UNKNOWN({ level: String(level), namespace });
}
