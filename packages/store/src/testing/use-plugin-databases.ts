import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseProvider } from '@backplane/ports';
import { onTestFinished } from 'vitest';
import { openEmbeddedPluginDatabases, type PluginDatabaseLimits } from '../plugins/open-embedded-plugin-databases.ts';

export interface EmbeddedPlace {
  readonly folder: string;
  readonly key: string;
}

/** A folder of its own, removed at the end of the test. */
export function embeddedPlace(): EmbeddedPlace {
  const folder = mkdtempSync(join(tmpdir(), 'backplane-plugins-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return { folder, key: randomBytes(32).toString('hex') };
}

/** Plugins' databases in a folder, closed at the end of the test. */
export function openIn({ folder, key }: EmbeddedPlace, limits: PluginDatabaseLimits = {}): DatabaseProvider {
  const provider = openEmbeddedPluginDatabases({ folder, keyOf: async () => key, ...limits });
  onTestFinished(() => provider.close());
  return provider;
}
