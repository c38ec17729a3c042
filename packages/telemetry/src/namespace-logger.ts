import type { Logger } from '@backplane/plugin-api';
import type { Logger as Pino } from 'pino';
import { type LogLevels, SEVERITY } from './log-levels.ts';
import { boundedText, presentable } from './presentable.ts';

type Written = 'trace' | 'debug' | 'info' | 'warn' | 'error';
type Fields = Readonly<Record<string, unknown>>;

/** Logs under one namespace. Until it writes its first line it is one small object; a line below its level costs two comparisons. */
export class NamespaceLogger implements Logger {
  readonly #root: Pino;
  readonly #levels: LogLevels;
  readonly #namespace: string;
  readonly #bindings: Fields | undefined;
  #pino: Pino | undefined;
  #threshold = 0;
  #seenVersion = -1;

  constructor(root: Pino, levels: LogLevels, namespace: string, bindings: Fields | undefined) {
    this.#root = root;
    this.#levels = levels;
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
    if (this.#seenVersion !== this.#levels.version) {
      this.#seenVersion = this.#levels.version;
      this.#threshold = this.#levels.thresholdOf(this.#namespace);
    }
    return severity >= this.#threshold;
  }

  #write(level: Written, message: string, fields: Fields | undefined): void {
    this.#pino ??= this.#root.child({ namespace: this.#namespace, ...(this.#bindings && presentable(this.#bindings)) });
    // The message goes in as a field: as an argument, pino would read %s and %j in it.
    this.#pino[level]({ msg: boundedText(String(message)), ...(fields !== undefined && presentable(fields)) });
  }
}
