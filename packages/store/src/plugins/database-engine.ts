import { bindable } from './bindable.ts';
import { type Answer, ASK, type Ask, type EngineFailure, type EngineLimits, FLAG, MODE } from './database-protocol.ts';
import { PluginFile, type Rows } from './plugin-file.ts';

interface OpenFile {
  readonly path: string;
  readonly key: string;
  writer: PluginFile | undefined;
  reader: PluginFile | undefined;
}

/** Files that are held open at once; the one that was used longest ago, and is in no transaction, makes room. */
const HELD_OPEN = 64;
const NOTHING: Rows = { columns: [], rows: [], changes: 0 };

/** Makes what the host asks for, one after the other, each to its end. */
export class DatabaseEngine {
  readonly #limits: EngineLimits;
  readonly #files = new Map<number, OpenFile>();
  /** Those with connections, the longest unused first. */
  readonly #held = new Set<OpenFile>();

  constructor(limits: EngineLimits) {
    this.#limits = limits;
  }

  answer(ask: Ask): Answer {
    const [id] = ask;
    try {
      const { columns, rows, changes } = this.#do(ask);
      return [id, 1, columns, rows, changes];
    } catch (error) {
      return [id, 0, failureOf(error)];
    }
  }

  close(): void {
    for (const file of this.#held) this.#release(file);
  }

  #do(ask: Ask): Rows {
    if (ask[1] === ASK.open) {
      this.#files.set(ask[2], { path: ask[3], key: ask[4], writer: undefined, reader: undefined });
      return NOTHING;
    }
    const file = this.#files.get(ask[2]);
    if (file === undefined) throw new TypeError('There is no such file.');
    if (ask[1] === ASK.close) {
      this.#release(file);
      return NOTHING;
    }
    this.#hold(file);
    if (ask[1] === ASK.run) return this.#run(file, ask);
    file.writer ??= this.#connect(file, false);
    if (ask[1] === ASK.begin) file.writer.control('begin immediate');
    // A statement that failed may have taken the whole transaction with it.
    else if (file.writer.inTransaction) file.writer.control(ask[1] === ASK.commit ? 'commit' : 'rollback');
    else if (ask[1] === ASK.commit) throw ended();
    return NOTHING;
  }

  #run(file: OpenFile, [, , , sql, params, mode, flags]: Extract<Ask, readonly [number, 1, ...unknown[]]>): Rows {
    const bound = params.map(bindable);
    const one = (flags & FLAG.one) !== 0;
    if (mode === MODE.beside) {
      file.reader ??= this.#connect(file, true);
      return file.reader.run(sql, bound, one, false);
    }
    file.writer ??= this.#connect(file, false);
    if (mode === MODE.within && !file.writer.inTransaction) throw ended();
    const shapes = (flags & FLAG.shapes) !== 0;
    if (shapes) file.reader?.forget();
    return file.writer.run(sql, bound, one, shapes, mode === MODE.write);
  }

  #connect({ path, key }: OpenFile, readonly: boolean): PluginFile {
    return new PluginFile(path, key, this.#limits, readonly);
  }

  #hold(file: OpenFile): void {
    this.#held.delete(file);
    this.#held.add(file);
    if (this.#held.size <= HELD_OPEN) return;
    for (const other of this.#held) {
      if (other === file || other.writer?.inTransaction) continue;
      this.#release(other);
      return;
    }
  }

  #release(file: OpenFile): void {
    // The one that writes goes last: whoever is the last one tidies up.
    file.reader?.close();
    file.writer?.checkpoint();
    file.writer?.close();
    file.reader = undefined;
    file.writer = undefined;
    this.#held.delete(file);
  }
}

const ended = () => Object.assign(new Error('a statement in it ended it'), { code: 'ENDED' });

function failureOf(error: unknown): EngineFailure {
  const { code = 'ERROR', message, details } = error as EngineFailure;
  return details === undefined ? { code, message } : { code, message, details };
}
