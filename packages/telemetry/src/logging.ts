import { Writable } from 'node:stream';
import { isatty } from 'node:tty';
import type { Logger } from '@backplane/plugin-api';
import type { LogSink } from '@backplane/ports';
import { destination as fileDestination, pino, stdTimeFunctions } from 'pino';
import type { LogLevel } from './log-levels.ts';
import { LogOutputs } from './log-outputs.ts';
import { NamespaceLogger } from './namespace-logger.ts';
import { prettyLine } from './pretty-line.ts';

/** Where lines go: each call is one whole line with its line feed. A `process.stdout` or any other writable stream will do. */
export interface LogDestination {
  write(line: string): unknown;
  readonly isTTY?: boolean;
}

export interface LoggingOptions {
  /** For every namespace that is given none of its own. Default `info`. */
  readonly level?: LogLevel;
  /** Default standard output, written synchronously, so that a crash loses no line. */
  readonly destination?: LogDestination;
  /** Lines for people in place of JSON. Default: when the destination is a terminal. */
  readonly pretty?: boolean;
  /** From which level lines go to the sink that is attached, where a namespace is given none of its own. Default `info`. */
  readonly sinkLevel?: LogLevel;
}

export interface Logging {
  /** Makes a logger. Costs one small object until it writes; `bindings` are fields of each of its lines. */
  logger(namespace: string, bindings?: Readonly<Record<string, unknown>>): Logger;
  /**
   * Sets from which level a namespace and all below it are written, from the next line on; the nearest setting wins. `undefined` takes the
   * setting back; the empty namespace is everything.
   * @throws BP_LOG_LEVEL_UNKNOWN
   */
  setLevel(namespace: string, level: LogLevel | undefined): void;
  /** The levels that were set, by namespace; the empty one is everything. */
  levels(): Readonly<Record<string, LogLevel>>;
  /**
   * Hands each line from now on to `sink` too, as it is before it is text, in place of the sink before; what the sink throws is not heard.
   * What it gives takes the sink off again.
   */
  attach(sink: LogSink): () => void;
  /**
   * Sets from which level a namespace and all below it go to the sink, whatever is printed of them; as `setLevel` does.
   * @throws BP_LOG_LEVEL_UNKNOWN
   */
  setSinkLevel(namespace: string, level: LogLevel | undefined): void;
  /** Resolves when all lines so far have been handed to the destination's system. */
  flush(): Promise<void>;
  /** Flushes, and drops every later line. The destination stays open. */
  close(): Promise<void>;
}

/**
 * Writes one JSON object a line: `time` (ISO 8601), `level`, `namespace`, `trace_id` of the current call where there is one, fields, `msg`.
 * @throws BP_LOG_LEVEL_UNKNOWN
 */
export function createLogging(options: LoggingOptions = {}): Logging {
  const output: LogDestination = options.destination ?? standardOutput();
  const terminal = output.isTTY === true;
  const pretty = options.pretty ?? terminal;
  let closed = false;

  const root = pino(
    {
      base: null,
      level: 'trace',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    {
      write(line) {
        if (!closed) output.write(pretty ? prettyLine(line, terminal) : line);
      },
    },
  );

  const outputs = new LogOutputs(root, options.level ?? 'info', options.sinkLevel ?? 'info');

  const flush = () =>
    new Promise<void>((resolve, reject) => {
      // Whatever is not a stream has written when its write returned.
      if (!(output instanceof Writable) || output.destroyed) return resolve();
      output.write('', (error) => (error ? reject(error) : resolve()));
    });

  return {
    logger: (namespace, bindings) => new NamespaceLogger(outputs, namespace, bindings),
    setLevel: (namespace, level) => outputs.printed.set(namespace, level),
    levels: () => outputs.printed.own(),
    attach: (sink) => outputs.attach(sink),
    setSinkLevel: (namespace, level) => outputs.sunk.set(namespace, level),
    flush,
    async close() {
      closed = true;
      outputs.detach();
      await flush();
    },
  };
}

function standardOutput(): LogDestination {
  const file = fileDestination({ dest: 1, sync: true });
  let closed = false;
  // Pino itself falls silent at a pipe that nobody reads. A terminal that has closed is the same: the host still has to stop in order.
  file.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EIO' && error.code !== 'EPIPE') throw error;
    closed = true;
  });
  return { isTTY: isatty(1), write: (line: string) => closed || file.write(line) };
}
