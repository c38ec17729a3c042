import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** A temporary folder with files in it. Gone when disposed. */
export class PluginFolder implements Disposable {
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), 'backplane-loader-')));

  constructor(files: Readonly<Record<string, string>> = {}) {
    this.write(files);
  }

  /** Names are relative to the folder. */
  write(files: Readonly<Record<string, string>>): this {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(this.file(name)), { recursive: true });
      writeFileSync(this.file(name), text);
    }
    return this;
  }

  file(name: string): string {
    return join(this.path, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Runs a program of this folder in a Node of its own; gives what it printed as JSON. */
export async function runProgram(
  name: string,
  args: readonly string[],
  flags: readonly string[] = [],
): Promise<unknown> {
  const program = fileURLToPath(new URL(name, import.meta.url));
  const { NODE_OPTIONS: _, ...environment } = process.env;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=backplane-source', ...flags, program, ...args],
    { env: environment, timeout: 120_000 },
  );
  return JSON.parse(stdout);
}
