import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { Bundle } from './bundle.ts';
import type { Witnessed } from './bundler.ts';
import type { Witness } from './witness.ts';

/** First line of a cache file; the body follows as it is. */
interface Head {
  readonly fingerprint: string;
  readonly bodySha256: string;
  readonly bundle: Omit<Bundle, 'body'>;
  readonly witnesses: readonly Witness[];
}

/**
 * One file for each entry, replaced in one step. What cannot be read, is cut short, was tampered with or was written under other
 * conditions (another loader, compiler, list of shared modules) is as good as absent.
 */
export class BundleCache {
  readonly #folder: string;
  readonly #fingerprint: string;
  #writes = 0;

  constructor(folder: string, conditions: unknown) {
    this.#folder = folder;
    this.#fingerprint = hash('sha256', JSON.stringify(conditions), 'hex');
  }

  /** Where the bundle of an entry is kept. */
  fileOf(entry: string): string {
    return join(this.#folder, `${basename(entry, extname(entry))}-${hash('sha256', entry, 'hex').slice(0, 16)}.bundle`);
  }

  read(entry: string): Witnessed | undefined {
    try {
      const text = readFileSync(this.fileOf(entry), 'utf8');
      const headEnd = text.indexOf('\n');
      const head = JSON.parse(text.slice(0, headEnd)) as Head;
      const body = text.slice(headEnd + 1);
      if (head.fingerprint !== this.#fingerprint || head.bundle.entry !== entry) return undefined;
      if (hash('sha256', body, 'hex') !== head.bodySha256) return undefined;
      return { bundle: { ...head.bundle, body }, witnesses: head.witnesses };
    } catch {
      return undefined;
    }
  }

  /** Readable by the owner alone: what is written here is run later. */
  async write({ bundle: { body, ...bundle }, witnesses }: Witnessed): Promise<void> {
    const head: Head = { fingerprint: this.#fingerprint, bodySha256: hash('sha256', body, 'hex'), bundle, witnesses };
    const file = this.fileOf(bundle.entry);
    this.#writes += 1;
    const draft = `${file}.${process.pid}.${this.#writes}`;
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    try {
      await writeFile(draft, `${JSON.stringify(head)}\n${body}`, { mode: 0o600 });
      await rename(draft, file);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  }
}
