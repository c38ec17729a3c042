import { AsyncLocalStorage } from 'node:async_hooks';
import { type ChildProcess, fork } from 'node:child_process';
import { closeSync } from 'node:fs';
import { type Clock, type ClockTimer, messageOf } from '@backplane/base';
import type { SqlResult } from '@backplane/ports';
import { errors } from '../errors.ts';
import { type Answer, ASK, type Ask, type EngineFailure, type EngineLimits } from './database-protocol.ts';
import { openMark, readMark, writeMark } from './mark-file.ts';

type WithoutId<T> = T extends readonly [number, ...infer Rest] ? readonly [...Rest] : never;
export type AskBody = WithoutId<Ask>;

/** For whom something is asked. The same object each time. */
export interface Asker {
  /** For messages. */
  readonly plugin: string;
  /** Milliseconds that it may take once its turn has come. */
  readonly limitMs: number;
  /** It is part of a transaction, which is over when the process is. */
  readonly bound: boolean;
  /** The error for what SQLite says. */
  failed(failure: EngineFailure): Error;
  /** Called when it has held the others up. */
  slow(): void;
}

interface Pending {
  readonly ask: Ask;
  readonly asker: Asker;
  resolve(result: SqlResult): void;
  reject(error: Error): void;
}

type State =
  | { readonly phase: 'idle' }
  | { readonly phase: 'starting' | 'ready'; readonly child: ChildProcess; readonly over: Promise<void> }
  | { readonly phase: 'closed' };

export interface DatabaseProcessOptions extends EngineLimits {
  readonly clock: Clock;
}

/** Statements of all plugins that may wait. */
const MOST_PENDING = 10_000;
/** From so long on, a statement holds the others up. */
const SLOW_MS = 1000;
/** How long a process may take to be there, and to end when it is asked to. */
const START_MS = 30_000;
const END_MS = 5000;
/** The pipe whose end tells the process that its host is gone. */
const LIFELINE = 4;
/** Events of the process must not belong to the request that happened to start it. */
const outside = AsyncLocalStorage.snapshot();

/**
 * The process in which statements are made, one after the other, for all plugins that share it. One that takes too long, or that the driver does
 * not survive, ends the process and fails; the others are made in the next process, none of them twice.
 */
export class DatabaseProcess {
  readonly #options: DatabaseProcessOptions;
  readonly #files: (readonly [path: string, key: string])[] = [];
  /** In the order in which they are made. */
  readonly #pending = new Map<number, Pending>();
  #unsent: Ask[] = [];
  #state: State = { phase: 'idle' };
  #scheduled = false;
  #lastId = 0;
  #headSince = 0;
  #timer: ClockTimer | undefined;
  #overdue: Pending | undefined;
  #whenEmpty: (() => void) | undefined;
  #closing: Promise<void> | undefined;
  /** A file that has no name any more: nothing is left of it when this process ends, however it ends. */
  #mark: number | undefined;
  /** Counts the processes there have been. A transaction lives in one of them. */
  epoch = 0;

  constructor(options: DatabaseProcessOptions) {
    this.#options = options;
  }

