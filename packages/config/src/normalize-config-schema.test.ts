import { readFileSync } from 'node:fs';
import type { ConfigSchema } from '@backplane/plugin-api';
import Type from 'typebox';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { normalizeConfigSchema } from './normalize-config-schema.ts';

const check = (schema: ConfigSchema, value: unknown, options = {}) =>
  normalizeConfigSchema(schema, options).validate(value);
const issues = async (schema: ConfigSchema, value: unknown) => (await check(schema, value)).issues ?? [];

/** As ISP prints it. */
const ISP = {
  api_key: { type: 'string', required: true, encrypted: true, description: 'API key for external service' },
  timeout: { type: 'number', default: 30, description: 'Request timeout in seconds' },
  enabled_features: { type: 'array', items: { type: 'string' }, default: ['feature1', 'feature2'] },
} as const;

describe('a map of properties', () => {
  it('becomes a closed JSON Schema', () => {
    expect(normalizeConfigSchema(ISP).jsonSchema).toEqual({
      type: 'object',
      properties: {
        api_key: { type: 'string', encrypted: true, description: 'API key for external service' },
        timeout: ISP.timeout,
        enabled_features: ISP.enabled_features,
      },
      required: ['api_key'],
      additionalProperties: false,
    });
  });

  it('fills in defaults', async () => {
    expect(await check(ISP, { api_key: 'k' })).toEqual({
      value: { api_key: 'k', timeout: 30, enabled_features: ['feature1', 'feature2'] },
    });
  });

  it('takes a required property with a default as given', async () => {
    expect(await check({ a: { type: 'number', required: true, default: 1 } }, {})).toEqual({ value: { a: 1 } });
  });

  it('reports every issue at once, a misspelt required key as one', async () => {
    expect(await issues(ISP, { api_kee: 'k', timeout: 'soon', colour: 1 })).toEqual([
      expect.objectContaining({ path: ['api_kee'], nearest: 'api_key', message: '"api_kee" is not a known key.' }),
      expect.objectContaining({ path: ['colour'], expected: 'one of api_key, timeout, enabled_features' }),
      expect.objectContaining({ path: ['timeout'], expected: 'a number' }),
    ]);
  });

  it('is closed and required at every depth', async () => {
    const schema = {
      smtp: { type: 'object', properties: { host: { type: 'string', required: true } } },
    } as unknown as ConfigSchema;
    expect(await issues(schema, { smtp: { hots: 'x' } })).toMatchObject([{ path: ['smtp', 'hots'], nearest: 'host' }]);
    expect(await issues(schema, { smtp: {} })).toMatchObject([
      { path: ['smtp', 'host'], message: '"smtp.host" is missing.' },
    ]);
  });

  it('may have properties that are called like keywords', async () => {
    const schema = {
      type: { type: 'string' },
      properties: { type: 'object' },
      enum: { type: 'number' },
    } as ConfigSchema;
    expect(await check(schema, { type: 'a', enum: 1 })).toEqual({ value: { type: 'a', enum: 1 } });
  });

  it('rejects every key when it is empty', async () => {
    expect(await issues({}, { a: 1 })).toMatchObject([{ path: ['a'], expected: 'no key here' }]);
  });
});

describe('a JSON Schema', () => {
  it('keeps unknown keys unless it is closed', async () => {
    const open = { type: 'object', properties: { a: { type: 'number' } } } as const;
    expect(await check(open, { b: 1 })).toEqual({ value: { b: 1 } });
    expect(await issues({ ...open, additionalProperties: false }, { b: 1 })).toHaveLength(1);
  });

  it('takes what TypeBox makes', async () => {
    const schema = Type.Object({
      url: Type.String({ format: 'uri' }),
      port: Type.Integer({ minimum: 1, default: 80 }),
    });
    expect(await check(schema, { url: 'http://x' })).toEqual({
      value: { url: 'http://x', port: 80 },
    });
    expect(await issues(schema, { url: 'nowhere', port: 0 })).toMatchObject([
      { path: ['url'], expected: 'a string in the format uri' },
      { path: ['port'], expected: 'a whole number at least 1' },
    ]);
  });

  it('coerces text only where it is told that the value comes from the environment', async () => {
    const schema = { type: 'object', properties: { port: { type: 'integer' } } } as const;
    expect(await issues(schema, { port: '80' })).toHaveLength(1);
    expect(await check(schema, { port: '80' }, { coerce: true })).toEqual({ value: { port: 80 } });
  });

  it('compiles two versions with one $id, and an old $schema', async () => {
    const version = (type: 'string' | 'number') =>
      ({
        $id: 'urn:example:x',
        $schema: 'http://json-schema.org/draft-07/schema#',
        type: 'object',
        properties: { a: { type } },
      }) as const;
    expect(await issues(version('string'), { a: 'x' })).toEqual([]);
    expect(await issues(version('number'), { a: 'x' })).toHaveLength(1);
  });

  it.each([
    ['an unknown type', { type: 'strin' }],
    ['a pattern with look-around', { type: 'object', properties: { a: { type: 'string', pattern: 'a(?=b)' } } }],
    ['a reference to nothing', { $ref: '#/$defs/none' }],
    ['required that is no list', { type: 'object', required: true }],
  ])('refuses %s with a coded error', async (_, schema) => {
    await expect(check(schema as ConfigSchema, {})).rejects.toMatchObject({
      code: 'BP_CONFIG_SCHEMA_INVALID',
    });
  });

  it('matches patterns in linear time', async () => {
    const schema = { type: 'object', properties: { a: { type: 'string', pattern: '^(a+)+$' } } } as const;
    await check(schema, {});
    const started = performance.now();
    expect(await issues(schema, { a: `${'a'.repeat(100_000)}!` })).toHaveLength(1);
    expect(
      await issues(
        { type: 'object', patternProperties: { '^(a+)+$': { type: 'null' } } },
        { [`${'a'.repeat(50_000)}!`]: 1 },
      ),
    ).toEqual([]);
    expect(performance.now() - started).toBeLessThan(15_000);
  });

  it('checks formats in little time, whatever the text', async () => {
    for (const format of [
      'email',
      'uri',
      'uri-reference',
      'hostname',
      'date-time',
      'ipv6',
      'uuid',
      'duration',
      'uri-template',
      'json-pointer',
    ]) {
      const schema = { type: 'object', properties: { a: { type: 'string', format } } } as const;
      for (const text of ['a', 'a.', 'a-', '1:', 'a@', '%41', '0', '/~0', '{a}']) {
        const started = performance.now();
        await check(schema, { a: `${text.repeat(5_000)}\u0000` });
        expect(performance.now() - started, `${format} of ${text}`).toBeLessThan(10_000);
      }
    }
  });
});

