import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
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

const path = (name: string) => join(configDir, 'plugins', name);
const write = (name: string, content: string) => writeFileSync(path(name), content);
const read = (name: string, environment = 'development', aliases: string[] = []) =>
  createConfigSource({ configDir, environment }).pluginConfig(name, aliases);

/** `config/plugins/marty.yaml` as the Marty document prints it. */
const MARTY = `# config/plugins/marty.yaml
default:
  enabled: true
  version: "1.0.0"

  # Trust anchor settings
  trust_anchor_url: "https://trust-anchor.marty.internal:8443"
  trust_anchor_timeout: 30

  # PKD settings
  pkd_url: "https://pkd.marty.internal:8443"
  pkd_cache_ttl: 3600

  # Document signer settings
  document_signer_url: "https://doc-signer.marty.internal:8443"
  signing_algorithms:
    - "RSA-SHA256"
    - "ECDSA-SHA256"

  # Security settings
  require_mutual_tls: true
  certificate_validation_enabled: true

# Environment-specific overrides
development:
  require_mutual_tls: false
  certificate_validation_enabled: false

production:
  signing_algorithms:
    - "RSA-SHA384"  # Stronger algorithms for production
    - "ECDSA-SHA384"
`;

/** `config/plugins/production_payment_service.yaml` as the strategy document prints it. */
const PAYMENT = `# config/plugins/production_payment_service.yaml
default:
  enabled: true
  auto_load: true

service:
  name: "production-payment-service"
  port: 8080

payment:
  provider: "stripe"
  fraud_detection_enabled: true
`;

describe('the printed marty.yaml', () => {
  beforeEach(() => write('marty.yaml', MARTY));

  it('gives the defaults with the overrides of development, and to the host what is the host’s', async () => {
    const { value, settings, problems } = await read('trust-pki', 'development', ['marty']);
    expect(problems).toEqual([]);
    expect(settings).toEqual({ enabled: true, version: '1.0.0' });
    expect(value).toEqual({
      trust_anchor_url: 'https://trust-anchor.marty.internal:8443',
      trust_anchor_timeout: 30,
      pkd_url: 'https://pkd.marty.internal:8443',
      pkd_cache_ttl: 3600,
      document_signer_url: 'https://doc-signer.marty.internal:8443',
      signing_algorithms: ['RSA-SHA256', 'ECDSA-SHA256'],
      require_mutual_tls: false,
      certificate_validation_enabled: false,
    });
  });

  it('replaces the list in production', async () => {
    const { value } = await read('marty', 'production');
    expect(value).toMatchObject({ signing_algorithms: ['RSA-SHA384', 'ECDSA-SHA384'], require_mutual_tls: true });
  });

  it('knows the origin of each value', async () => {
    const { origins } = await read('marty', 'production');
    expect(origins.get('/pkd_cache_ttl')).toEqual({ layer: 'default', file: path('marty.yaml'), line: 12, column: 3 });
    expect(origins.get('/signing_algorithms/1')).toEqual({
      layer: 'production',
      file: path('marty.yaml'),
      line: 32,
      column: 7,
    });
    expect(origins.get('/enabled')).toMatchObject({ line: 3 });
  });

  it('gives enabled to a plugin whose schema names it', async () => {
    const configured = await read('marty');
    const named = normalizeConfigSchema({ type: 'object', properties: { enabled: { type: 'boolean' } } });
    expect((await validatePluginConfig(configured, named)).config).toMatchObject({ enabled: true });
    expect(
      (await validatePluginConfig(configured, normalizeConfigSchema({ type: 'object' }))).config,
    ).not.toHaveProperty('enabled');
  });
});

describe('the printed production_payment_service.yaml', () => {
  it('is found in both spellings; sections are configuration, the service is the host’s', async () => {
    write('production_payment_service.yaml', PAYMENT);
    for (const name of ['production_payment_service', 'production-payment-service']) {
      expect(await read(name)).toMatchObject({
        plugin: 'production-payment-service',
        value: { payment: { provider: 'stripe', fraud_detection_enabled: true } },
        settings: { enabled: true, autoLoad: true, service: { name: 'production-payment-service', port: 8080 } },
        problems: [],
      });
    }
  });

  it('belongs to the plugin that its service.name bears, whatever the file is called', async () => {
    write('payments.yml', PAYMENT);
    expect((await read('production-payment-service')).value).toHaveProperty('payment.provider', 'stripe');
  });
});

