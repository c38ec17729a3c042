import { join } from 'node:path';
import { ServerProcess } from '../server-process.ts';
import { setVersion, writePlugin } from './plugin-files.ts';
import { SteadyLoad } from './steady-load.ts';

const TOKEN = 'a-token-that-nobody-else-knows';
const CONNECTIONS = 8;

/** What reloading under load did. Times in milliseconds. */
export interface LoadedReloads {
  readonly served: number;
  readonly failures: readonly string[];
  readonly reloads: readonly number[];
  /** For each reload, the longest time without an answer from its edit to the next. */
  readonly gaps: readonly number[];
  /** Bytes in use after `x` reloads. */
  readonly heap: readonly { readonly x: number; readonly y: number }[];
  readonly rss: number;
  /** Clients have seen the last version that was written. */
  readonly current: boolean;
}

/** A server of one plugin, which is edited and reloaded. */
export class ReloadedServer {
  readonly process: ServerProcess;
  readonly #plugin: string;
  readonly #path: string;
  #version = 0;

  private constructor(process: ServerProcess, plugin: string, path: string) {
    this.process = process;
    this.#plugin = plugin;
    this.#path = path;
  }

  /** A Backplane host, reloaded through its management. */
  static async host(folder: string): Promise<ReloadedServer> {
    const plugin = join(folder, 'plugins', 'heavy');
    await writePlugin(plugin);
    const entry = new URL('./host.child.ts', import.meta.url);
    return new ReloadedServer(
      await ServerProcess.start({ entry, args: [folder, TOKEN] }),
      plugin,
      '/plugins/heavy/reload',
    );
  }

  /** The same plugin, imported anew with another query. */
  static async reimport(folder: string): Promise<ReloadedServer> {
    const plugin = join(folder, 'reimported');
    const args = [await writePlugin(plugin)];
    const entry = new URL('./peer.child.ts', import.meta.url);
    return new ReloadedServer(await ServerProcess.start({ entry, args }), plugin, '/');
  }

  /** Edits a file of the plugin and reloads it. Gives the milliseconds of the reload. */
  async reload(): Promise<number> {
    this.#version++;
    await setVersion(this.#plugin, this.#version);
    const began = performance.now();
    const url = `http://127.0.0.1:${this.process.port}${this.#path}`;
    const response = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${TOKEN}` } });
    const body = await response.text();
    if (response.status !== 200) throw new Error(body);
    return performance.now() - began;
  }

  /** Reloads `count` times while clients ask all the time, and looks at the heap `samples` times. */
  async reloadUnderLoad(count: number, samples: number): Promise<LoadedReloads> {
    const load = new SteadyLoad(this.process.port, '/heavy/hello', CONNECTIONS);
    const reloads: number[] = [];
    const gaps: number[] = [];
    const heap: { x: number; y: number }[] = [];
    for (let n = 1; n <= count; n++) {
      load.takeWidestGap();
      reloads.push(await this.reload());
      gaps.push(load.takeWidestGap());
      // Stops the server for a whole collection, which is no gap of the reload's: hence the reset above.
      if (n % (count / samples) === 0) heap.push({ x: n, y: (await this.process.usage()).heap });
    }
    await load.end();
    const current = load.lastBody.includes(`"version":${this.#version},`);
    const { served, failures } = load;
    return { served, failures, reloads, gaps, heap, rss: (await this.process.usage()).rss, current };
  }
}