  /** Makes a file known, and gives its number. Nothing is opened. */
  register(path: string, key: string): number {
    const file = this.#files.push([path, key]) - 1;
    if (this.#state.phase === 'starting' || this.#state.phase === 'ready') this.#open(file);
    return file;
  }

  /** @throws BP_DATABASE_TIMEOUT, BP_DATABASE_LOST, BP_DATABASE_TRANSACTION_ENDED, BP_DATABASE_CLOSED, what `failed` makes */
  ask(body: AskBody, asker: Asker): Promise<SqlResult> {
    const { plugin } = asker;
    if (this.#closing !== undefined) return Promise.reject(errors.BP_DATABASE_CLOSED({ plugin }));
    if (this.#pending.size >= MOST_PENDING)
      return Promise.reject(errors.BP_DATABASE_BUSY({ plugin, limit: MOST_PENDING }));
    if (this.#state.phase === 'idle') this.#start();
    const ask = [++this.#lastId, ...body] as unknown as Ask;
    return new Promise((resolve, reject) => {
      this.#enter({ ask, asker, resolve, reject });
    });
  }

  /** Something is under way. */
  get busy(): boolean {
    return this.#pending.size > 0;
  }

  /** Waits for what is under way, then ends the process. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#pending.size > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#whenEmpty = resolve;
      await promise;
    }
    const state = this.#state;
    this.#state = { phase: 'closed' };
    this.#timer?.cancel();
    if (state.phase === 'starting' || state.phase === 'ready') {
      const { child, over } = state;
      if (child.connected) child.disconnect();
      const limit = this.#options.clock.after(END_MS, () => child.kill('SIGKILL'));
      await over;
      limit.cancel();
    }
    if (this.#mark !== undefined) closeSync(this.#mark);
  }

  #enter(pending: Pending): void {
    if (this.#pending.size === 0) this.#headSince = this.#options.clock.monotonic();
    this.#pending.set(pending.ask[0], pending);
    this.#unsent.push(pending.ask);
    this.#schedule();
    this.#watch(pending.asker.limitMs);
  }

  #open(file: number): void {
    const [path, key] = this.#files[file] as readonly [string, string];
    this.#unsent.push([0, ASK.open, file, path, key]);
    this.#schedule();
  }

  /** What is asked in one turn goes out together. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const state = this.#state;
    if (this.#unsent.length === 0 || (state.phase !== 'starting' && state.phase !== 'ready')) return;
    const asks = this.#unsent;
    this.#unsent = [];
    // Whatever is wrong with the channel shows in the end of the process.
    if (state.child.connected) state.child.send(asks, undefined, undefined, () => {});
  }

  #start(): void {
    this.#mark ??= openMark();
    const mark = this.#mark;
    writeMark(mark, 0);
    const compiled = import.meta.url.endsWith('.js');
    const entry = new URL(compiled ? './database-process-entry.js' : './database-process-entry.ts', import.meta.url);
    const child = outside(() =>
      fork(entry, [], {
        serialization: 'advanced',
        cwd: '/',
        env: {},
        execArgv: ['--max-old-space-size=256', ...(compiled ? [] : ['--conditions=backplane-source'])],
        stdio: ['ignore', 'ignore', 'pipe', 'ipc', 'pipe', mark],
      }),
    );
    const over = outside(() => this.#whenOver(child, mark));
    this.#state = { phase: 'starting', child, over };
    const { maxRows, maxBytes, maxMemory } = this.#options;
    child.send({ maxRows, maxBytes, maxMemory });
    const asked = this.#unsent;
    this.#unsent = [];
    for (const file of this.#files.keys()) this.#open(file);
    this.#unsent.push(...asked.filter((ask) => ask[1] !== ASK.open));
    this.#headSince = this.#options.clock.monotonic();
    this.#watch(START_MS);
  }

  #whenOver(child: ChildProcess, mark: number): Promise<void> {
    let lastWords = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      lastWords = (lastWords + text).slice(-500);
    });
    child.on('message', (answers: readonly Answer[]) => this.#take(answers));
    // The lifeline is never written to.
    const lifeline = child.stdio[LIFELINE];
    lifeline?.on('error', () => {});
    // Both, so that everything it has said has been heard.
    const gone = new Promise<string>((resolve) => {
      child.on('error', (error) => {
        if (child.pid === undefined) resolve(error.message);
      });
      child.on('exit', (code, signal) => {
        const said = () =>
          resolve(`its process ended with ${signal ?? `code ${code}`}. ${firstLine(lastWords)}`.trim());
        if (child.connected) child.once('disconnect', said);
        else said();
      });
    });
    return gone.then((reason) => this.#restart(reason, mark));
  }

  #take(answers: readonly Answer[]): void {
    const now = this.#options.clock.monotonic();
    const tookMs = now - this.#headSince;
    this.#headSince = now;
    if (this.#state.phase === 'starting') this.#ready(this.#state);
    else if (tookMs > SLOW_MS && answers[0] !== undefined) this.#pending.get(answers[0][0])?.asker.slow();
    for (const answer of answers) {
      const pending = this.#pending.get(answer[0]);
      if (pending === undefined) continue;
      this.#pending.delete(answer[0]);
      if (answer[1] === 1) pending.resolve(resultOf(answer[2], answer[3], answer[4]));
      else pending.reject(pending.asker.failed(answer[2]));
    }
    if (this.#pending.size === 0) this.#whenEmpty?.();
  }

  #ready(state: Extract<State, { phase: 'starting' | 'ready' }>): void {
    this.#state = { ...state, phase: 'ready' };
    this.#timer?.cancel();
    this.#timer = undefined;
    const [head] = this.#pending.values();
    if (head !== undefined) this.#watch(head.asker.limitMs);
  }

  /** One timer for all: it looks again when it was too early. */
  #watch(limitMs: number): void {
    if (this.#timer !== undefined) return;
    this.#timer = this.#options.clock.after(limitMs, () => {
      this.#timer = undefined;
      const [head] = this.#pending.values();
      const state = this.#state;
      if (head === undefined || (state.phase !== 'starting' && state.phase !== 'ready')) return;
      const limit = state.phase === 'starting' ? START_MS : head.asker.limitMs;
      const left = limit - (this.#options.clock.monotonic() - this.#headSince);
      if (left > 0) this.#watch(left);
      else {
        this.#overdue = head;
        state.child.kill('SIGKILL');
      }
    });
  }

  #goOnWith(again: readonly Pending[]): void {
    try {
      this.#start();
    } catch (cause) {
      // A machine without memory or handles: they are told, and whoever asks next tries again.
      for (const { asker, reject } of again)
        reject(errors.BP_DATABASE_LOST({ plugin: asker.plugin, reason: messageOf(cause) }, { cause }));
      this.#whenEmpty?.();
      return;
    }
    for (const one of again) this.#enter(one);
  }

  /** The process is gone: what it was at fails, what it had not begun goes on in the next one. */
  #restart(reason: string, mark: number): void {
    const { phase } = this.#state;
    if (phase === 'closed') return;
    this.epoch++;
    const overdue = this.#overdue !== undefined;
    this.#overdue = undefined;
    this.#state = { phase: 'idle' };
    this.#unsent = [];
    const running = phase === 'ready' ? readMark(mark) : undefined;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    const again: Pending[] = [];
    for (const one of pending) {
      const { plugin, limitMs, bound } = one.asker;
      const [id] = one.ask;
      if (id === running && overdue) one.asker.slow();
      if (running === undefined) one.reject(errors.BP_DATABASE_LOST({ plugin, reason }));
      else if (id === running && overdue) one.reject(errors.BP_DATABASE_TIMEOUT({ plugin, limitMs }));
      else if (id === running) one.reject(errors.BP_DATABASE_LOST({ plugin, reason }));
      else if (bound)
        one.reject(
          errors.BP_DATABASE_TRANSACTION_ENDED({ plugin, reason: `its database was ended, because ${reason}` }),
        );
      else again.push(one);
    }
    if (again.length > 0) this.#goOnWith(again);
    else this.#whenEmpty?.();
  }
}

function resultOf(columns: readonly string[], rows: readonly (readonly unknown[])[], changes: number): SqlResult {
  const objects = rows.map((row) => {
    const object: Record<string, unknown> = {};
    for (let i = 0; i < columns.length; i++) object[columns[i] as string] = row[i];
    return object;
  });
  return { rows: objects, changes };
}

const firstLine = (text: string): string => text.split('\n').find((line) => line.trim() !== '') ?? '';
