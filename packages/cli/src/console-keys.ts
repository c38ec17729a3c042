import { spawn } from 'node:child_process';
import type { ReadStream } from 'node:tty';
import { messageOf } from '@backplane/base';
import type { Host, HostOptions } from '@backplane/runtime';
import type { Paint } from './start-report.ts';

export interface ConsoleKeysOptions {
  readonly host: Pick<Host, 'status' | 'reload' | 'setLogLevel'>;
  readonly url: string | undefined;
  readonly stop: (signal: 'SIGINT') => void;
  readonly say: (text: string) => void;
  readonly paint: Paint;
  readonly logLevel: NonNullable<HostOptions['logLevel']>;
  /** Shows a page to the person; rejects where nothing can. */
  readonly open?: (url: string) => Promise<void>;
}

interface Key {
  readonly help: string;
  press(): void | Promise<void>;
}

const CTRL_C = '\u0003';
/** What `l` goes through. */
const LEVELS = ['info', 'debug', 'silent'] as const;

/** What keys do in the console of `backplane dev`. */
export class ConsoleKeys {
  readonly #options: ConsoleKeysOptions;
  readonly #keys: Readonly<Record<string, Key>>;
  #level: (typeof LEVELS)[number] | undefined;

  constructor(options: ConsoleKeysOptions) {
    this.#options = options;
    this.#level = LEVELS.find((level) => level === options.logLevel);
    this.#keys = {
      h: { help: 'these keys', press: () => this.#help() },
      r: { help: 'reload all plugins', press: () => this.#reload() },
      p: { help: 'plugins and how they are', press: () => this.#plugins() },
      l: { help: 'logs: info, debug, none', press: () => this.#logs() },
      o: { help: 'open the host in a browser', press: () => this.#openPage() },
      q: { help: 'quit, as Ctrl-C does', press: () => this.#options.stop('SIGINT') },
    };
  }

  /** Hears the keys of a terminal from now on. The terminal is as it was again when the process ends, however it does. */
  listen(input: ReadStream): void {
    input.setRawMode(true);
    process.once('exit', () => input.setRawMode(false));
    input.setEncoding('utf8').on('data', (text: string) => {
      for (const key of text) void this.press(key);
    });
    // Keys alone are no reason to stay.
    input.unref();
  }

  /** Does what the key is for; other keys do nothing. */
  async press(key: string): Promise<void> {
    const { stop, say } = this.#options;
    if (key === CTRL_C) return stop('SIGINT');
    try {
      await this.#keys[key.toLowerCase()]?.press();
    } catch (error) {
      say(messageOf(error));
    }
  }

  #help(): void {
    const { say, paint } = this.#options;
    say(['', ...Object.entries(this.#keys).map(([key, { help }]) => `  ${paint.bold(key)}  ${help}`), ''].join('\n'));
  }

  async #reload(): Promise<void> {
    const { host, say, paint } = this.#options;
    const names = host.status().map(({ name }) => name);
    for (const name of names) {
      const { steps } = await host.reload(name);
      const failed = steps.find((step) => step.outcome !== 'applied');
      if (failed) say(`${paint.red('✗')} ${name}: ${failed.failure?.message ?? failed.reason}`);
    }
    say(`${paint.green('✓')} ${names.length} plugins reloaded`);
  }

  #plugins(): void {
    const { host, say, paint } = this.#options;
    const lines = host.status().map(({ name, version, state, reason, level }) => {
      const mark = state.phase === 'running' ? paint.green('✓') : state.phase === 'dormant' ? '-' : paint.red('✗');
      return `  ${mark} ${name} ${version ?? ''}  ${paint.dim(`${state.phase}, ${level}`)}${reason === '' ? '' : `  ${reason}`}`;
    });
    say(['', ...lines, ''].join('\n'));
  }

  #logs(): void {
    const { host, say } = this.#options;
    const at = this.#level === undefined ? -1 : LEVELS.indexOf(this.#level);
    this.#level = LEVELS[(at + 1) % LEVELS.length] as (typeof LEVELS)[number];
    host.setLogLevel('', this.#level);
    say(`  logs: ${this.#level === 'silent' ? 'none' : this.#level}`);
  }

  async #openPage(): Promise<void> {
    const { url, say, open = openInBrowser } = this.#options;
    if (url === undefined) return;
    const page = `${url}/health`;
    try {
      await open(page);
      say(`  opened ${page}`);
    } catch {
      say(`  Nothing here opens a browser. The page is ${page}`);
    }
  }
}

const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly [command: string, ...args: string[]]>>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
};

function openInBrowser(url: string): Promise<void> {
  const [command, ...args] = OPENERS[process.platform] ?? ['xdg-open'];
  return new Promise((resolve, reject) => {
    const opener = spawn(command, [...args, url], { stdio: 'ignore', detached: true });
    opener.once('error', reject);
    opener.once('spawn', () => {
      opener.unref();
      resolve();
    });
  });
}
