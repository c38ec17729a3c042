import { connect, type Socket } from 'node:net';

/** What went wrong with a request. */
export class FailedRequest extends Error {}

/**
 * One keep-alive connection over which requests go one after the other, each byte for byte the same. Answers need a `content-length`.
 * It does next to nothing itself, so that what drives a server is not what is measured.
 */
export class LoadConnection {
  readonly #socket: Socket;
  readonly #request: Buffer;
  #received = '';
  #answered: ((body: string) => void) | undefined;
  #failed: ((error: Error) => void) | undefined;

  constructor(port: number, path: string, headers: Readonly<Record<string, string>> = {}) {
    const lines = Object.entries({ host: '127.0.0.1', 'user-agent': 'bench', accept: '*/*', ...headers });
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    this.#request = Buffer.from(`GET ${path} HTTP/1.1\r\n${head}\r\n`);
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.setNoDelay(true);
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (chunk: string) => this.#take(chunk));
    this.#socket.on('error', (error) => this.#fail(error.message));
    this.#socket.on('close', () => this.#fail('the connection was closed'));
  }

  /** Sends the request and gives the body. @throws FailedRequest on any other status than 200, and where no whole answer comes */
  send(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#answered = resolve;
      this.#failed = reject;
      this.#socket.write(this.#request);
    });
  }

  /** Sends the request `count` times, each when the one before was answered. */
  async repeat(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.send();
  }

  /** A request under way fails. */
  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: string): void {
    const text = this.#received === '' ? chunk : this.#received + chunk;
    const end = text.indexOf('\r\n\r\n');
    const length = end === -1 ? undefined : lengthIn(text, end);
    if (length === undefined || text.length < end + 4 + length) {
      this.#received = text;
      return;
    }
    this.#received = '';
    if (!text.startsWith('HTTP/1.1 200')) this.#fail(text);
    else this.#answered?.(text.slice(end + 4, end + 4 + length));
  }

  #fail(reason: string): void {
    this.#failed?.(new FailedRequest(reason));
    this.#failed = undefined;
  }
}

const LENGTH = 'content-length: ';

function lengthIn(text: string, end: number): number {
  const at = text.toLowerCase().indexOf(LENGTH);
  if (at === -1 || at > end) throw new FailedRequest(`An answer without a length: ${text.slice(0, end)}`);
  return Number.parseInt(text.slice(at + LENGTH.length, text.indexOf('\r', at)), 10);
}
