import type { MortalHost } from './mortal-host.ts';

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whoever asks knows what they asked for
  readonly body: any;
}

/** Asks the management API; rejects where the host dies before it has answered. */
export class Api {
  readonly #host: MortalHost;

  constructor(host: MortalHost) {
    this.#host = host;
  }

  async ask(method: string, path: string, body?: unknown, key?: string): Promise<Answer> {
    const response = await fetch(`${this.#host.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#host.token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(key !== undefined && { 'idempotency-key': key }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  }

  /** Everything of a list that comes in pages. */
  async all(path: string): Promise<Record<string, unknown>[]> {
    const items: Record<string, unknown>[] = [];
    for (let cursor = ''; ; ) {
      const { body } = await this.ask('GET', `${path}?limit=200${cursor}`);
      items.push(...body.items);
      if (body.next_cursor === null) return items;
      cursor = `&cursor=${encodeURIComponent(body.next_cursor)}`;
    }
  }
}
