import type { DocumentEntries, FragmentEntry, Ledger, Proof } from './ledger.ts';
import { NAMED_KINDS, type PrintedFragment, type PrintedItems } from './printed-items.ts';

/** What is printed and not in the ledger, and what is in the ledger and not printed, each with `document:line`. */
export function compare(
  ledger: Ledger,
  printed: ReadonlyMap<string, PrintedItems>,
  copyOf: (name: string) => string | undefined,
): readonly string[] {
  const problems: string[] = [];
  for (const name of ledger.documents.keys())
    if (!printed.has(name)) problems.push(`${name}: there is no such document.`);
  for (const [name, items] of printed) {
    const entries = ledger.documents.get(name);
    if (entries === undefined) problems.push(`${name}: the document has no entry.`);
    else problems.push(...compareNamed(name, entries, items), ...compareFragments(name, entries, items, copyOf));
  }
  return problems;
}

function* compareNamed(document: string, entries: DocumentEntries, items: PrintedItems): Generator<string> {
  for (const kind of NAMED_KINDS) {
    for (const [name, line] of items.named[kind]) {
      const entry = entries.named[kind].get(name);
      if (entry === undefined) yield `${document}:${line}: ${kind} has no entry for "${name}".`;
      else if (entry.line !== line) yield `${document}:${line}: "${name}" is entered with line ${entry.line}.`;
    }
    for (const [name, { line }] of entries.named[kind])
      if (!items.named[kind].has(name)) yield `${document}:${line}: "${name}" of ${kind} does not stand there.`;
  }
}

function* compareFragments(
  document: string,
  entries: DocumentEntries,
  items: PrintedItems,
  copyOf: (name: string) => string | undefined,
): Generator<string> {
  for (const printed of items.fragments) {
    const found = entries.fragments.filter(({ line }) => line === printed.line);
    const [entry] = found;
    if (entry === undefined) yield `${document}:${printed.line}: the ${printed.language} has no entry.`;
    else if (found.length > 1) yield `${document}:${printed.line}: there are ${found.length} entries.`;
    else yield* compareFragment(document, entry, printed, copyOf);
  }
  for (const { line } of entries.fragments)
    if (!items.fragments.some((printed) => printed.line === line))
      yield `${document}:${line}: no fragment begins there.`;
}

function* compareFragment(
  document: string,
  { heading, keys, copy, shown }: FragmentEntry,
  printed: PrintedFragment,
  copyOf: (name: string) => string | undefined,
): Generator<string> {
  const at = `${document}:${printed.line}`;
  if (heading !== printed.heading) yield `${at}: the heading is "${printed.heading}", not "${heading}".`;
  for (const key of printed.keys) if (!keys.has(key)) yield `${at}: there is no entry for the key ${key}.`;
  for (const key of keys.keys()) if (!printed.keys.includes(key)) yield `${at}: the key ${key} does not stand there.`;
  if (printed.keys.length === 0 && shown === undefined) yield `${at}: nothing says what shows it.`;
  // A test of the fragment can only stand on its copy, for the documents are elsewhere.
  if (printed.language === 'yaml' && shown?.some(isTest) && copy === undefined) yield `${at}: it has no copy.`;
  if (copy !== undefined && copyOf(copy) !== printed.text)
    yield `${at}: test/testing/fragments/${copy} is not what is printed.`;
}

/** Whether a proof names a test. */
export const isTest = (proof: string): boolean => !/^(issue|row) /.test(proof);

/** Every proof of the ledger, with the place it is for. */
export function* proofsOf({ documents }: Ledger): Generator<readonly [place: string, proof: Proof]> {
  for (const [document, { fragments, named }] of documents) {
    for (const { line, shown, keys } of fragments) {
      if (shown) yield [`${document}:${line}`, shown];
      for (const [key, proof] of keys) yield [`${document}:${line} ${key}`, proof];
    }
    for (const kind of NAMED_KINDS)
      for (const [name, { line, shown }] of named[kind]) yield [`${document}:${line} ${name}`, shown];
  }
}