describe('a Standard Schema', () => {
  const schema = z.strictObject({ port: z.number().default(80), nested: z.strictObject({ name: z.string() }) });

  it('is asked, and says what it can as JSON Schema', async () => {
    expect(normalizeConfigSchema(schema).jsonSchema).toMatchObject({ properties: { port: { type: 'number' } } });
    expect(await check(schema, { nested: { name: 'x' } })).toEqual({ value: { port: 80, nested: { name: 'x' } } });
  });

  it('has its issues told like all others', async () => {
    expect(await issues(schema, { port: 'x', nested: { nmae: 'x' } })).toMatchObject([
      { path: ['port'], message: expect.stringContaining('"port"') },
      { path: ['nested', 'name'] },
      { path: ['nested', 'nmae'], nearest: 'name', expected: 'one of name' },
    ]);
  });

  it('may be unable to say what it checks', async () => {
    const odd = z.object({ a: z.string().transform((text) => new Date(text)) });
    expect((await check(odd, { a: '2026-01-01' })).value).toEqual({ a: new Date('2026-01-01') });
  });

  it('that fails itself refuses the value', async () => {
    const failing = z.object({
      a: z.any().transform(() => {
        throw new TypeError('oops');
      }),
    });
    expect(await issues(failing, { a: 1 })).toMatchObject([{ path: [], message: 'The schema itself failed: oops' }]);
  });
});

describe('every validator', () => {
  it.each([
    ['none', undefined],
    ['a map', { a: { type: 'object' } }],
    ['a JSON Schema', { type: 'object' }],
    ['a Standard Schema', z.object({ a: z.object({ b: z.array(z.object({})) }) })],
  ] as [string, ConfigSchema | undefined][])(
    'gives a deeply frozen value and leaves the given one alone: %s',
    async (_, schema) => {
      const given = { a: { b: [{}] } };
      const { value } = (await normalizeConfigSchema(schema).validate(given)) as { value: typeof given };
      expect([value, value.a, value.a.b, value.a.b[0]].every((part) => Object.isFrozen(part))).toBe(true);
      expect(Object.isFrozen(given.a.b)).toBe(false);
    },
  );

  it.each([null, 3, 'x', [], true])('refuses %j as a schema', (schema) => {
    expect(() => normalizeConfigSchema(schema as never)).toThrow(/neither an object nor a Standard Schema/);
  });

  it('holds none of the values in what it reports', async () => {
    const schema = {
      a: { type: 'string', enum: ['x'] },
      b: { type: 'string', pattern: '^x$' },
      c: { type: 'number' },
    } as const;
    expect(JSON.stringify(await check(schema, { a: 'hunter2', b: 'hunter2', c: 'hunter2' }))).not.toContain('hunter2');
  });

  it('loads neither Ajv nor re2js before it is asked', () => {
    const source = readFileSync(new URL('../../wire/src/json-schema-check.ts', import.meta.url), 'utf8');
    expect(source).not.toMatch(/^import (?!type)[^\n]*ajv/m);
  });
});

describe('a property', () => {
  it('may be called as something that every object inherits', async () => {
    const { validate } = normalizeConfigSchema({
      constructor: { type: 'string', default: 'Eiffel' },
      towers: { type: 'object', properties: { valueOf: { type: 'integer', default: 7 } } },
    } as never);
    const { value } = await validate({ towers: {} });
    expect(value).toEqual({ constructor: 'Eiffel', towers: { valueOf: 7 } });
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(await validate({ constructor: 'Hines' })).toEqual({ value: { constructor: 'Hines' } });
    expect((await validate({ constructor: 3 })).issues).toMatchObject([{ path: ['constructor'] }]);
  });

  it('that is a number takes none that JSON has not', async () => {
    const { validate } = normalizeConfigSchema({ whole: { type: 'integer' }, any: { type: 'number' } });
    const { issues } = await validate({ whole: Number.POSITIVE_INFINITY, any: Number.NaN });
    expect(issues).toMatchObject([{ path: ['whole'] }, { path: ['any'] }]);
  });
});
