import { isBackplaneError } from '@backplane/base';
import { afterEach, beforeEach, expect } from 'vitest';
import { createLoader, type Loader, type LoaderOptions } from '../loader.ts';
import { PluginFolder } from './plugin-folder.ts';

/** A loader for each test of a suite, with a folder of plugins and one of bundles. */
export class LoaderFixture {
  declare folder: PluginFolder;
  declare cache: PluginFolder;
  declare loader: Loader;

  reset(): void {
    this.folder = new PluginFolder();
    this.cache = new PluginFolder();
    this.loader = this.open();
  }

  /** One more, over the same cache. */
  open(options: Partial<LoaderOptions> = {}): Loader {
    return createLoader({ cacheDir: this.cache.path, shared: {}, ...options });
  }

  /** Loads a file of the folder; the exports are as loose as a plugin's are to a host. */
  async load(name: string, from: Loader = this.loader) {
    const { exports, ...rest } = await from.load(this.folder.file(name));
    // biome-ignore lint/suspicious/noExplicitAny: exports of code that is made here as text
    return { exports: exports as any, ...rest };
  }

  async refusal(name: string, from: Loader = this.loader) {
    const error = await this.load(name, from).then(
      () => expect.fail('it loaded'),
      (thrown: unknown) => thrown,
    );
    if (!isBackplaneError(error)) throw error;
    return error;
  }

  async close(): Promise<void> {
    await this.loader.close();
    this.folder[Symbol.dispose]();
    this.cache[Symbol.dispose]();
  }
}

/** Made anew for each test, and closed after it. */
export function useLoader(): LoaderFixture {
  const fixture = new LoaderFixture();
  beforeEach(() => fixture.reset());
  afterEach(() => fixture.close());
  return fixture;
}
