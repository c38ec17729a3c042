import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { messageOf } from '@backplane/base';
import { placeInStack, sourcePosition } from './code-frame.ts';
import { evaluationError, loaderErrors, type SourceProblem } from './errors.ts';
import { findDecorator } from './find-decorator.ts';
import type { Namespace } from './shared-modules.ts';

/** Of the entry file alone. */
export const digestOf = async (entry: string): Promise<string> => hash('sha256', await readFile(entry), 'hex');

/**
 * Imports entries as Node does, so that debuggers and coverage see the files themselves. A changed entry is imported anew; the files it
 * imports are not, and no version is ever collected.
 */
export class NativeImports {
  readonly #first = new Map<string, string>();

  /** @throws BP_PLUGIN_SYNTAX, BP_PLUGIN_IMPORT_NOT_FOUND, BP_PLUGIN_EVALUATION */
  async load(entry: string): Promise<{ exports: Namespace; digest: string }> {
    const digest = await digestOf(entry);
    const first = this.#first.get(entry) ?? digest;
    this.#first.set(entry, first);
    const url = pathToFileURL(entry);
    if (digest !== first) url.searchParams.set('digest', digest.slice(0, 16));
    try {
      return { exports: (await import(url.href)) as Namespace, digest };
    } catch (thrown) {
      throw importError(thrown, entry);
    }
  }
}

const NOT_FOUND = new Set([
  'ERR_MODULE_NOT_FOUND',
  'ERR_PACKAGE_PATH_NOT_EXPORTED',
  'ERR_PACKAGE_IMPORT_NOT_DEFINED',
  'MODULE_NOT_FOUND',
]);
const NOT_COMPILED = new Set(['ERR_INVALID_TYPESCRIPT_SYNTAX', 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX']);

function importError(thrown: unknown, entry: string): Error {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  const text = messageOf(thrown);
  const found: SourceProblem = { text, ...placeOfSyntax(thrown) };
  const details = { entry, problems: [found] as const };
  if (NOT_FOUND.has(code) || /does not provide an export named/.test(text))
    return loaderErrors.BP_PLUGIN_IMPORT_NOT_FOUND(details, { cause: thrown });
  if (thrown instanceof SyntaxError) {
    const at = findDecorator(entry);
    if (at !== undefined) return loaderErrors.BP_PLUGIN_DECORATOR_UNCOMPILED({ entry, at }, { cause: thrown });
  }
  if (thrown instanceof SyntaxError || NOT_COMPILED.has(code))
    return loaderErrors.BP_PLUGIN_SYNTAX(details, { cause: thrown });
  return evaluationError(thrown, entry, placeInStack(thrown, new Set([entry])));
}

/** Node writes the place of what it cannot compile above the message. */
function placeOfSyntax(thrown: unknown) {
  const [, where, line] =
    /^(file:\/\/\S+?|\/\S+?):(\d+)\n/.exec(thrown instanceof Error ? (thrown.stack ?? '') : '') ?? [];
  if (where === undefined) return {};
  return sourcePosition(where.startsWith('file:') ? fileURLToPath(where) : where, Number(line), 1);
}
