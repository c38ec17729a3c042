import { BackplaneError } from './backplane-error.ts';

/** One entry of a catalogue: what the code means, for people and for HTTP. */
export interface ErrorEntry<D extends Record<string, unknown> = never> {
  /** One sentence for the error page: what this code means. */
  readonly title: string;
  /** HTTP status that answers for it; 500 unless told. */
  readonly status?: number;
  /** What to do about it. Shown on the error page and appended to the message. Empty where the message says it in words of its own. */
  readonly mend: string;
  /** What to do about it, for the error page alone: where `mend` is empty. */
  readonly advice?: string;
  /** The message, made from the details. */
  readonly message: (details: D) => string;
}

// biome-ignore lint/suspicious/noExplicitAny: the detail type is recovered per entry from its message function
export type ErrorEntries = Readonly<Record<`BP_${string}`, ErrorEntry<any>>>;

type DetailsOf<E> = E extends { message: (details: infer D) => string } ? D : never;

/** A catalogue: call an entry to make its error; `entriesOf` has what documents it. */
export type ErrorCatalogue<E extends ErrorEntries> = {
  readonly [K in keyof E]: (details: DetailsOf<E[K]>, options?: ErrorOptions) => BackplaneError;
};

/** A package's name and its entries, as the error page lists them. */
export interface PublishedCatalogue {
  readonly owner: string;
  readonly entries: ErrorEntries;
}

const published: PublishedCatalogue[] = [];
const entriesByCatalogue = new WeakMap<object, ErrorEntries>();

/** Declares a package's error codes, once per package. `owner` is the package's name without the scope. */
export function defineErrors<const E extends ErrorEntries>(owner: string, entries: E): ErrorCatalogue<E> {
  published.push({ owner, entries });
  return createErrors(entries);
}

/** Makes a catalogue that is not published: for code that may be unloaded, which the list would keep in memory. */
export function createErrors<const E extends ErrorEntries>(entries: E): ErrorCatalogue<E> {
  const catalogue: Record<string, unknown> = {};
  for (const [code, entry] of Object.entries(entries)) {
    catalogue[code] = (details: Record<string, unknown>, options?: ErrorOptions) =>
      new BackplaneError(
        { code, status: entry.status ?? 500, details, title: entry.title },
        `${entry.message(details)} ${entry.mend}`.trim(),
        options,
      );
  }
  entriesByCatalogue.set(catalogue, entries);
  return Object.freeze(catalogue) as ErrorCatalogue<E>;
}

/** The entries that a catalogue was made from; `undefined` for anything else. */
export function entriesOf(catalogue: object): ErrorEntries | undefined {
  return entriesByCatalogue.get(catalogue);
}

/** Every catalogue whose package has been imported. */
export function publishedCatalogues(): readonly PublishedCatalogue[] {
  return published;
}
