import { createRequire, isBuiltin } from 'node:module';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CodeLedger } from '@backplane/ports';
import type { SharedModules } from './shared-modules.ts';

/** `import.meta` of a source file: its own place, not that of the bundle it went into. */
export function importMeta(file: string): ImportMeta {
  const url = pathToFileURL(file).href;
  return {
    url,
    filename: file,
    dirname: dirname(file),
    main: false,
    resolve: (specifier: string) => resolveFrom(file, url, specifier),
  } as ImportMeta;
}

/**
 * `import()` of a source file, for what is known at run time only. Shared modules come from the host; the rest is imported by Node
 * relative to the file that asks, and stays loaded.
 */
export function dynamicImport(file: string, shared: SharedModules, ledger?: CodeLedger) {
  const url = pathToFileURL(file).href;
  return async function load(asked: unknown, options?: ImportCallOptions): Promise<unknown> {
    const specifier = String(asked);
    if (shared.has(specifier)) {
      await shared.get(specifier);
      return shared.seenBy(ledger, specifier);
    }
    const target = resolveFrom(file, url, specifier);
    const keep = isBuiltin(target) ? undefined : ledger?.loading(load);
    const namespace: unknown = await import(target, options);
    keep?.(target);
    return namespace;
  };
}

function resolveFrom(file: string, url: string, specifier: string): string {
  if (isBuiltin(specifier)) return specifier.startsWith('node:') ? specifier : `node:${specifier}`;
  if (/^(?:\.{0,2}\/|[a-z][a-z0-9+.-]+:)/i.test(specifier)) return new URL(specifier, url).href;
  return pathToFileURL(createRequire(file).resolve(specifier)).href;
}