describe('createConfigSource', () => {
  it('gives nothing, without complaint, where no file or folder is', async () => {
    expect(await read('x')).toMatchObject({ value: {}, settings: {}, files: [], problems: [] });
    expect(
      await createConfigSource({ configDir: join(configDir, 'none'), environment: 'x' }).pluginConfig('x'),
    ).toMatchObject({ problems: [] });
  });

  it('refuses two files for one plugin and names both', async () => {
    write('marty.yaml', 'default: {a: 1}');
    write('trust_pki.yml', 'default: {a: 2}');
    const { problems, value } = await read('trust-pki', 'development', ['marty']);
    expect(value).toEqual({});
    expect(problems).toMatchObject([{ code: 'BP_CONFIG_FILE_TWICE' }]);
    for (const name of ['marty.yaml', 'trust_pki.yml']) expect(problems[0]?.message).toContain(path(name));
  });

  it('takes a top-level key for an environment only when it is one of the environments', async () => {
    write('x.yaml', 'default: {a: 1}\nqa: {a: 2}\nproduction: {a: 3}\n');
    expect((await read('x', 'qa')).value).toEqual({ a: 1, qa: { a: 2 } });
    const source = createConfigSource({ configDir, environment: 'qa', environments: ['qa'] });
    expect((await source.pluginConfig('x')).value).toEqual({ a: 2, production: { a: 3 } });
  });

  it('lays sections over default and the environment over sections', async () => {
    write('x.yaml', 'production: {s: {b: 3}}\ns: {a: 2, b: 2}\ndefault: {s: {a: 1, b: 1, c: 1}}\n');
    expect((await read('x', 'production')).value).toEqual({ s: { a: 2, b: 3, c: 1 } });
  });

  it('lays further layers over the files', async () => {
    write('x.yaml', 'default: {a: 1, b: 1}\n');
    const layersOver = () => [{ name: 'environment', value: { b: 2 } }];
    const { value, origins } = await createConfigSource({ configDir, environment: 'x', layersOver }).pluginConfig('x');
    expect(value).toEqual({ a: 1, b: 2 });
    expect(origins.get('/b')).toEqual({ layer: 'environment' });
  });

  it('sees changed files once it is told to', async () => {
    write('x.yaml', 'default: {a: 1}');
    const source = createConfigSource({ configDir, environment: 'x' });
    expect((await source.pluginConfig('x')).value).toEqual({ a: 1 });
    write('x.yaml', 'default: {a: 2}');
    expect((await source.pluginConfig('x')).value).toEqual({ a: 1 });
    source.refresh();
    expect((await source.pluginConfig('x')).value).toEqual({ a: 2 });
  });

  it.each([
    ['default: [1]\n', 'BP_CONFIG_SHAPE', 1],
    ['default: {}\nproduction: 3\n', 'BP_CONFIG_SHAPE', 2],
    ['- a\n', 'BP_CONFIG_SHAPE', 1],
    ['default:\n  enabled: "yes"\n', 'BP_CONFIG_SETTING_INVALID', 2],
    ['default:\n  a: 1\n  version: newest\n', 'BP_CONFIG_SETTING_INVALID', 3],
    ['default:\n  a: 1\n  a: 2\n', 'BP_YAML_REFUSED', 3],
    ['default:\n  __proto__: {polluted: 1}\n', 'BP_YAML_REFUSED', 2],
    ['a: &a [*a]\n', 'BP_YAML_REFUSED', 1],
  ])('reports %j with its line', async (text, code, line) => {
    write('x.yaml', text);
    expect((await read('x')).problems).toMatchObject([{ code, line, file: path('x.yaml') }]);
    expect('polluted' in {}).toBe(false);
  });

  it('prints no line of a broken file, which may hold secrets', async () => {
    write('x.yaml', 'default:\n  password: "hunter2\n');
    const { problems } = await read('x');
    expect(problems).toMatchObject([{ code: 'BP_YAML_SYNTAX' }]);
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });

  it('quotes no value of a file, however it is broken', async () => {
    const damage = fc.constantFrom(
      '*',
      '&',
      '!',
      '@',
      '`',
      '%',
      '"',
      "'",
      '[',
      '{',
      '}',
      ']',
      ': ',
      '- ',
      '\n',
      '\t',
      '#',
      '|',
      '? ',
      ',',
      '\\',
      '<<: ',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(damage, { maxLength: 4 }),
        fc.array(damage, { maxLength: 3 }),
        async (before, after) => {
          write('x.yaml', `default:\n  password: ${before.join('')}hunter2${after.join('')}\n  other: 1\n`);
          const { problems } = await read('x');
          for (const { message, frame, hint } of problems) expect(`${message}${frame}${hint}`).not.toContain('hunter2');
        },
      ),
      { numRuns: 300, examples: [[['!'], ['!']]] },
    );
  });

  it('refuses a file over a mebibyte', async () => {
    write('x.yaml', `# ${'x'.repeat(1024 * 1024)}`);
    expect((await read('x')).problems).toMatchObject([{ code: 'BP_FILE_TOO_LARGE' }]);
  });

  it('reports a folder of configuration that is none', async () => {
    rmSync(path('.'), { recursive: true });
    writeFileSync(join(configDir, 'plugins'), '');
    expect((await read('x')).problems).toMatchObject([{ code: 'BP_CONFIG_FOLDER_UNREADABLE' }]);
  });
});

