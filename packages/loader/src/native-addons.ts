import { realpathSync } from 'node:fs';
import { loaderErrors } from './errors.ts';
import { recheck, type Witness, witness } from './witness.ts';

// A process loads a library once and keeps it until it ends, whoever asked; so this is kept for the process, too.
const loaded = new Map<string, Witness>();

/**
 * Refuses an add-on whose file is no longer the one this process has loaded.
 * @throws BP_NATIVE_ADDON_CHANGED
 */
export function refuseChangedAddon(addon: string, entry: string): void {
  const then = loaded.get(addon);
  if (then !== undefined && recheck(then).verdict === 'changed')
    throw loaderErrors.BP_NATIVE_ADDON_CHANGED({ addon, entry });
}

/**
 * Loads a native add-on, once for the process.
 * @throws BP_NATIVE_ADDON_CHANGED
 */
export function loadAddon(path: string, entry: string, require: NodeJS.Require): unknown {
  const addon = realpathSync(path);
  refuseChangedAddon(addon, entry);
  const before = loaded.get(addon) ?? witness(addon);
  const exports: unknown = require(addon);
  loaded.set(addon, before);
  return exports;
}
