import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SavedFile } from './saved-files.ts';

const POLL_MS = 1;
const LIMIT_MS = 20_000;
/** Between two saves: longer than what any watcher here waits for more. */
const QUIET_MS = 300;

/** A server that follows its files, as a person would start it. */
export class SavedServer implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #saved: SavedFile;
  readonly #url: string;
  #version = 0;

  private constructor(process: ChildProcess, saved: SavedFile, url: string) {
    this.#process = process;
    this.#saved = saved;
    this.#url = url;
  }

  /** Resolves when it serves. `args` is what Node is to run, in `cwd`, for a port that is free. */
  static async start(saved: SavedFile, cwd: string, path: string, args: (port: number) => readonly string[]) {
    const port = await freePort();
    const child = spawn(process.execPath, args(port), { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
    const server = new SavedServer(child, saved, `http://127.0.0.1:${port}${path}`);
    await server.#serves(0);
    return server;
  }

  /** Saves the next version. Gives the milliseconds until it has answered a request. */
  async save(): Promise<number> {
    await sleep(QUIET_MS);
    this.#version++;
    const began = performance.now();
    await writeFile(this.#saved.file, this.#saved.textOf(this.#version));
    await this.#serves(this.#version);
    return performance.now() - began;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null) return;
    this.#process.kill('SIGTERM');
    await once(this.#process, 'exit');
  }

  async #serves(version: number): Promise<void> {
    const until = performance.now() + LIMIT_MS;
    let seen: unknown;
    while (performance.now() < until) {
      try {
        seen = await (await fetch(this.#url)).json();
        if ((seen as { version?: number }).version === version) return;
      } catch (error) {
        // It starts anew.
        seen = error;
      }
      await sleep(POLL_MS);
    }
    throw new Error(`${this.#process.spawnargs.join(' ')} did not serve version ${version}: ${JSON.stringify(seen)}`);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
