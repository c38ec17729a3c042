import { type Static, Type } from 'typebox';

const Timestamp = Type.String({ format: 'date-time' });
const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);

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
      held: Type.Array(Type.Object({ label: Type.String(), reason: Type.String() })),
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
      }),
    ),
    services: Type.Record(Type.String(), ServiceHealth),
  },
  { additionalProperties: true },
);
export type PluginHealthBody = Static<typeof PluginHealthBody>;

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
