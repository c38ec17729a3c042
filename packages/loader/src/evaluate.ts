import { dirname, resolve } from 'node:path';
import { messageOf } from '@backplane/base';
import type { CodeLedger } from '@backplane/ports';
import { type Bundle, bundleUrl, type Parameter } from './bundle.ts';
import { placeInStack } from './code-frame.ts';
import { evaluationError, isLoaderError, loaderErrors } from './errors.ts';
import { namespaceObject } from './namespace-object.ts';
import { loadAddon, refuseChangedAddon } from './native-addons.ts';
import { pluginRequire } from './plugin-require.ts';
import type { Namespace, SharedModules } from './shared-modules.ts';
import { dynamicImport, importMeta } from './source-file.ts';

/** Makes the bundle's function; how depends on whether code may be made from text here. */
export type FunctionMaker = (bundle: Bundle) => Promise<(...args: unknown[]) => Promise<void>>;

/** An import of a shared module's export that is not there. */
export interface MissingExport {
  readonly specifier: string;
  readonly name: string;
}

/** The imports that the shared modules of this process cannot serve. Imports these modules where that has not been done. */
export async function missingExports(bundle: Bundle, shared: SharedModules): Promise<MissingExport[]> {
  for (const parameter of bundle.parameters) if (parameter.gives === 'namespace') await shared.get(parameter.specifier);
  for (const specifier of bundle.required) await shared.get(specifier);
  return bundle.imported.filter(({ specifier, name }) => !(name in (shared.loaded(specifier) ?? {})));
}

/**
 * Runs a bundle and gives its exports as a live namespace. Nothing outside refers to what ran once the namespace is dropped and the ledger is
 * closed.
 * @throws BP_PLUGIN_EVALUATION, BP_NATIVE_ADDON_CHANGED
 */
export async function evaluate(
  bundle: Bundle,
  shared: SharedModules,
  make: FunctionMaker,
  ledger?: CodeLedger,
  collectable = true,
): Promise<Namespace> {
  for (const addon of bundle.addons) refuseChangedAddon(addon, bundle.entry);
  const run = await madeFrom(bundle, make);
  ledger?.identify({ url: bundleUrl(bundle.entry), text: textOf(run), mentions: bundle.mentions, collectable });
  let exported: object = {};
  const takeExports = (namespace: object): void => {
    exported = namespace;
  };
  try {
    await run(...bundle.parameters.map((parameter) => argument(parameter, { bundle, shared, takeExports, ledger })));
  } catch (thrown) {
    if (isLoaderError(thrown)) throw thrown;
    throw evaluationError(thrown, bundle.entry, placeInStack(thrown, new Set(bundle.inputs)));
  }
  return namespaceObject(exported);
}

/** A function of its own: as a closure of `evaluate` it would keep the exports, and with them the code. */
const textOf = (run: unknown) => (): string => String(run);

async function madeFrom(bundle: Bundle, make: FunctionMaker) {
  try {
    return await make(bundle);
  } catch (cause) {
    throw loaderErrors.BP_PLUGIN_SYNTAX({ entry: bundle.entry, problems: [{ text: messageOf(cause) }] }, { cause });
  }
}

interface Surroundings {
  readonly bundle: Bundle;
  readonly shared: SharedModules;
  readonly takeExports: unknown;
  readonly ledger: CodeLedger | undefined;
}

function argument(parameter: Parameter, { bundle: { entry }, shared, takeExports, ledger }: Surroundings): unknown {
  switch (parameter.gives) {
    case 'exports':
      return takeExports;
    case 'self':
      return ledger?.self ?? (() => {});
    case 'globals':
      return ledger?.globals ?? globalThis;
    case 'namespace':
      return shared.seenBy(ledger, parameter.specifier);
    case 'export': {
      const { specifier, exportName } = parameter;
      return {
        get value() {
          return shared.loaded(specifier)?.[exportName];
        },
      };
    }
    case 'meta':
      return importMeta(parameter.file);
    case 'import':
      return dynamicImport(parameter.file, shared, ledger);
    case 'require':
      return pluginRequire(entry, shared, ledger);
    case 'addon': {
      const require = pluginRequire(entry, shared, ledger);
      return (path: string) => loadAddon(resolve(dirname(entry), path), entry, require);
    }
  }
}
