import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigSchema } from '@backplane/plugin-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createConfigSource } from './config-source.ts';
import { normalizeConfigSchema } from './normalize-config-schema.ts';
import { validatePluginConfig } from './validate-plugin-config.ts';

let configDir: string;
beforeEach(() => {
  configDir = mkdtempSync(join(tmpdir(), 'backplane-config-'));
  mkdirSync(join(configDir, 'plugins'));
});
afterEach(() => rmSync(configDir, { recursive: true }));

/** What is told of `plugins/shop.yaml`. */
async function told(text: string, schema?: ConfigSchema): Promise<readonly string[]> {
  writeFileSync(join(configDir, 'plugins/shop.yaml'), text);
  const configured = await createConfigSource({ configDir, environment: 'development' }).pluginConfig('shop');
  const { error } = await validatePluginConfig(configured, normalizeConfigSchema(schema));
  const { issues = [] } = (error?.details ?? {}) as { issues?: { message: string; line?: number }[] };
  return issues.map(({ message, line }) => `${line} ${message}`);
}

const ask = (line: number, key: string, meant: string) =>
  `${line} "${key}" is not a known key. Did you mean "${meant}"?`;
const SLIPS = 'enabld: false\ndefualt:\n  a: 1\nproductoin:\n  a: 2\ndefault:\n  enalbed: false\n  auto_laod: true\n';
const TOLD = [
  ask(1, 'enabld', 'enabled'),
  ask(2, 'defualt', 'default'),
  ask(4, 'productoin', 'production'),
  ask(7, 'enalbed', 'enabled'),
  ask(8, 'auto_laod', 'auto_load'),
];

describe('a key of a plugin file that is nearly one of the host’s', () => {
  it('is told with the key that was meant, whether the plugin has a closed schema, an open one or none', async () => {
    const open = { type: 'object', properties: { a: { type: 'number' } } } as const;
    for (const schema of [{ a: { type: 'number' } } as const, open, undefined])
      expect((await told(SLIPS, schema)).toSorted()).toEqual(TOLD.toSorted());
  });

  it('is the plugin’s own where its schema knows it, or may', async () => {
    const text = 'enabld: false\ndefualt:\n  a: 1\n';
    const anything = { type: 'object' } as const;
    expect(await told(text, { enabld: { type: 'boolean' }, defualt: { ...anything } })).toEqual([]);
    expect(await told(text, { allOf: [{ properties: { enabld: { type: 'boolean' } } }] })).toEqual([]);
    const standard = { '~standard': { version: 1, vendor: 'own', validate: (value: unknown) => ({ value }) } } as const;
    expect(await told(text, standard)).toEqual([]);
  });

  it('is left alone where it may as well be something else', async () => {
    const text = 'services: [a]\ndefaults: {}\nrest: { url: x }\ndevice: {}\nsession: "1"\nversions: [1]\ntests: {}\n';
    expect(await told(text)).toEqual([]);
  });
});
