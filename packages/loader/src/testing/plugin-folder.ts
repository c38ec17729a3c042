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
export const runProgram = (name: string, args: readonly string[], flags: readonly string[] = []): Promise<unknown> =>
  runNode([...flags, fileURLToPath(new URL(name, import.meta.url)), ...args]);

/**
 * Runs a script in a Node of its own, with `loading` (the package) and `folder` (a path) at hand; gives what it hands to `report`.
 * It has to end by itself.
 */
export function runScript(folder: PluginFolder, script: string, options: ScriptOptions = {}): Promise<unknown> {
  const index = new URL('../index.ts', import.meta.url).href;
  folder.write({
    'script.mjs': [
      `import * as loading from ${JSON.stringify(index)};`,
      `const folder = ${JSON.stringify(folder.path)};`,
      'const report = (value) => process.stdout.write(JSON.stringify(value));',
      script,
    ].join('\n'),
  });
  return runNode([...(options.flags ?? []), folder.file('script.mjs')], options.environment);
}

export interface ScriptOptions {
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

async function runNode(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=backplane-source', ...args], {
    env: { ...inherited, ...environment },
    timeout: 120_000,
  });
  return JSON.parse(stdout);
}
