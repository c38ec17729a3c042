import { type Static, type TSchema, Type } from 'typebox';
import { Nullable, Timestamp } from './management-bodies.ts';

export const Json = Type.Unknown({ description: 'Any JSON value.' });
export const Text = (most: number, more: object = {}) => Type.String({ maxLength: most, ...more });

/** One page of a list. */
const pageOf = <T extends TSchema>(item: T) =>
  Type.Object({
    items: Type.Array(item),
    total: Type.Integer({ minimum: 0, description: 'How many there are, on all pages.' }),
    next_cursor: Nullable(Type.String({ description: 'Give it as `cursor` to have the next page.' })),
  });

/** A plugin as the API shows it. */
export const PluginBody = Type.Object({
  id: Type.Integer({ minimum: 1 }),
  name: Type.String(),
  display_name: Type.String(),
  description: Type.String(),
  version: Type.String(),
  author: Type.String(),
  plugin_type: Type.String({ description: 'In capitals.' }),
  module_path: Nullable(Type.String()),
  entry_point: Nullable(Type.String()),
  config_schema: Nullable(Json),
  enabled: Type.Boolean(),
  status: Type.String({ description: 'running, stopped, disabled, refused, blocked, failed, quarantined, …' }),
  reason: Type.String(),
  phase: Type.String(),
  priority: Type.Number(),
  isolation: Type.String(),
  origin: Type.String(),
  services: Type.Array(Type.String()),
  dependencies: Type.Array(
    Type.Object({ name: Type.String(), version: Type.String(), optional: Type.Boolean(), satisfied: Type.Boolean() }),
  ),
  created_at: Timestamp,
  updated_at: Timestamp,
});
export type PluginBody = Static<typeof PluginBody>;

/** `GET /api/v1/plugins/`. */
export const PluginPageBody = pageOf(PluginBody);
export type PluginPageBody = Static<typeof PluginPageBody>;

const described = {
  display_name: Type.Optional(Text(200)),
  description: Type.Optional(Text(4000)),
  version: Type.Optional(Text(100)),
  author: Type.Optional(Text(200)),
  plugin_type: Type.Optional(Text(40, { description: 'In any case.' })),
  config_schema: Type.Optional(Nullable(Type.Record(Type.String(), Json))),
};

/** `POST /api/v1/plugins/`. */
export const NewPluginBody = Type.Object(
  {
    name: Text(63, { minLength: 1 }),
    ...described,
    module_path: Text(500, { minLength: 1, description: 'A module below a plugin folder: `plugins.payments`.' }),
    entry_point: Text(200, { minLength: 1, description: 'The export that is the plugin.' }),
    enabled: Type.Optional(Type.Boolean({ default: true })),
    config: Type.Optional(Type.Record(Type.String(), Json)),
  },
  { additionalProperties: false },
);
export type NewPluginBody = Static<typeof NewPluginBody>;

/** `PUT /api/v1/plugins/ID`: what is left out stays. */
export const PluginUpdateBody = Type.Object(
  { ...described, enabled: Type.Optional(Type.Boolean()) },
  { additionalProperties: false },
);
export type PluginUpdateBody = Static<typeof PluginUpdateBody>;

/** `POST /api/v1/plugins/install`. */
export const InstallBody = Type.Object(
  {
    source: Text(4000, { minLength: 1, description: 'A folder of this machine, as an absolute path.' }),
    enabled: Type.Optional(Type.Boolean({ default: true })),
    config: Type.Optional(Type.Record(Type.String(), Json)),
  },
  { additionalProperties: false },
);
export type InstallBody = Static<typeof InstallBody>;

export const DifferenceBody = Type.Object({
  plugin: Type.String(),
  key: Type.String(),
  before: Type.Unknown({ description: 'Null where there was nothing; *** for a secret.' }),
  after: Type.Unknown({ description: 'Null where there is nothing; *** for a secret.' }),
});

const StepBody = Type.Object({
  plugin: Type.String(),
  action: Type.String({ description: 'add, replace, configure, remove or keep.' }),
  from_version: Nullable(Type.String()),
  to_version: Nullable(Type.String()),
  reason: Type.String(),
  outcome: Nullable(Type.String({ description: 'Null in a plan.' })),
});

