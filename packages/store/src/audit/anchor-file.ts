import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { SignedHead } from './signed-head.ts';

/** One line of the file: a head, or what cannot be read as one. */
export interface AnchorLine {
  /** From 1. */
  readonly line: number;
  readonly head: SignedHead | undefined;
}

const PIECE = 64 * 1024;
const LINE_FEED = 0x0a;

/** The heads outside of the database: one JSON object a line, in the order in which they were written. Lines are appended and never changed. */
export class AnchorFile {
  readonly #handle: FileHandle;
  /** The last line has no end, because whoever wrote it was interrupted. */
  #torn: boolean;

  private constructor(handle: FileHandle, torn: boolean) {
    this.#handle = handle;
    this.#torn = torn;
  }

  /** Made with mode 0600 where there is none. */
  static async open(path: string): Promise<AnchorFile> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const handle = await open(path, 'a+', 0o600);
    try {
      const { size } = await handle.stat();
      const last = Buffer.alloc(1);
      if (size > 0) await handle.read(last, 0, 1, size - 1);
      return new AnchorFile(handle, size > 0 && last[0] !== LINE_FEED);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  get torn(): boolean {
    return this.#torn;
  }

  /** On the disk when it resolves. What an interrupted one left stays, as a line of its own that is no head. */
  async append(head: SignedHead): Promise<void> {
    const line = `${this.#torn ? '\n' : ''}${JSON.stringify(head)}\n`;
    this.#torn = true;
    await this.#handle.appendFile(line);
    await this.#handle.datasync();
    this.#torn = false;
  }

  /** The last head of a node: what it said last, wherever it stands. Read from the end. */
  async lastOf(node: string): Promise<SignedHead | undefined> {
    const { size } = await this.#handle.stat();
    // Bytes of lines whose beginning has not been read yet.
    let rest = Buffer.alloc(0);
    for (let end = size; end > 0; ) {
      const start = Math.max(0, end - PIECE);
      const piece = Buffer.alloc(end - start);
      await this.#handle.read(piece, 0, piece.length, start);
      const text = Buffer.concat([piece, rest]);
      const whole = start === 0 ? 0 : text.indexOf(LINE_FEED) + 1;
      if (start > 0 && whole === 0) rest = text;
      else {
        const lines = text.subarray(whole).toString('utf8').split('\n').reverse();
        const found = lines.map(headIn).find((head) => head?.node === node);
        if (found !== undefined) return found;
        rest = text.subarray(0, whole);
      }
      end = start;
    }
    return undefined;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** Every line that an anchor file has when it is opened, in order. A file that does not exist has none. */
export async function* readAnchors(path: string): AsyncGenerator<AnchorLine> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  await using file = handle;
  const { size } = await file.stat();
  if (size === 0) return;
  let line = 0;
  for await (const text of file.readLines({ encoding: 'utf8', autoClose: false, end: size - 1 }))
    yield { line: ++line, head: headIn(text) };
}

function headIn(text: string): SignedHead | undefined {
  try {
    const { node, sequence, hash, time, key_id, signature } = JSON.parse(text) as Record<string, unknown>;
    const texts = [node, hash, key_id, signature].every((value) => typeof value === 'string');
    if (!texts || !Number.isSafeInteger(sequence) || !Number.isSafeInteger(time)) return undefined;
    return { node, sequence, hash, time, key_id, signature } as SignedHead;
  } catch {
    return undefined;
  }
}
