import { hash } from 'node:crypto';
import { dirname, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf } from '@backplane/base';
import type { Logger } from '@backplane/plugin-api';
import { type Bundle, bundleUrl, HEADER_LINES } from './bundle.ts';
import { problem } from './compile-error.ts';
import { type Compiled, type Compiler, mapUrl } from './compiler.ts';
import { loaderErrors } from './errors.ts';
import { lookupPaths } from './lookups.ts';
import { mentionsIn } from './mentions.ts';
import { type FunctionText, toFunctionText } from './module-text.ts';
import { type FileWitness, type Witness, witness } from './witness.ts';

/** A bundle with what has to stay as it is for the bundle to stay right. */
export interface Witnessed {
  readonly bundle: Bundle;
  readonly witnesses: readonly Witness[];
}

const TRIES = 5;
/** File systems take the times of changes from a coarse clock. */
const CLOCK_GRAIN_MS = 20;

/**
 * Makes a bundle whose witnesses describe exactly the files that went into it, also while these are being written: it compiles again
 * until nothing has changed since it began, or until two attempts in a row agree.
 * @param again whether this entry is likely to be compiled once more soon
 * @throws BP_PLUGIN_SYNTAX, BP_PLUGIN_IMPORT_NOT_FOUND, BP_PLUGIN_UNSETTLED
 */
export async function makeBundle(
  entry: string,
  compiler: Compiler,
  { again, logger }: { readonly again: boolean; readonly logger: Logger | undefined },
): Promise<Witnessed> {
  const folder = dirname(entry);
  let before: { digest: string; text: string; parts: FunctionText } | undefined;
  for (let tried = 0; tried < TRIES; tried += 1) {
    // The wall clock itself: it is compared with what the file system says.
    const startedAt = Date.now();
    const compiled = await compiler.compile(entry, again);
    const parts = compiled.text === before?.text ? before.parts : await functionText(compiled, entry, folder);
    const seen = compiled.files.map(({ path }) => witness(path));
    const data = parts.dataFiles.map((path) => witness(path));
    const inputs = [...seen, ...data].filter((one) => one.kind === 'file');
    const digest = digestOf(folder, inputs, compiled.text);
    const racing =
      seen.some((one) => one.kind === 'absent') || inputs.some((one) => one.changedAt > startedAt - CLOCK_GRAIN_MS);
    if (racing && digest !== before?.digest) {
      before = { digest, text: compiled.text, parts };
      continue;
    }
    for (const warning of compiled.warnings)
      logger?.warn('A plugin file is doubtful', { entry, ...problem(warning, folder) });
    const lookups = lookupPaths(compiled.files).map((path) => witness(path));
    return {
      bundle: {
        entry,
        digest,
        inputs: inputs.map(({ path }) => path),
        body: await bodyOf(entry, compiler, compiled, parts),
        parameters: parts.parameters,
        imported: parts.imported,
        required: compiled.required,
        addons: compiled.addons,
        mentions: mentionsIn(parts.text),
      },
      witnesses: [...seen, ...data, ...lookups],
    };
  }
  throw loaderErrors.BP_PLUGIN_UNSETTLED({ entry, tries: TRIES });
}

async function functionText({ text, map }: Compiled, entry: string, folder: string): Promise<FunctionText> {
  try {
    return await toFunctionText(text, map, folder);
  } catch (cause) {
    throw loaderErrors.BP_PLUGIN_SYNTAX({ entry, problems: [{ text: messageOf(cause) }] }, { cause });
  }
}

/** Names are relative, so that two machines that hold the same plugin in different places agree. */
function digestOf(folder: string, inputs: readonly FileWitness[], text: string): string {
  const lines = inputs.map(({ path, sha256 }) => `${relative(folder, path).replaceAll(sep, '/')} ${sha256}`);
  return hash('sha256', [...new Set(lines)].sort().join('\n') + hash('sha256', text, 'hex'), 'hex');
}

/**
 * The name of the source is the same for every version of a plugin: V8 and Node keep a little for each name for ever.
 * With it, traces without source maps still name the entry.
 */
async function bodyOf(entry: string, compiler: Compiler, { map }: Compiled, parts: FunctionText): Promise<string> {
  const defined = await compiler.define(parts.text, map, parts.define);
  const first = `${DIRECTIVE}${callOfSelf(parts)}\n`;
  const chained = JSON.parse(defined.map) as { sources: string[]; mappings: string };
  chained.sources = chained.sources.map((source) => pathToFileURL(resolve(dirname(entry), source)).href);
  chained.mappings = `${';'.repeat(HEADER_LINES + 1)}${chained.mappings}`;
  const url = mapUrl(JSON.stringify(chained));
  return `${first}${defined.text}//# sourceURL=${bundleUrl(entry)}\n//# sourceMappingURL=${url}`;
}

/** What module code is and a function's body is not. */
const DIRECTIVE = '"use strict";';

/** The inner function refers to what it calls, and so keeps it reachable: as long as anything of the bundle is, that is. */
function callOfSelf({ parameters }: FunctionText): string {
  const name = parameters.find(({ gives }) => gives === 'self')?.name;
  return `${name}(() => ${name}());`;
}