/** What a change does, or would do. */
export const ChangeBody = Type.Object({
  dry_run: Type.Boolean(),
  revision: Type.Integer({ minimum: 0, description: 'That is to run; in a plan, the one it was made for.' }),
  generation: Nullable(Type.Integer({ description: 'Null where nothing that runs was concerned.' })),
  differences: Type.Array(DifferenceBody),
  steps: Type.Array(StepBody),
  took_ms: Nullable(Type.Number()),
});
export type ChangeBody = Static<typeof ChangeBody>;

/** A change of one plugin, and the plugin after it. */
export const PluginChangeBody = Type.Object({ plugin: Nullable(PluginBody), change: ChangeBody });
export type PluginChangeBody = Static<typeof PluginChangeBody>;

/** `POST /api/v1/plugins/ID/execute`. */
export const ExecuteBody = Type.Object(
  {
    method: Text(200, { minLength: 1, description: '`charge`, or with its service `payments.gateway.charge`.' }),
    service: Type.Optional(Text(200)),
    args: Type.Optional(Type.Array(Json, { maxItems: 100 })),
    parameters: Type.Optional(
      Type.Record(Type.String(), Json, { description: 'In place of `args`: one object as the only argument.' }),
    ),
  },
  { additionalProperties: false },
);
export type ExecuteBody = Static<typeof ExecuteBody>;

export const ExecutedBody = Type.Object({
  plugin: Type.String(),
  service: Type.String(),
  method: Type.String(),
  result: Json,
  took_ms: Type.Number(),
});
export type ExecutedBody = Static<typeof ExecutedBody>;

/** One key that was set over the files. */
export const ConfigurationBody = Type.Object({
  id: Type.Integer({ minimum: 1 }),
  key: Type.String(),
  value: Type.Unknown({ description: '*** where it is encrypted.' }),
  encrypted: Type.Boolean(),
  created_at: Timestamp,
  updated_at: Timestamp,
});
export type ConfigurationBody = Static<typeof ConfigurationBody>;

/** A key that was set, and what that did. */
export const ConfigurationCreatedBody = Type.Object({ ...ConfigurationBody.properties, change: ChangeBody });
export type ConfigurationCreatedBody = Static<typeof ConfigurationCreatedBody>;

export const ConfigurationPageBody = pageOf(ConfigurationBody);
export type ConfigurationPageBody = Static<typeof ConfigurationPageBody>;

const encrypted = Type.Optional(
  Type.Boolean({ description: 'Seals the value, also where the schema does not ask for it.' }),
);

/** `POST /api/v1/plugins/ID/config`. */
export const NewConfigurationBody = Type.Object(
  { key: Text(200, { minLength: 1, description: 'As a path: `pkd.urls`.' }), value: Json, encrypted },
  { additionalProperties: false },
);
export type NewConfigurationBody = Static<typeof NewConfigurationBody>;

/** `PUT /api/v1/plugins/ID/config/CONFIG_ID`. */
export const ConfigurationUpdateBody = Type.Object({ value: Json, encrypted }, { additionalProperties: false });
export type ConfigurationUpdateBody = Static<typeof ConfigurationUpdateBody>;

/** `PUT /api/v1/plugins/ID/config`: in place of all that was set before. */
export const WholeConfigurationBody = Type.Object(
  { config: Type.Record(Type.String(), Json) },
  { additionalProperties: false },
);
export type WholeConfigurationBody = Static<typeof WholeConfigurationBody>;

export const HookTypeBody = Type.Union([Type.Literal('action'), Type.Literal('filter'), Type.Literal('event')]);

/** A hook that was registered through the API. */
export const HookBody = Type.Object({
  id: Type.Integer({ minimum: 1 }),
  hook_name: Type.String(),
  hook_type: HookTypeBody,
  callback_method: Type.String(),
  priority: Type.Integer(),
  conditions: Json,
  description: Type.String(),
  active: Type.Boolean(),
  created_at: Timestamp,
});
export type HookBody = Static<typeof HookBody>;

export const HookPageBody = pageOf(HookBody);
export type HookPageBody = Static<typeof HookPageBody>;

/** `POST /api/v1/plugins/ID/hooks`. */
export const NewHookBody = Type.Object(
  {
    hook_name: Text(200, { minLength: 1 }),
    hook_type: HookTypeBody,
    callback_method: Text(200, { minLength: 1 }),
    priority: Type.Optional(
      Type.Integer({ minimum: -1_000_000, maximum: 1_000_000, default: 100, description: 'Lower runs first.' }),
    ),
    conditions: Type.Optional(Nullable(Type.Record(Type.String(), Json))),
    description: Type.Optional(Text(4000)),
    active: Type.Optional(Type.Boolean({ default: true })),
  },
  { additionalProperties: false },
);
export type NewHookBody = Static<typeof NewHookBody>;