describe('validatePluginConfig', () => {
  const schema = {
    payment: {
      type: 'object',
      properties: {
        provider: { type: 'string', required: true, enum: ['stripe', 'adyen'] },
        threshold: { type: 'number' },
      },
    },
  };
  const validator = normalizeConfigSchema(schema as never);

  it('gives the frozen configuration', async () => {
    write('x.yaml', PAYMENT.replace('  fraud_detection_enabled: true\n', ''));
    const { config } = await validatePluginConfig(await read('x'), validator);
    expect(config).toEqual({ payment: { provider: 'stripe' } });
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('lists every issue with file, line, column, path, what was expected and what was meant', async () => {
    write('x.yaml', 'payment:\n  provider: strype\n  treshold: 3\nproduction:\n  payment:\n    threshold: high\n');
    const { error } = await validatePluginConfig(await read('x', 'production'), validator);
    expect(error).toMatchObject({ code: 'BP_CONFIG_INVALID', status: 422 });
    expect(error?.details.plugin).toBe('x');
    expect(error?.details.issues).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          path: ['payment', 'provider'],
          file: path('x.yaml'),
          line: 2,
          column: 3,
          expected: 'one of stripe, adyen',
          nearest: 'stripe',
        }),
        expect.objectContaining({ path: ['payment', 'treshold'], line: 3, column: 3, nearest: 'threshold' }),
        expect.objectContaining({ path: ['payment', 'threshold'], line: 6, column: 5, expected: 'a number' }),
      ]),
    );
    expect(error?.message).toContain(
      `${path('x.yaml')}:3:3 "payment.treshold" is not a known key. Did you mean "threshold"?`,
    );
    expect(JSON.stringify(error?.details)).not.toContain('strype');
    expect(structuredClone(error?.details)).toEqual(error?.details);
  });

  it('points at the map in which a key is missing', async () => {
    write('x.yaml', 'default:\n  payment:\n    threshold: 3\n');
    const { error } = await validatePluginConfig(await read('x'), validator);
    expect(error?.details.issues).toMatchObject([
      { path: ['payment', 'provider'], line: 2, message: '"payment.provider" is missing.' },
    ]);
  });

  it('reports a file that could not be read, and not what is missing because of it', async () => {
    write('x.yaml', 'default: {b: 1\n');
    const { error } = await validatePluginConfig(
      await read('x'),
      normalizeConfigSchema({ a: { type: 'string', required: true } }),
    );
    expect(error?.details.issues).toMatchObject([{ file: path('x.yaml'), line: 2 }]);
  });

  it('says that the schema is broken where it is', async () => {
    const { error } = await validatePluginConfig(await read('x'), normalizeConfigSchema({ type: 'strin' } as never));
    expect(error?.code).toBe('BP_CONFIG_SCHEMA_INVALID');
  });
});
