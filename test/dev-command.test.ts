import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { writePlugins } from './testing/plugin-files.ts';

const command = fileURLToPath(new URL('../packages/cli/dist/backplane.js', import.meta.url));

const hello = (version: string, more = '') => `import { definePlugin } from '@backplane/plugin-api';

export default definePlugin({
  name: 'hello',
  version: '${version}',
  initialize({ http }) {
    ${more}
    http.routes((app) => { app.get('/', async () => ({ version: '${version}' })); });
  },
});
`;

/** `backplane dev` in a folder of its own, on a terminal where one is asked for. */
class DevConsole implements AsyncDisposable {
  readonly folder: string;
  readonly ended: Promise<number | null>;
  text = '';
  readonly #child: ReturnType<typeof spawn>;

  static async open(terminal: boolean, flags = ''): Promise<DevConsole> {
    const folder = await mkdtemp(join(tmpdir(), 'backplane-dev-'));
    await writePlugins(folder, { 'plugins/hello.ts': hello('1.0.0') });
    return new DevConsole(folder, terminal, flags);
  }

  private constructor(folder: string, terminal: boolean, flags: string) {
    this.folder = folder;
    const line = `'${process.execPath}' '${command}' dev --port 0 ${flags}`;
    const [program, ...args] = terminal
      ? ['script', '--quiet', '--return', '--flush', '--command', line, '/dev/null']
      : [process.execPath, command, 'dev', '--port', '0', ...flags.split(' ').filter(Boolean)];
    this.#child = spawn(program as string, args, { cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.text += text;
      });
    }
    this.ended = new Promise((resolve) => this.#child.once('exit', resolve));
  }

  save(text: string): Promise<void> {
    return writeFile(join(this.folder, 'plugins/hello.ts'), text);
  }

  press(keys: string): void {
    this.#child.stdin?.write(keys);
  }

  kill(): void {
    this.#child.kill('SIGTERM');
  }

  async shows(wanted: string | RegExp): Promise<void> {
    await expect.poll(() => this.text, { timeout: 20_000, interval: 20 }).toMatch(wanted);
  }

  get url(): string {
    return /listens at (http:\S+)/.exec(this.text)?.[1] ?? '';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
    await rm(this.folder, { recursive: true, force: true });
  }
}

describe('backplane dev', () => {
  it('makes a saved file live, shows where a broken one is broken, and says when it is mended', async () => {
    await using dev = await DevConsole.open(false);
    await dev.shows('Watching plugins');
    expect(dev.text).not.toContain('Press h');
    await dev.save(hello('1.1.0'));
    await dev.shows(/✓ hello 1\.0\.0 → 1\.1\.0, after \d+ ms/);
    expect(await (await fetch(`${dev.url}/hello`)).json()).toEqual({ version: '1.1.0' });
    await dev.save(hello('1.2.0', 'http.routes(;'));
    await dev.shows(/✗ hello 1\.1\.0 serves on[\s\S]*hello\.ts:7:17[\s\S]*> 7 \| {5}http\.routes\(;\n.*\^/);
    await dev.save(hello('1.2.0', "throw new Error('Not today.');"));
    await dev.shows(/Not today\.[\s\S]*> 7 \| {5}throw new Error/);
    expect(await (await fetch(`${dev.url}/hello`)).json()).toEqual({ version: '1.1.0' });
    await dev.save(hello('1.3.0'));
    await dev.shows('✓ hello 1.1.0 → 1.3.0');
    dev.kill();
    expect(await dev.ended).toBe(0);
  });

  it('hears keys on a terminal, and leaves it as it was', async () => {
    await using dev = await DevConsole.open(true);
    await dev.shows('Press h for keys');
    dev.press('h');
    await dev.shows('reload all plugins');
    dev.press('r');
    await dev.shows('1 plugins reloaded');
    dev.press('p');
    await dev.shows(/running, inline/);
    dev.press('l');
    await dev.shows('logs: debug');
    dev.press('q');
    expect(await dev.ended).toBe(0);
  });

  it('ends with Ctrl-C on a terminal', async () => {
    await using dev = await DevConsole.open(true);
    await dev.shows('Press h for keys');
    dev.press('\u0003');
    expect(await dev.ended).toBe(0);
  });

  it('lets debuggers in, and says where', async () => {
    await using dev = await DevConsole.open(false, '--inspect 0');
    await dev.shows(/Debugger listening on ws:\/\/127\.0\.0\.1:\d+[\s\S]*Watching plugins/);
  });

  it('refuses a port for debuggers that is none', async () => {
    await using dev = await DevConsole.open(false, '--inspect yes');
    expect(await dev.ended).toBe(2);
    expect(dev.text).toContain('--inspect is "yes", which is not a port');
  });
});
