import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { JsonSchema } from '@backplane/plugin-api';
import { expect, it } from 'vitest';
import { compileJsonSchema } from './json-schema-check.ts';

const TIMES = 300;
/** Less than a tenth of what one compiled schema of this size takes. */
const MOST_BYTES_EACH = 3000;

const large = (n: number): JsonSchema => ({
  type: 'object',
  properties: Object.fromEntries(
    Array.from({ length: 30 }, (_, i) => [`key-${n}-${i}`, { type: 'string', minLength: i }]),
  ),
});

async function heapUsed(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: object) => void;
  for (let round = 0; round < 3; round++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    // V8 keeps the text of functions made of late, unless it is told that memory runs short.
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  }
  return process.memoryUsage().heapUsed;
}

it('keeps nothing of a schema whose check is dropped', async () => {
  const check = async (n: number) => (await compileJsonSchema(large(n), {}))({ [`key-${n}-3`]: 'long enough' });
  for (let n = 0; n < 20; n++) expect(await check(n)).toHaveProperty('value');
  const before = await heapUsed();
  for (let n = 0; n < TIMES; n++) await check(n);
  expect(((await heapUsed()) - before) / TIMES).toBeLessThan(MOST_BYTES_EACH);
}, 60_000);

it('checks what refers to the schema of schemas', async () => {
  const check = await compileJsonSchema({ $ref: 'https://json-schema.org/draft/2020-12/schema' }, {});
  expect(check({ type: 'string' })).toHaveProperty('value');
  expect(check({ type: 'no type' })).toHaveProperty('issues');
});

it('refuses what is no schema', async () => {
  await expect(compileJsonSchema({ type: 'no type' } as unknown as JsonSchema, {})).rejects.toMatchObject({
    code: 'BP_SCHEMA_INVALID',
  });
});
