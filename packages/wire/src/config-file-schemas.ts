import type { JsonSchema } from '@backplane/plugin-api';

export const HOST_FILE_SCHEMA_ID = 'urn:backplane:schema:base';
export const PLUGIN_FILE_SCHEMA_ID = 'urn:backplane:schema:plugin-config';

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/** What the host reads of a plugin's block, wherever that stands. */
const HOST_KEYS = {
  enabled: { type: 'boolean', description: 'Whether the plugin runs.' },
  auto_load: { type: 'boolean', description: 'Whether it starts with the host.' },
  version: { type: 'string', description: 'A semver range that the loaded plugin must meet.', examples: ['^1.2.0'] },
  priority: { type: 'integer', description: 'Among plugins of one phase, lower first.' },
  service_integration: { type: 'boolean', description: 'false mounts none of its routes.' },
  trusted: {
    type: 'boolean',
    description: 'true runs it outside of the sandbox, where plugins.security.sandboxing is on.',
  },
  service: {
    type: 'object',
    description: 'The service that a plugin is generated into.',
    properties: { name: { type: 'string' }, port: { type: 'integer', minimum: 0, maximum: 65_535 } },
  },
} as const satisfies JsonSchema['properties'];

const FOLDERS = { type: 'array', items: { type: 'string' } } as const;

/** What is asked of every plugin that is found. */
const SECURITY = {
  type: 'object',
  description: 'What is asked of every plugin that is found.',
  properties: {
    require_signature: { type: 'boolean', description: 'true: only signed plugins run.' },
    sandboxing: {
      type: 'object',
      properties: {
        enabled: { type: 'boolean', description: 'true: plugins that are not trusted run in processes of their own.' },
        resource_limits: {
          type: 'object',
          properties: {
            memory_mb: { type: 'number', exclusiveMinimum: 0 },
            cpu_percent: { type: 'number', exclusiveMinimum: 0 },
          },
          additionalProperties: false,
        },
      },
      additionalProperties: false,
    },
  },
  additionalProperties: false,
} as const satisfies JsonSchema;

/** The block of one plugin: what the host reads, and what the plugin's own schema asks for. */
function block(own: JsonSchema | undefined, more: JsonSchema['properties'] = {}): JsonSchema {
  const { properties = {}, description } = own ?? {};
  return {
    type: 'object',
    ...(description !== undefined && { description }),
    // A file may say a part of it: what is required is asked of all layers together.
    properties: { ...HOST_KEYS, ...more, ...properties },
  };
}

const named = (plugins: Readonly<Record<string, JsonSchema | undefined>>, more?: JsonSchema['properties']) =>
  Object.fromEntries(Object.entries(plugins).map(([name, own]) => [name, block(own, more)]));

/** The schema of `base.yaml` and of the file of an environment, for editors; with what each of these plugins may be configured with. */
export function hostFileSchema(plugins: Readonly<Record<string, JsonSchema | undefined>> = {}): JsonSchema {
  const specific = {
    service_specific: {
      type: 'object',
      description: 'For the service called `name` alone.',
      properties: { name: { type: 'string' } },
    },
  } as const;
  return {
    $schema: DIALECT,
    $id: HOST_FILE_SCHEMA_ID,
    title: 'Configuration of a Backplane host',
    type: 'object',
    properties: {
      plugins: {
        type: 'object',
        description: 'Where plugins are found, and the configuration of each by its name.',
        properties: {
          enabled: { type: 'boolean', description: 'false: no plugins at all.' },
          auto_discovery: { type: 'boolean', description: 'false: plugins are not looked for.' },
          discovery_paths: { ...FOLDERS, description: 'Folders in which plugins are looked for.' },
          directories: { ...FOLDERS, description: 'The same as discovery_paths.' },
          config_dir: { type: 'string', description: "The folder of the plugins' own files." },
          security: SECURITY,
          ...named(plugins),
        },
        additionalProperties: block(undefined),
      },
      core: {
        type: 'object',
        properties: {
          api_gateway: {
            type: 'object',
            properties: {
              plugins: { type: 'object', properties: named(plugins), additionalProperties: block(undefined) },
            },
          },
        },
      },
      default_plugins: {
        type: 'array',
        description: 'Plugins of this service.',
        items: {
          type: 'object',
          properties: { name: { type: 'string' }, ...HOST_KEYS },
          required: ['name'],
        },
      },
      plugin_settings: {
        type: 'object',
        description: "Over the plugins' own files.",
        properties: named(plugins, specific),
        additionalProperties: block(undefined, specific),
      },
    },
  };
}

/** The schema of the file of one plugin, for editors. Environments are blocks, every other key is a section of the configuration. */
export function pluginFileSchema(own: JsonSchema | undefined, environments: readonly string[]): JsonSchema {
  const whole = block(own);
  return {
    $schema: DIALECT,
    $id: PLUGIN_FILE_SCHEMA_ID,
    title: 'Configuration of a Backplane plugin',
    type: 'object',
    properties: {
      ...whole.properties,
      default: { ...whole, description: 'For every environment.' },
      ...Object.fromEntries(
        environments.map((name) => [name, { ...whole, description: `Over the default, in ${name}.` }]),
      ),
    },
  };
}
