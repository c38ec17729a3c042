import { createHash } from 'node:crypto';
import type { HostControl } from '@backplane/ports';
import type { ApiParts } from '../api/api-parts.ts';
import { composeDocument } from './compose-document.ts';
import { hostPages, OPEN_PAGES } from './host-pages.ts';

export interface CurrentDocumentOptions {
  readonly control: Pick<HostControl, 'generation' | 'routes'>;
  /** Of the host. */
  readonly version: string;
  /** The host's own routes. */
  readonly routes: readonly { readonly method: string; readonly url: string }[];
  /** What the API stands on, where there is one. */
  readonly api: (() => ApiParts) | undefined;
  readonly pause: () => Promise<void>;
}

/** A document as it is sent. */
export interface WrittenDocument {
  readonly text: string;
  /** A strong entity tag: the same text has the same. */
  readonly etag: string;
}

/** The OpenAPI document of what runs now, composed once for each generation that somebody asks about. */
export class CurrentDocument {
  readonly #options: CurrentDocumentOptions;
  #last: { readonly generation: number; readonly written: Promise<WrittenDocument> } | undefined;

  constructor(options: CurrentDocumentOptions) {
    this.#options = options;
  }

  /** `prefix` is where the host stands in another server: paths are below it. */
  async get(prefix: string): Promise<WrittenDocument> {
    const written = await this.#current();
    if (prefix === '') return written;
    return sealed(written.text.replace(ROOT, () => `"servers":${JSON.stringify([{ url: prefix }])}`));
  }

  #current(): Promise<WrittenDocument> {
    const generation = this.#options.control.generation();
    if (this.#last?.generation !== generation) {
      const written = this.#write(generation);
      this.#last = { generation, written };
      // What failed is tried anew.
      written.catch(() => {
        if (this.#last?.written === written) this.#last = undefined;
      });
    }
    return this.#last?.written as Promise<WrittenDocument>;
  }

  async #write(generation: number): Promise<WrittenDocument> {
    const { control, version, routes, api, pause } = this.#options;
    const [plugins, pages] = await Promise.all([control.routes(), hostPages(routes, api?.())]);
    const document = await composeDocument({ version, generation, plugins, ...pages, openPages: OPEN_PAGES, pause });
    return sealed(JSON.stringify(document));
  }
}

/** Near the beginning of a document, before anything that a plugin says. */
const ROOT = '"servers":[{"url":"/"}]';

const sealed = (text: string): WrittenDocument => ({
  text,
  etag: `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`,
});
