import { type Static, Type } from 'typebox';

export const Timestamp = Type.String({ format: 'date-time' });
export const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()]);

const HealthStatus = Type.Union([Type.Literal('healthy'), Type.Literal('degraded'), Type.Literal('unhealthy')]);

const ServiceHealth = Type.Object({ status: HealthStatus, message: Type.Optional(Type.String()) });

/** `GET /health`. `plugin` and `services` are there when exactly one domain plugin runs. */
export const HealthBody = Type.Object({
  status: HealthStatus,
  plugin: Type.Optional(Type.String({ description: 'Display name of the one domain plugin.' })),
  services: Type.Optional(Type.Record(Type.String(), ServiceHealth)),
  plugins: Type.Record(
    Type.String(),
    Type.Object({ status: HealthStatus, state: Type.String(), message: Type.Optional(Type.String()) }),
  ),
});
export type HealthBody = Static<typeof HealthBody>;

/** `GET /ready`. */
export const ReadyBody = Type.Object({
  status: Type.Union([Type.Literal('ready'), Type.Literal('not_ready')]),
  reason: Type.Optional(Type.String()),
});
export type ReadyBody = Static<typeof ReadyBody>;

const FailureBody = Type.Object({ code: Type.String(), message: Type.String(), stack: Nullable(Type.String()) });

const ConditionBody = Type.Object(
  {
    plugins: Type.Optional(Type.Array(Type.String())),
    methods: Type.Optional(Type.Array(Type.String())),
    paths: Type.Optional(Type.Array(Type.String())),
  },
  { description: 'Which requests it is for: all that is given must be met.' },
);

const PassesOver = Type.Array(Type.String(), {
  description: 'Plugins whose requests it cannot see, although it is for them: they are parsed in another process.',
});

/** Where one handler of a plugin stands among all handlers of an extension point. */
export const PlaceBody = Type.Object({
  extension_point: Type.String(),
  handler: Type.String(),
  place: Type.Integer({ minimum: 1, description: 'Counted in the order in which they run.' }),
  of: Type.Integer({ minimum: 1 }),
  when: Nullable(Type.Union([ConditionBody, Type.Record(Type.String(), Type.Unknown())])),
  passes_over: PassesOver,
});
export type PlaceBody = Static<typeof PlaceBody>;

/** One plugin in `GET /plugins/status`. */
export const PluginStatusBody = Type.Object({
  name: Type.String(),
  display_name: Type.String(),
  version: Nullable(Type.String()),
  description: Type.String(),
  plugin_type: Type.String({ description: 'In capitals.' }),
  kinds: Type.Array(Type.String()),
  phase: Type.String(),
  priority: Type.Number(),
  isolation: Type.String(),
  origin: Type.String(),
  state: Type.String(),
  since: Timestamp,
  reason: Type.String(),
  failure: Nullable(FailureBody),
  retry_at: Nullable(Timestamp),
  instance: Nullable(Type.Integer()),
  in_flight: Type.Integer(),
  services: Type.Array(Type.String()),
  dependencies: Type.Array(Type.String()),
  dependents: Type.Array(Type.String()),
  handlers: Type.Array(PlaceBody, { description: 'Its handlers at extension points, such as middleware.' }),
  holds: Type.Array(Type.String({ description: 'An effect that the plugin has registered.' })),
  draining: Type.Array(Type.Object({ version: Type.String(), instance: Type.Integer(), in_flight: Type.Integer() })),
  last_change: Nullable(
    Type.Object({
      outcome: Type.String(),
      at: Timestamp,
      version: Nullable(Type.String()),
      failure: Nullable(FailureBody),
    }),
  ),
  history: Type.Array(
    Type.Object({
      at: Timestamp,
      state: Type.String(),
      version: Nullable(Type.String()),
      reason: Nullable(Type.String()),
    }),
  ),
  receipts: Type.Array(
    Type.Object({
      version: Type.String(),
      instance: Type.Integer(),
      unloaded_at: Timestamp,
      drained_ms: Type.Number(),
      calls_ended: Type.Integer(),
      held: Type.Array(
        Type.Object({
          kind: Type.String({ description: 'effect, timer, listener, socket, server, handle, module or global.' }),
          label: Type.String(),
          reason: Type.String({ description: 'Why it is held, and how to mend that.' }),
          made_at: Nullable(Type.String({ description: 'File, line and column.' })),
        }),
      ),
      problems: Type.Array(Type.String()),
    }),
  ),
});
export type PluginStatusBody = Static<typeof PluginStatusBody>;

/** `GET /plugins/status`. */
export const PluginsStatusBody = Type.Object({
  generation: Type.Integer(),
  ready: Type.Boolean(),
  plugins: Type.Array(PluginStatusBody),
});
export type PluginsStatusBody = Static<typeof PluginsStatusBody>;

