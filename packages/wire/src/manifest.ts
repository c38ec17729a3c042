import Type, { type Static } from 'typebox';
import { PLUGIN_NAME_PATTERN } from './plugin-name.ts';
import { reservedSpellings } from './reserved-names.ts';

export const MANIFEST_SCHEMA_ID = 'urn:backplane:schema:plugin';

const PLUGIN_TYPES = [
  'communication',
  'billing',
  'networking',
  'authentication',
  'monitoring',
  'integration',
  'utility',
  'custom',
] as const;
const KINDS = ['service', 'middleware', 'event_handler', 'health', 'metrics', 'infrastructure', 'security'] as const;

const SEMVER =
  '^(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)(-[0-9A-Za-z-]+(\\.[0-9A-Za-z-]+)*)?(\\+[0-9A-Za-z-]+(\\.[0-9A-Za-z-]+)*)?$';

/** A closed object whose misspelt keys are found. */
const closed = { additionalProperties: false } as const;
const oneOf = <const V extends readonly string[]>(values: V, description: string) =>
  Type.Unsafe<V[number]>({ type: 'string', enum: values, description });
const range = (description: string) => Type.String({ description, examples: ['^1.2.0', '>=1.0.0 <3.0.0', '*'] });
const milliseconds = (description: string) => Type.Optional(Type.Integer({ minimum: 1, description }));

const Name = (description: string) =>
  Type.Unsafe<string>({
    type: 'string',
    pattern: PLUGIN_NAME_PATTERN,
    not: { enum: reservedSpellings() },
    description,
  });

/** Names are read in any case: those in lower case come first, so that editors offer them. */
const PluginTypeInAnyCase = Type.Unsafe<string>({
  description: 'Its shelf in the catalogue; read in any case. Default: custom.',
  anyOf: [
    { type: 'string', enum: PLUGIN_TYPES },
    { type: 'string', pattern: `^(${PLUGIN_TYPES.map(anyCase).join('|')})$` },
  ],
});

function anyCase(word: string): string {
  return word.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}

const Dependency = Type.Object(
  {
    name: Name('Name or alias of the other plugin.'),
    range: Type.Optional(range('Versions of it that will do, as a semver range. Default: any.')),
    version: Type.Optional(range('The same as range.')),
    optional: Type.Optional(
      Type.Boolean({ description: 'Ordered when it is there, not missed when it is not. Default: false.' }),
    ),
  },
  closed,
);

const Dependencies = Type.Unsafe<Record<string, string> | (string | Static<typeof Dependency>)[]>({
  description:
    'Plugins that must run first: a map from name to semver range, or a list of names or of { name, range, optional }.',
  anyOf: [
    {
      type: 'object',
      propertyNames: Name('Name or alias of the other plugin.'),
      additionalProperties: range('A semver range.'),
    },
    { type: 'array', items: { anyOf: [Name('Name or alias of the other plugin.'), Dependency] } },
  ],
});

const Limits = Type.Object(
  {
    initialize_ms: milliseconds('Milliseconds for initialize. Default: 30000.'),
    start_ms: milliseconds('Milliseconds for start. Default: 30000.'),
    stop_ms: milliseconds('Milliseconds for stop. Default: 10000.'),
    health_ms: milliseconds('Milliseconds for one health check. Default: 5000.'),
    reconfigure_ms: milliseconds('Milliseconds for taking new configuration in place. Default: 10000.'),
    drain_ms: milliseconds(
      'How long, in milliseconds, calls may go on in a version that was replaced. Default: 30000.',
    ),
  },
  { ...closed, description: 'Milliseconds each step may take before it has failed.' },
);

const text = (description: string) => Type.Optional(Type.String({ description }));

/** `plugin.yaml`. The one source of its type, its published JSON Schema and its check. */
export const ManifestSchema = Type.Object(
  {
    name: Name('Name of the plugin, also its path and its key in configuration. Kebab-case; _ is read as -.'),
    version: Type.String({ pattern: SEMVER, description: 'Semantic version, in quotes.', examples: ['1.0.0'] }),
    display_name: text('Name for people. Default: the name.'),
    description: text('One sentence: what the plugin does.'),
    author: text('Who wrote it.'),
    license: text('SPDX licence expression.'),
    aliases: Type.Optional(
      Type.Array(Name('Another name.'), { description: 'Other names for files, configuration keys and paths.' }),
    ),
    plugin_type: Type.Optional(PluginTypeInAnyCase),
    kinds: Type.Optional(
      Type.Array(oneOf(KINDS, 'One kind.'), {
        description: 'What the plugin does besides being one; several are possible.',
      }),
    ),
    phase: Type.Optional(
      oneOf(
        ['infrastructure', 'security', 'middleware', 'business'],
        'When it starts: phases run in this order. Default: business.',
      ),
    ),
    priority: Type.Optional(Type.Number({ description: 'Order inside the phase, lower first. Default: 100.' })),
    entry_point: Type.Optional(
      Type.String({
        pattern: '.',
        description:
          'File inside the folder, export, or both, such as ./plugin.ts#PaymentPlugin. Default: plugin.ts, .mts, .js, .mjs, index.ts, index.js, src/plugin.ts or dist/plugin.js.',
        examples: ['./plugin.ts', './plugin.ts#PaymentPlugin', 'PaymentPlugin'],
      }),
    ),
    dependencies: Type.Optional(Dependencies),
    provides: Type.Optional(
      Type.Array(Type.String({ pattern: '.', description: 'Id of a service, such as trust-pki.document_signer.' }), {
        description: 'Ids of the services it offers to other plugins.',
      }),
    ),
    config_schema: Type.Optional(
      Type.Unknown({
        description:
          'Schema of its configuration: a JSON Schema, or a map of properties with required and encrypted in each.',
      }),
    ),
    replace: Type.Optional(
      oneOf(
        ['beside', 'stop-first'],
        'How a new version takes over: beside the old one (default), or after it has stopped.',
      ),
    ),
    limits: Type.Optional(Limits),
    isolation: Type.Optional(
      oneOf(
        ['inline', 'thread', 'process'],
        'Where it runs: in the host, in a thread, or in a process of its own. Default: as the host is configured.',
      ),
    ),
    metrics_prefix: Type.Optional(
      Type.String({
        pattern: '^[a-zA-Z_:][a-zA-Z0-9_:]*$',
        description: 'First part of the names of its metrics.',
        examples: ['marty_pki'],
      }),
    ),
    enabled: Type.Optional(
      Type.Boolean({ description: 'Whether it runs unless configuration says otherwise. Default: true.' }),
    ),
    backplane: Type.Optional(range('Versions of Backplane it works with, as a semver range. Default: any.')),
    permissions: Type.Optional(
      Type.Unsafe<Record<string, unknown>>({
        type: 'object',
        description: 'What it asks to reach: network, files, services, topics, tables.',
      }),
    ),
  },
  {
    ...closed,
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: MANIFEST_SCHEMA_ID,
    title: 'Backplane plugin manifest',
    description: 'plugin.yaml: what can be known of a plugin without running its code.',
  },
);

/** A `plugin.yaml` that has been checked. */
export type PluginManifest = Static<typeof ManifestSchema>;
