import { once } from 'node:events';
import { SourceMap } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { WebSocket } from 'ws';
import type { HostProcess } from './host-process.ts';

interface Place {
  readonly file: string;
  /** From 1, as people count. */
  readonly line: number;
}

/** A program that has stopped. */
export interface Stop extends Place {
  /** `debugger` or a breakpoint. */
  readonly reason: 'statement' | 'breakpoint';
  /** The text of that line, as the debugger shows it. */
  readonly text: string | undefined;
  /** Everything in scope, up to what the whole plugin shares. */
  readonly variables: Readonly<Record<string, unknown>>;
}

interface Script {
  readonly scriptId: string;
  readonly url: string;
  readonly map: SourceMap;
  readonly text: string;
}

interface Frame {
  readonly location: { readonly scriptId: string; readonly lineNumber: number; readonly columnNumber: number };
  readonly scopeChain: readonly { readonly type: string; readonly object: { readonly objectId: string } }[];
}

interface Parsed {
  readonly scriptId: string;
  readonly url: string;
  readonly sourceMapURL: string;
}

interface Paused {
  readonly reason: string;
  readonly data?: Parsed;
  readonly callFrames: readonly Frame[];
  readonly hitBreakpoints?: readonly string[];
}

/** What the inspector says: an answer, or something that has happened. */
interface Message {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
  readonly method?: string;
  readonly params?: unknown;
}

/**
 * Speaks with the inspector of a process as VS Code does: it sets a breakpoint in whatever bears the name of the file, and, when a script comes
 * with a source map, before it runs, at the place that the map gives.
 */
