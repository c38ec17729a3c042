import { isBuiltin } from 'node:module';
import { messageOf } from '@backplane/base';
import type { CodeLedger } from '@backplane/ports';
import { loaderErrors } from './errors.ts';

/** What a module exports, with live bindings where it is a real namespace. */
export type Namespace = Readonly<Record<string, unknown>>;

/** The allow-list: exact specifiers, and how the host imports each. */
export type SharedList = Readonly<Record<string, () => Promise<object>>>;

/**
 * The modules that plugins get from the host: those on the list, and every builtin of Node. Each is imported when first asked for and then
 * kept, so there is one copy of it for all versions of all plugins.
 */
export class SharedModules {
  readonly #list: SharedList;
  readonly #loaded = new Map<string, Namespace>();

  constructor(list: SharedList) {
    this.#list = list;
  }

  has(specifier: string): boolean {
    return Object.hasOwn(this.#list, specifier) || isBuiltin(specifier);
  }

  /** The namespace where it has been imported already. */
  loaded(specifier: string): Namespace | undefined {
    return this.#loaded.get(specifier);
  }

  /** What code with a ledger of its own gets for a module that has been imported. */
  seenBy(ledger: CodeLedger | undefined, specifier: string): object | undefined {
    const namespace = this.#loaded.get(specifier);
    if (ledger === undefined || namespace === undefined || !isBuiltin(specifier)) return namespace;
    return Object.hasOwn(this.#list, specifier) ? namespace : ledger.builtin(specifier, namespace);
  }

  /** @throws BP_SHARED_UNAVAILABLE */
  async get(specifier: string): Promise<Namespace> {
    const known = this.#loaded.get(specifier);
    if (known !== undefined) return known;
    try {
      const listed = Object.hasOwn(this.#list, specifier) ? this.#list[specifier] : undefined;
      const namespace = (await (listed === undefined ? import(specifier) : listed())) as Namespace;
      this.#loaded.set(specifier, namespace);
      return namespace;
    } catch (cause) {
      throw loaderErrors.BP_SHARED_UNAVAILABLE({ specifier, reason: messageOf(cause) }, { cause });
    }
  }
}
