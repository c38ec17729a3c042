import { isPlainMap, type PlainMap } from '@backplane/wire/schema';
import { parseYaml } from '@backplane/wire/yaml';
import { NAMED_KINDS, type NamedKind } from './printed-items.ts';

/** What shows that something printed works: tests by their short names, `issue N` or `row X9`. */
export type Proof = readonly string[];

export interface FragmentEntry {
  readonly line: number;
  readonly heading: string;
  /** A file in `test/testing/fragments` with the fragment as printed. */
  readonly copy?: string;
  /** For the fragment as a whole. */
  readonly shown?: Proof;
  readonly keys: ReadonlyMap<string, Proof>;
}

export interface NamedEntry {
  readonly line: number;
  readonly shown: Proof;
}

export interface DocumentEntries {
  readonly fragments: readonly FragmentEntry[];
  readonly named: Readonly<Record<NamedKind, ReadonlyMap<string, NamedEntry>>>;
}

export interface Ledger {
  /** `PATH#TITLE` by short name. */
  readonly tests: ReadonlyMap<string, string>;
  readonly documents: ReadonlyMap<string, DocumentEntries>;
}

/**
 * Reads the ledger.
 * @throws Error with the place where it is not as it must be.
 */
export async function readLedger(text: string, file: string): Promise<Ledger> {
  const { document, problems } = await parseYaml(text, file);
  if (document === undefined)
    throw new Error(problems.map(({ message, line }) => `${file}:${line}: ${message}`).join('\n'));
  const at = new Place(file);
  const root = at.map(document.value);
  at.only(root, ['tests', 'documents']);
  return {
    tests: at.in('tests').entries(root.tests, (place, value) => place.text(value)),
    documents: at.in('documents').entries(root.documents, documentEntries),
  };
}

function documentEntries(place: Place, value: unknown): DocumentEntries {
  const map = place.map(value);
  place.only(map, ['fragments', ...NAMED_KINDS]);
  const named = NAMED_KINDS.map((kind) => [kind, place.in(kind).entries(map[kind] ?? {}, namedEntry)] as const);
  return {
    fragments: place.in('fragments').items(map.fragments ?? [], fragmentEntry),
    named: Object.fromEntries(named) as DocumentEntries['named'],
  };
}

function namedEntry(place: Place, value: unknown): NamedEntry {
  const map = place.map(value);
  place.only(map, ['line', 'shown']);
  return { line: place.in('line').whole(map.line), shown: place.in('shown').proof(map.shown) };
}

function fragmentEntry(place: Place, value: unknown): FragmentEntry {
  const map = place.map(value);
  place.only(map, ['line', 'heading', 'copy', 'shown', 'keys']);
  return {
    line: place.in('line').whole(map.line),
    heading: place.in('heading').text(map.heading),
    ...(map.copy !== undefined && { copy: place.in('copy').text(map.copy) }),
    ...(map.shown !== undefined && { shown: place.in('shown').proof(map.shown) }),
    keys: place.in('keys').entries(map.keys ?? {}, (key, proof) => key.proof(proof)),
  };
}

/** Reads values, and names the place of one that is not what it must be. */
class Place {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  in(key: string): Place {
    return new Place(`${this.#path} › ${key}`);
  }

  map(value: unknown): PlainMap {
    return isPlainMap(value) ? value : this.#refuse('a map');
  }

  only(map: PlainMap, known: readonly string[]): void {
    for (const key of Object.keys(map)) if (!known.includes(key)) this.in(key).#refuse(`one of ${known.join(', ')}`);
  }

  entries<T>(value: unknown, read: (place: Place, value: unknown) => T): ReadonlyMap<string, T> {
    return new Map(Object.entries(this.map(value)).map(([key, inner]) => [key, read(this.in(key), inner)]));
  }

  items<T>(value: unknown, read: (place: Place, value: unknown) => T): readonly T[] {
    return Array.isArray(value)
      ? value.map((item, index) => read(this.in(`${index + 1}`), item))
      : this.#refuse('a list');
  }

  text(value: unknown): string {
    return typeof value === 'string' && value !== '' ? value : this.#refuse('a text');
  }

  whole(value: unknown): number {
    return typeof value === 'number' && Number.isInteger(value) ? value : this.#refuse('a line');
  }

  proof(value: unknown): Proof {
    const proof = Array.isArray(value) ? this.items(value, (place, item) => place.text(item)) : [this.text(value)];
    return proof.length > 0 ? proof : this.#refuse('a test, an issue or a row');
  }

  #refuse(expected: string): never {
    throw new Error(`${this.#path}: expected ${expected}.`);
  }
}
