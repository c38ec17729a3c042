import { currentCall, type Logger } from '@backplane/plugin-api';
import type { LogRecord } from '@backplane/ports';
import type { Logger as Pino } from 'pino';
import { SEVERITY } from './log-levels.ts';
import type { LogOutputs } from './log-outputs.ts';
import { boundedText, presentable } from './presentable.ts';

type Written = LogRecord['level'];
type Fields = Readonly<Record<string, unknown>>;

/** Logs under one namespace. Until it writes its first line it is one small object; a line below its level costs two comparisons. */
export class NamespaceLogger implements Logger {
  readonly #outputs: LogOutputs;
  readonly #namespace: string;
  /** As they were given, until the first line is written. */
  #bindings: Fields | undefined;
  #pino: Pino | undefined;
  #threshold = 0;
  #printsFrom = 0;
  #sinksFrom = 0;
  #seenVersion = -1;

  constructor(outputs: LogOutputs, namespace: string, bindings: Fields | undefined) {
    this.#outputs = outputs;
    this.#namespace = namespace;
    this.#bindings = bindings;
  }

  trace(message: string, fields?: Fields): void {
    if (this.#writes(SEVERITY.trace)) this.#write('trace', message, fields);
  }
  debug(message: string, fields?: Fields): void {
    if (this.#writes(SEVERITY.debug)) this.#write('debug', message, fields);
  }
  info(message: string, fields?: Fields): void {
    if (this.#writes(SEVERITY.info)) this.#write('info', message, fields);
  }
  warn(message: string, fields?: Fields): void {
    if (this.#writes(SEVERITY.warn)) this.#write('warn', message, fields);
  }
  error(message: string, fields?: Fields): void {
    if (this.#writes(SEVERITY.error)) this.#write('error', message, fields);
  }

  #writes(severity: number): boolean {
    const outputs = this.#outputs;
    if (this.#seenVersion !== outputs.version) {
      this.#seenVersion = outputs.version;
      this.#printsFrom = outputs.printed.thresholdOf(this.#namespace);
      this.#sinksFrom = outputs.sinkThresholdOf(this.#namespace);
      this.#threshold = Math.min(this.#printsFrom, this.#sinksFrom);
    }
    return severity >= this.#threshold;
  }

  #write(level: Written, message: string, given: Fields | undefined): void {
    if (this.#pino === undefined) {
      this.#bindings &&= presentable(this.#bindings);
      this.#pino = this.#outputs.root.child({ namespace: this.#namespace, ...this.#bindings });
    }
    // The message goes in as a field: as an argument, pino would read %s and %j in it.
    const line = { msg: boundedText(String(message)), ...(given !== undefined && presentable(given)) };
    bearTrace(line);
    if (SEVERITY[level] >= this.#printsFrom) this.#pino[level](line);
    if (SEVERITY[level] >= this.#sinksFrom) this.#sink(level, line);
  }

  #sink(level: Written, { msg, trace_id, ...given }: Line): void {
    const known = typeof trace_id === 'string';
    this.#outputs.sink({
      time: Date.now(),
      level,
      namespace: this.#namespace,
      message: msg,
      fields: { ...this.#bindings, ...given, ...(!known && trace_id !== undefined && { trace_id }) },
      traceId: known ? trace_id : undefined,
    });
  }
}

interface Line {
  readonly msg: string;
  trace_id?: unknown;
  trace_id_?: unknown;
}

/** Outside of any call, a line may bear the id of one that has ended, or is in another process. */
function bearTrace(line: Line): void {
  const call = currentCall();
  if (call === undefined) return;
  const { traceId } = call.trace;
  if ('trace_id' in line && line.trace_id !== traceId) line.trace_id_ = line.trace_id;
  line.trace_id = traceId;
}