export class Editor implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, (message: { result?: unknown; error?: { message: string } }) => void>();
  readonly #scripts = new Map<string, Promise<Script>>();
  readonly #stops: Stop[] = [];
  readonly #waiting: ((stop: Stop) => void)[] = [];
  #breakpoints: readonly Place[] = [];
  #set: string[] = [];
  #count = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#hear(JSON.parse(String(data))));
  }

  /** The host must run with `--inspect`. */
  static async attach(host: HostProcess): Promise<Editor> {
    const [, url = ''] = await host.prints(/Debugger listening on (ws:\S+)/);
    const socket = new WebSocket(url);
    const editor = new Editor(socket);
    await once(socket, 'open');
    await editor.#ask('Runtime.enable');
    await editor.#ask('Debugger.enable');
    await editor.#ask('Debugger.setInstrumentationBreakpoint', {
      instrumentation: 'beforeScriptWithSourceMapExecution',
    });
    return editor;
  }

  /**
   * Replaces all breakpoints, as an editor does when a file is saved. Gives how many places there are by the name of the file alone: each is one
   * too many, in compiled text at the line of the source.
   */
  async breakAt(...places: readonly Place[]): Promise<number> {
    let misplaced = 0;
    for (const breakpointId of this.#set) await this.#ask('Debugger.removeBreakpoint', { breakpointId });
    this.#set = [];
    this.#breakpoints = places;
    for (const { file, line } of places) {
      const urlRegex = [pathToFileURL(file).href, file]
        .map((name) => `${name.replace(/[/.]/g, '\\$&')}($|\\?)`)
        .join('|');
      const set = { urlRegex, lineNumber: line - 1, columnNumber: 0 };
      const { breakpointId, locations } = await this.#ask<{ breakpointId: string; locations: readonly unknown[] }>(
        'Debugger.setBreakpointByUrl',
        set,
      );
      this.#set.push(breakpointId);
      misplaced += locations.length;
    }
    for (const script of this.#scripts.values()) await this.#setIn(await script);
    return misplaced;
  }

  /** The next time that the program stops, or the last one that nobody has asked for. It stays there until `resume`. */
  stopped(): Promise<Stop> {
    const stop = this.#stops.shift();
    return stop ? Promise.resolve(stop) : new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** How often it has stopped without being asked for. */
  get unseen(): number {
    return this.#stops.length;
  }

  async resume(): Promise<void> {
    await this.#ask('Debugger.resume');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate();
  }

  #ask<T>(method: string, params: Readonly<Record<string, unknown>> = {}): Promise<T> {
    const id = ++this.#count;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve, reject) => {
      this.#answers.set(id, ({ result, error }) =>
        error ? reject(new Error(`${method}: ${error.message}`)) : resolve(result as T),
      );
    });
  }

  #hear(message: Message): void {
    if (message.id !== undefined) {
      this.#answers.get(message.id)?.(message);
      this.#answers.delete(message.id);
    } else if (message.method === 'Debugger.paused') void this.#pause(message.params as Paused);
    else if (message.method === 'Debugger.scriptParsed') this.#take(message.params as Parsed);
  }

  async #pause(paused: Paused): Promise<void> {
    if (paused.reason === 'instrumentation') {
      const script = await this.#scripts.get(paused.data?.scriptId ?? '');
      if (script) await this.#setIn(script);
      return this.resume();
    }
    const stop = await this.#read(paused);
    const waiting = this.#waiting.shift();
    if (waiting) waiting(stop);
    else this.#stops.push(stop);
  }

  #take({ scriptId, url, sourceMapURL }: Parsed): void {
    if (!sourceMapURL.startsWith('data:')) return;
    const map = new SourceMap(JSON.parse(Buffer.from(sourceMapURL.split(',')[1] ?? '', 'base64').toString()));
    const read = this.#ask<{ scriptSource: string }>('Debugger.getScriptSource', { scriptId });
    this.#scripts.set(
      scriptId,
      read.then(({ scriptSource: text }) => ({ scriptId, url, map, text })),
    );
  }

  async #setIn(script: Script): Promise<void> {
    for (const place of this.#breakpoints) {
      const at = generatedPlace(script, place);
      if (at === undefined) continue;
      const location = { scriptId: script.scriptId, ...at };
      const { breakpointId } = await this.#ask<{ breakpointId: string }>('Debugger.setBreakpoint', { location });
      this.#set.push(breakpointId);
    }
  }

  async #read({ callFrames, hitBreakpoints = [] }: Paused): Promise<Stop> {
    const { location, scopeChain } = callFrames[0] as Frame;
    const map = (await this.#scripts.get(location.scriptId))?.map;
    const entry = map?.findEntry(location.lineNumber, location.columnNumber);
    if (map === undefined || entry === undefined || !('originalLine' in entry)) throw new Error('It stopped nowhere');
    const { originalSource, originalLine } = entry;
    const shown = map.payload.sourcesContent?.[map.payload.sources.indexOf(originalSource)];
    return {
      reason: hitBreakpoints.length > 0 ? 'breakpoint' : 'statement',
      file: fileURLToPath(originalSource),
      line: originalLine + 1,
      text: shown?.split('\n')[originalLine],
      variables: await this.#variables(scopeChain),
    };
  }

  async #variables(scopes: Frame['scopeChain']): Promise<Record<string, unknown>> {
    const variables: Record<string, unknown> = {};
    for (const { type, object } of scopes.toReversed()) {
      if (type === 'global') continue;
      const asked = { objectId: object.objectId, ownProperties: true };
      const { result } = await this.#ask<{ result: { name: string; value?: { value?: unknown } }[] }>(
        'Runtime.getProperties',
        asked,
      );
      for (const { name, value } of result) variables[name] = value?.value;
    }
    return variables;
  }
}

/** The first place in the text that the map says is this line. */
function generatedPlace({ map, text }: Script, { file, line }: Place) {
  const source = pathToFileURL(file).href;
  for (const [lineNumber, { length }] of text.split('\n').entries()) {
    for (let columnNumber = 0; columnNumber <= length; columnNumber += 1) {
      const entry = map.findEntry(lineNumber, columnNumber);
      if (!('originalLine' in entry) || entry.generatedLine !== lineNumber) continue;
      if (entry.originalSource === source && entry.originalLine === line - 1)
        return { lineNumber, columnNumber: entry.generatedColumn };
    }
  }
  return undefined;
}
