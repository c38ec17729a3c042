import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';

const read = (path: string) => readFile(new URL(`../${path}`, import.meta.url), 'utf8');

it('describes every key of plugin.yaml, and no other', async () => {
  const { properties } = JSON.parse(await read('packages/wire/schemas/plugin.schema.json')) as { properties: object };
  const described = [...(await read('docs/manifest.md')).matchAll(/^\| `(\w+)` \|/gm)].map(([, key]) => key);
  expect(described).toEqual(Object.keys(properties));
});
