import type { LogRecord, LogSink } from '@backplane/ports';
import type { Logger as Pino } from 'pino';
import { type LogLevel, LogLevels } from './log-levels.ts';

/** Where lines go: to print, and to a sink where there is one; each from levels of its own. */
export class LogOutputs {
  readonly root: Pino;
  readonly printed: LogLevels;
  readonly sunk: LogLevels;
  #sink: LogSink | undefined;
  #attached = 0;

  constructor(root: Pino, level: LogLevel, sinkLevel: LogLevel) {
    this.root = root;
    this.printed = new LogLevels(level);
    this.sunk = new LogLevels(sinkLevel);
  }

  /** Changes whenever a level or the sink does, so that loggers may keep what they looked up. */
  get version(): number {
    return this.printed.version + this.sunk.version + this.#attached;
  }

  /** The severity from which lines of this namespace go to the sink. */
  sinkThresholdOf(namespace: string): number {
    return this.#sink === undefined ? Number.POSITIVE_INFINITY : this.sunk.thresholdOf(namespace);
  }

  attach(sink: LogSink): () => void {
    this.#sink = sink;
    this.#attached++;
    return () => {
      if (this.#sink === sink) this.detach();
    };
  }

  detach(): void {
    this.#sink = undefined;
    this.#attached++;
  }

  /** Never throws, as logging does not. */
  sink(record: LogRecord): void {
    try {
      this.#sink?.(record);
    } catch {
      // The line was printed; whoever keeps lines tells of his own troubles.
    }
  }
}