/** `GET /api/v1/plugins/stats`. */
export const PluginStatsBody = Type.Object({
  total: Type.Integer(),
  enabled: Type.Integer(),
  running: Type.Integer(),
  by_status: Type.Record(Type.String(), Type.Integer()),
  by_type: Type.Record(Type.String(), Type.Integer()),
  by_isolation: Type.Record(Type.String(), Type.Integer()),
  in_flight: Type.Integer({ description: 'Calls that are under way.' }),
  services: Type.Integer(),
  generation: Type.Integer(),
  revision: Type.Integer(),
});
export type PluginStatsBody = Static<typeof PluginStatsBody>;

export const RegistryEntryBody = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  version: Type.String(),
  display_name: Type.String(),
  description: Type.String(),
  author: Type.String(),
  plugin_type: Type.String(),
  source: Type.String(),
  digest: Nullable(Type.String()),
  published_at: Timestamp,
});
export type RegistryEntryBody = Static<typeof RegistryEntryBody>;

/** `GET /api/v1/plugins/registry`. */
export const RegistryPageBody = Type.Object({
  items: Type.Array(RegistryEntryBody),
  next_cursor: Nullable(Type.String()),
});
export type RegistryPageBody = Static<typeof RegistryPageBody>;

const template = {
  name: Text(63, { minLength: 1, pattern: '^[a-z][a-z0-9-]*$' }),
  display_name: Text(200),
  description: Text(4000),
  plugin_type: Text(40),
  files: Type.Record(Type.String({ maxLength: 500 }), Type.String(), { description: 'Text by path.' }),
};

export const TemplateBody = Type.Object({ id: Type.Integer(), ...template, created_at: Timestamp });
export type TemplateBody = Static<typeof TemplateBody>;

/** `GET /api/v1/plugins/templates`. */
export const TemplatePageBody = Type.Object({
  items: Type.Array(TemplateBody),
  next_cursor: Nullable(Type.String()),
});
export type TemplatePageBody = Static<typeof TemplatePageBody>;

/** `POST /api/v1/plugins/templates`. */
export const NewTemplateBody = Type.Object(
  {
    name: template.name,
    files: template.files,
    display_name: Type.Optional(template.display_name),
    description: Type.Optional(template.description),
    plugin_type: Type.Optional(template.plugin_type),
  },
  { additionalProperties: false },
);
export type NewTemplateBody = Static<typeof NewTemplateBody>;

/** `POST /api/v1/plugins/bulk`. */
export const BulkBody = Type.Object(
  {
    operation: Type.Enum(['enable', 'disable', 'reload', 'configure', 'delete']),
    plugin_ids: Type.Array(Type.Union([Type.Integer({ minimum: 1 }), Text(63, { minLength: 1 })]), {
      minItems: 1,
      maxItems: 1000,
      description:
        'Numbers or names. They are taken in the order of their dependencies, whatever order they are given in.',
    }),
    config: Type.Optional(
      Type.Record(Type.String(), Json, { description: 'For `configure`: keys that are set for each of them.' }),
    ),
    atomic: Type.Optional(Type.Boolean({ default: false, description: 'All of them as one change, or none.' })),
    dry_run: Type.Optional(Type.Boolean({ default: false })),
  },
  { additionalProperties: false },
);
export type BulkBody = Static<typeof BulkBody>;

export const BulkResultBody = Type.Object({
  operation: Type.String(),
  dry_run: Type.Boolean(),
  succeeded: Type.Integer(),
  failed: Type.Integer(),
  results: Type.Array(
    Type.Object({
      plugin_id: Type.Union([Type.Integer(), Type.String()], { description: 'As it was given.' }),
      plugin: Nullable(Type.String()),
      outcome: Type.Enum(['applied', 'planned', 'unchanged', 'failed', 'skipped']),
      code: Nullable(Type.String()),
      message: Nullable(Type.String()),
      steps: Type.Array(StepBody),
    }),
    { description: 'In the order in which they were taken.' },
  ),
});
export type BulkResultBody = Static<typeof BulkResultBody>;
