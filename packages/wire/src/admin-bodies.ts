import { type Static, Type } from 'typebox';
import { DifferenceBody, Json, NewHookBody, Text } from './api-bodies.ts';
import { Nullable, Timestamp } from './management-bodies.ts';

/** A revision in `GET /api/v1/admin/revisions`. */
export const RevisionBody = Type.Object({
  revision: Type.Integer({ minimum: 0 }),
  parent: Nullable(Type.Integer()),
  author: Type.String(),
  comment: Type.String(),
  created_at: Timestamp,
});
export type RevisionBody = Static<typeof RevisionBody>;

export const RevisionPageBody = Type.Object({
  current: Type.Integer(),
  items: Type.Array(RevisionBody, { description: 'Newest first.' }),
  next_cursor: Nullable(Type.String()),
});
export type RevisionPageBody = Static<typeof RevisionPageBody>;

const WantedPluginBody = Type.Object(
  {
    enabled: Type.Optional(Type.Boolean()),
    config: Type.Optional(Type.Record(Type.String(), Json)),
    hooks: Type.Optional(Type.Array(NewHookBody)),
  },
  { additionalProperties: false },
);

/** What is said of plugins over their files: in `GET /api/v1/admin/revisions/N`, and in a file that is applied. */
export const StateBody = Type.Object(
  { plugins: Type.Record(Type.String({ maxLength: 63 }), WantedPluginBody) },
  { additionalProperties: false, description: 'A secret is shown as ***; given back as ***, it stays what it is.' },
);
export type StateBody = Static<typeof StateBody>;

export const RevisionStateBody = Type.Object({ ...RevisionBody.properties, state: StateBody });
export type RevisionStateBody = Static<typeof RevisionStateBody>;

/** `GET /api/v1/admin/state`. */
export const DesiredStateBody = Type.Object({
  ...RevisionStateBody.properties,
  behind: Nullable(
    Type.Object(
      { revision: Type.Integer(), reason: Type.String() },
      { description: 'What another host has made to run, and why it does not run on this one.' },
    ),
  ),
});
export type DesiredStateBody = Static<typeof DesiredStateBody>;

/** `GET /api/v1/admin/revisions/N/diff`. */
export const RevisionDiffBody = Type.Object({
  from: Type.Integer(),
  to: Type.Integer(),
  differences: Type.Array(DifferenceBody),
});
export type RevisionDiffBody = Static<typeof RevisionDiffBody>;

/** `POST /api/v1/admin/apply`, and where it can be asked for. */
export const OperationBody = Type.Object({
  id: Type.String(),
  kind: Type.String(),
  status: Type.Enum(['waiting', 'running', 'applied', 'returned', 'failed']),
  requested_by: Type.String(),
  result: Type.Unknown({ description: 'A change, or the problem it ended with.' }),
  created_at: Timestamp,
  finished_at: Nullable(Timestamp),
});
export type OperationBody = Static<typeof OperationBody>;

export const OperationPageBody = Type.Object({ items: Type.Array(OperationBody) });
export type OperationPageBody = Static<typeof OperationPageBody>;

/** A line in `GET /api/v1/plugins/logs`, and the data of a `line` in its stream. */
export const LogLineBody = Type.Object({
  id: Nullable(Type.Integer({ description: 'Null in the stream.' })),
  time: Timestamp,
  level: Type.String(),
  namespace: Type.String(),
  plugin: Nullable(Type.String({ description: 'Null for lines of the host.' })),
  message: Type.String(),
  fields: Type.Record(Type.String(), Json),
  trace_id: Nullable(Type.String()),
});
export type LogLineBody = Static<typeof LogLineBody>;

export const LogPageBody = Type.Object({
  items: Type.Array(LogLineBody, { description: 'Newest first.' }),
  next_cursor: Nullable(Type.String()),
});
export type LogPageBody = Static<typeof LogPageBody>;

/** A row in `GET /api/v1/admin/audit`. */
export const AuditRecordBody = Type.Object({
  sequence: Type.Integer({ minimum: 1 }),
  time: Timestamp,
  actor: Type.String(),
  origin: Type.String(),
  action: Type.String(),
  target: Type.String(),
  before: Json,
  after: Json,
  hash: Type.String(),
});
export type AuditRecordBody = Static<typeof AuditRecordBody>;

export const AuditPageBody = Type.Object({
  items: Type.Array(AuditRecordBody, { description: 'Newest first.' }),
  next_cursor: Nullable(Type.String()),
});
export type AuditPageBody = Static<typeof AuditPageBody>;

/** `POST /api/v1/admin/audit/verify`. */
export const AuditVerdictBody = Type.Object({
  ok: Type.Boolean(),
  node: Type.String(),
  rows: Type.Integer({ description: 'That were read.' }),
  last_sequence: Type.Integer(),
  last_hash: Type.String(),
  heads: Type.Integer({ description: 'Signed heads that agree with the rows.' }),
  anchored: Nullable(Type.Integer({ description: 'The last row that was anchored outside of the database.' })),
  uncovered: Type.Integer({ description: 'Rows at the end that no signed head covers yet.' }),
  torn_lines: Type.Array(Type.Integer()),
  problems: Type.Array(
    Type.Object({
      kind: Type.String(),
      sequence: Type.Integer(),
      through: Type.Integer(),
      message: Type.String(),
    }),
  ),
  more: Type.Integer({ description: 'Problems that are not named.' }),
});
export type AuditVerdictBody = Static<typeof AuditVerdictBody>;

/** `GET /api/v1/admin/config`. */
export const EffectiveConfigBody = Type.Object({
  plugins: Type.Array(
    Type.Object({
      plugin: Type.String(),
      enabled: Type.Boolean(),
      values: Type.Array(
        Type.Object({
          key: Type.String(),
          value: Type.Unknown({ description: '*** for a secret.' }),
          layer: Type.String(),
          place: Nullable(Type.String({ description: 'FILE:LINE:COLUMN, or the environment variable.' })),
          hidden: Type.Array(Type.Object({ layer: Type.String(), place: Nullable(Type.String()) }), {
            description: 'Lower layers that set it, too.',
          }),
        }),
      ),
      problems: Type.Array(Type.String()),
    }),
  ),
});
export type EffectiveConfigBody = Static<typeof EffectiveConfigBody>;

/** Facts of a diagnostic page, which grow with the host. */
export const FactsBody = Type.Object({}, { additionalProperties: true });
export type FactsBody = Static<typeof FactsBody>;

/** `PUT /api/v1/admin/log-levels`. */
export const LogLevelBody = Type.Object(
  {
    namespace: Text(200, { description: 'It and all below it; empty for everything.' }),
    level: Nullable(Type.Enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])),
  },
  { additionalProperties: false },
);
export type LogLevelBody = Static<typeof LogLevelBody>;
