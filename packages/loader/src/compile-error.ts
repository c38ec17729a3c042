import { resolve } from 'node:path';
import type { Message } from 'esbuild';
import { sourcePosition } from './code-frame.ts';
import { loaderErrors, type SourceProblem } from './errors.ts';

/** The compiler's own namespace for shared modules. */
export const SHARED_NAMESPACE = 'shared-module';

const NOT_FOUND = /^(?:Could not resolve|No matching export|Could not read from file|Cannot find)/;

/** The coded error for what the compiler reported; `undefined` where it reported nothing but failed for another reason. */
export function compileError(thrown: unknown, entry: string, folder: string): Error | undefined {
  const messages = (thrown as { errors?: readonly Message[] } | undefined)?.errors;
  if (messages === undefined) return undefined;
  const [first, ...more] = messages.map((message) => problem(message, folder));
  if (first === undefined) return undefined;
  const details = { entry, problems: [first, ...more] as const };
  return NOT_FOUND.test(first.text)
    ? loaderErrors.BP_PLUGIN_IMPORT_NOT_FOUND(details)
    : loaderErrors.BP_PLUGIN_SYNTAX(details);
}

/** A compiler message with an absolute file and columns from 1. */
export function problem({ text: raw, location }: Pick<Message, 'text' | 'location'>, folder: string): SourceProblem {
  // Authors import "x", whatever namespace the compiler keeps it in.
  const text = raw.replaceAll(`"${SHARED_NAMESPACE}:`, '"');
  if (location === null) return { text };
  // The compiler counts columns in bytes.
  const column = Buffer.from(location.lineText).subarray(0, location.column).toString().length + 1;
  return { text, ...sourcePosition(resolve(folder, location.file), location.line, column) };
}