/** One handler in `GET /extension-points`. */
export const HandlerBody = Type.Object({
  plugin: Type.String(),
  name: Type.String(),
  phase: Type.String(),
  priority: Type.Number({ description: 'Lower runs first, inside a phase.' }),
  form: Nullable(Type.String({ description: 'Of middleware: hooks or around.' })),
  when: Nullable(Type.Union([ConditionBody, Type.Record(Type.String(), Type.Unknown())])),
  passes_over: PassesOver,
  left_out: Nullable(Type.String({ description: 'Why it takes no part.' })),
  calls: Nullable(Type.Integer({ description: 'Null where they are not counted.' })),
  failures: Nullable(Type.Integer()),
  mean_ms: Nullable(Type.Number({ description: 'Of calls that were timed: one in a second at most.' })),
  longest_ms: Nullable(Type.Number()),
  last_failure: Nullable(Type.Object({ at: Timestamp, code: Type.String(), message: Type.String() })),
});
export type HandlerBody = Static<typeof HandlerBody>;

/** One extension point in `GET /extension-points`. */
export const ExtensionPointBody = Type.Object({
  name: Type.String(),
  type: Type.Union([Type.Literal('filter'), Type.Literal('action'), Type.Literal('event'), Type.Literal('gate')]),
  version: Type.String(),
  owner: Type.String({ description: 'The plugin, or host.' }),
  description: Type.String(),
  parameters: Type.Record(Type.String(), Type.Unknown(), {
    description: 'In order: the JSON Schema of each, or the name of its type.',
  }),
  return_type: Type.Unknown({ description: 'A JSON Schema, or the name of a type.' }),
  sync: Type.Boolean({ description: 'Handlers answer at once.' }),
  failure: Type.Union([Type.Literal('stop'), Type.Literal('skip')], {
    description: 'What becomes of a dispatch when a handler fails.',
  }),
  timeout_ms: Nullable(Type.Number({ description: 'That a handler may take, unless it says otherwise.' })),
  dispatches: Nullable(Type.Integer({ description: 'Null where they are not counted.' })),
  handlers: Type.Array(HandlerBody, { description: 'In the order in which they run.' }),
});
export type ExtensionPointBody = Static<typeof ExtensionPointBody>;

/** `GET /extension-points`. */
export const ExtensionPointsBody = Type.Object({
  generation: Type.Integer(),
  extension_points: Type.Array(ExtensionPointBody),
});
export type ExtensionPointsBody = Static<typeof ExtensionPointsBody>;

/** `GET /plugins/NAME/health`. Facts of the plugin's own stand beside these members. */
export const PluginHealthBody = Type.Object(
  {
    plugin: Type.String(),
    status: HealthStatus,
    state: Type.String(),
    version: Nullable(Type.String()),
    message: Type.Optional(Type.String()),
    checks: Type.Array(
      Type.Object({
        name: Type.String(),
        status: Type.Union([Type.Literal('pass'), Type.Literal('warn'), Type.Literal('fail')]),
        message: Type.Optional(Type.String()),
        details: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
        duration_ms: Type.Optional(Type.Number({ description: 'What the check took.' })),
        age_ms: Type.Optional(Type.Number({ description: 'Since it ended.' })),
      }),
    ),
    services: Type.Record(Type.String(), ServiceHealth),
  },
  { additionalProperties: true },
);
export type PluginHealthBody = Static<typeof PluginHealthBody>;

/** `GET /plugins/NAME/why`. */
export const WhyBody = Type.Object({
  plugin: Type.String(),
  state: Type.String(),
  healthy: Type.Boolean({ description: 'It runs, and says that it is well.' }),
  since: Timestamp,
  summary: Type.String({ description: 'One sentence.' }),
  because: Type.Array(Type.String(), {
    description: 'What lies behind it; the root is the last of the plugins it waits for.',
  }),
  code: Nullable(Type.String()),
  place: Nullable(Type.String({ description: 'FILE:LINE:COLUMN that is at fault.' })),
  next: Type.String({ description: 'What will happen by itself.' }),
  mend: Type.Array(Type.String(), { description: 'What to do, in order.' }),
});
export type WhyBody = Static<typeof WhyBody>;

/** `GET /plugins/metrics`: values by name, by plugin. */
export const PluginMetricsBody = Type.Object({
  plugins: Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown())),
});
export type PluginMetricsBody = Static<typeof PluginMetricsBody>;

/** `POST /plugins/NAME/reload`, when the new version serves. */
export const ReloadBody = Type.Object({
  plugin: Type.String(),
  outcome: Type.Literal('applied'),
  from_version: Nullable(Type.String()),
  to_version: Nullable(Type.String()),
  generation: Type.Integer(),
  took_ms: Type.Number({ description: 'From the beginning of the work to the swap.' }),
});
export type ReloadBody = Static<typeof ReloadBody>;
