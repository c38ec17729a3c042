import { randomUUID } from 'node:crypto';
import { canonicalName, isBackplaneError, messageOf } from '@backplane/base';
import {
  type JsonValue,
  type Operation,
  type RevisionSummary,
  type StateEdit,
  type WantedPlugin,
  type WantedState,
  type WantedValue,
  withPlugin,
} from '@backplane/ports';
import type { OperationBody, RevisionBody, StateBody } from '@backplane/wire';
import { errors } from '../errors.ts';
import type { ApiParts } from './api-parts.ts';
import { type ApiRequest, type ApiRoute, changeQuery, pageQuery } from './api-route.ts';
import { change, outcomeBody, stepBody } from './change-body.ts';
import { refuseKey } from './config-routes.ts';
import { wantedHook } from './hook-routes.ts';
import { numberIn, writeCursor } from './pages.ts';
import { time } from './plugin-body.ts';

const HIDDEN = '***';

/** What is to run, as a whole: its history, what a change of it would do, and the way back. */
export function stateRoutes(parts: ApiParts): ApiRoute[] {
  const { desk, operations, control, audit } = parts;
  const tag = (revision: number) => `"r${revision}"`;

  /** The revision that a change was made for, where it says so. */
  function expectedBy({ ifMatch }: ApiRequest): number | undefined {
    if (ifMatch === undefined) return undefined;
    if (ifMatch.includes(tag(desk.current.id))) return desk.current.id;
    throw errors.BP_API_STALE({ what: 'what is to run', current: tag(desk.current.id) });
  }

  const applying = (request: ApiRequest): Pick<StateEdit, 'action' | 'target' | 'edit' | 'expected'> => ({
    action: 'state.apply',
    target: Object.keys((request.body as StateBody).plugins).join(', '),
    expected: expectedBy(request),
    edit: (state, seal) => stateOf(parts, state, request.body as StateBody, seal),
  });

  return [
    {
      method: 'GET',
      url: '/api/v1/admin/state',
      operationId: 'getState',
      summary: 'What is to run, over what the files say',
      answers: { 200: ['The newest revision.', 'DesiredState'] },
      async handle() {
        const { current, behind = null } = desk;
        return {
          body: { ...revisionBody(current), state: stateBody(current.state), behind },
          headers: { etag: tag(current.id) },
        };
      },
    },
    {
      method: 'GET',
      url: '/api/v1/admin/revisions',
      operationId: 'listRevisions',
      summary: 'Every change of what is to run, newest first',
      query: pageQuery(),
      answers: { 200: ['One page.', 'RevisionPage'] },
      async handle({ query: { limit, cursor } }) {
        const found = await desk.revisions({ before: numberIn(cursor), limit: limit + 1 });
        const items = found.slice(0, limit);
        const last = items.at(-1);
        const next_cursor = found.length > limit && last !== undefined ? writeCursor(last.id) : null;
        return { body: { current: desk.current.id, items: items.map(revisionBody), next_cursor } };
      },
    },
    {
      method: 'GET',
      url: '/api/v1/admin/revisions/:revision',
      operationId: 'getRevision',
      summary: 'One revision, with its state',
      answers: { 200: ['The revision.', 'RevisionState'] },
      async handle({ params }) {
        const found = await desk.revision(revisionIn(params.revision));
        return { body: { ...revisionBody(found), state: stateBody(found.state) } };
      },
    },
    {
      method: 'GET',
      url: '/api/v1/admin/revisions/:revision/diff',
      operationId: 'diffRevision',
      summary: 'What a revision changed, or in what it differs from another',
      query: {
        type: 'object',
        properties: {
          to: { type: 'integer', minimum: 0, description: 'Another revision. Default the one before it.' },
        },
        additionalProperties: false,
      } as never,
      answers: { 200: ['The differences.', 'RevisionDiff'] },
      async handle({ params, query }) {
        const one = await desk.revision(revisionIn(params.revision));
        const other = await desk.revision(query.to ?? one.parent ?? 0);
        const [from, to] = query.to === undefined ? [other, one] : [one, other];
        const differences = desk.differences(from.state, to.state);
        const shown = differences.map(({ plugin, key, before, after }) => {
          return { plugin, key, before: before ?? null, after: after ?? null };
        });
        return { body: { from: from.id, to: to.id, differences: shown } };
      },
    },
    {
      method: 'POST',
      url: '/api/v1/admin/revisions/:revision/rollback',
      operationId: 'rollBack',
      summary: 'Have run again what was to run at a revision',
      query: changeQuery,
      conditional: true,
      answers: { 200: ['The change.', 'Change'] },
      async handle(request) {
        const { id, state } = await desk.revision(revisionIn(request.params.revision));
        const comment = request.comment || `Back to revision ${id}`;
        const expected = expectedBy(request);
        const body = await change(
          parts,
          { ...request, comment },
          { action: 'state.rollback', target: `revision ${id}`, expected, edit: () => state },
        );
        return { body, headers: { etag: tag(desk.current.id) } };
      },
    },
    {
      method: 'POST',
      url: '/api/v1/admin/plan',
      operationId: 'planState',
      summary: 'What applying this would do; nothing is done',
      body: 'State',
      conditional: true,
      answers: { 200: ['The plan.', 'Change'] },
      handle: async (request) => ({ body: await change(parts, request, applying(request), true) }),
    },
    {
      method: 'POST',
      url: '/api/v1/admin/apply',
      operationId: 'applyState',
      summary: 'Have this said of the plugins it names, in place of what was said before',
      body: 'State',
      conditional: true,
      answers: { 202: ['It is under way: ask for the operation.', 'Operation'] },
      async handle(request) {
        const { author, origin, comment } = request;
        const edit: StateEdit = { author, origin, comment, ...applying(request) };
        const made = await operations.add({ id: randomUUID(), kind: 'state.apply', requestedBy: author });
        void carryOut(parts, made.id, edit);
        return {
          status: 202,
          body: operationBody(made),
          headers: { location: `/api/v1/admin/operations/${made.id}`, 'retry-after': '1' },
        };
      },
    },
    {
      method: 'POST',
      url: '/api/v1/admin/rescan',
      operationId: 'rescan',
      summary: 'Read the plugin folders and the files of configuration anew, and run what they say now',
      query: changeQuery,
      answers: { 200: ['What was done, or would be.', 'Change'] },
      async handle({ query, author: actor, origin }) {
        const none = { revision: desk.current.id, differences: [] };
        if (query.dry_run) {
          const steps = (await control.planRescan()).map(stepBody);
          return { body: { ...none, dry_run: true, generation: null, steps, took_ms: null } };
        }
        await audit.record({ actor, origin, action: 'files.rescan', target: 'plugin folders' });
        const { generation, steps, tookMs } = await control.rescan();
        return { body: { ...none, dry_run: false, generation, steps: steps.map(stepBody), took_ms: tookMs } };
      },
    },
    {
      method: 'GET',
      url: '/api/v1/admin/operations',
      operationId: 'listOperations',
      summary: 'What was asked for and is done one after the other, newest first',
      answers: { 200: ['At most a hundred.', 'OperationPage'] },
      handle: async () => ({ body: { items: (await operations.list(100)).map(operationBody) } }),
    },
    {
      method: 'GET',
      url: '/api/v1/admin/operations/:operation_id',
      operationId: 'getOperation',
      summary: 'What became of something that was asked for',
      answers: { 200: ['The operation.', 'Operation'] },
      async handle({ params }) {
        const found = await operations.get(params.operation_id as string);
        if (found === undefined) throw errors.BP_API_OPERATION_UNKNOWN({ operation: params.operation_id as string });
        return { body: operationBody(found) };
      },
    },
  ];
}

/** Never rejects: what went wrong is kept with the operation. */
async function carryOut({ desk, operations }: ApiParts, id: string, edit: StateEdit): Promise<void> {
  let status: 'applied' | 'returned' | 'failed' = 'applied';
  let result: JsonValue;
  try {
    result = outcomeBody(await desk.apply(edit)) as unknown as JsonValue;
  } catch (error) {
    const code = isBackplaneError(error) ? error.code : 'BP_MANAGEMENT_FAILED';
    const details = isBackplaneError(error) ? error.details : {};
    status = code === 'BP_CHANGE_RETURNED' ? 'returned' : 'failed';
    result = { code, message: messageOf(error), details: JSON.parse(JSON.stringify(details)) as JsonValue };
  }
  // The host may have closed its database in between: then the next one says that it was abandoned.
  await operations.finish(id, status, result).catch(() => {});
}

/** What a file says of plugins takes the place of what was said of them; of those it does not name, nothing changes. */
async function stateOf(
  parts: ApiParts,
  before: WantedState,
  { plugins }: StateBody,
  seal: Parameters<StateEdit['edit']>[1],
): Promise<WantedState> {
  const rows = await parts.catalogue();
  let next = before;
  for (const [given, wanted] of Object.entries(plugins)) {
    const name = canonicalName(given);
    if ((await rows.plugin(name)) === undefined) throw errors.BP_API_PLUGIN_UNKNOWN({ plugin: given });
    const { enabled, config = {}, hooks } = wanted;
    next = withPlugin(next, name, (was): WantedPlugin => {
      const keys = Object.entries(config).map(([key, value]) => {
        refuseKey(key);
        return [
          key,
          keptOrSealed(was.config?.[key], value as JsonValue, (plain, secret) => seal(name, key, plain, secret)),
        ];
      });
      return {
        ...(was.code && { code: was.code }),
        ...(was.about && { about: was.about }),
        ...(enabled !== undefined && { enabled }),
        config: Object.fromEntries(keys),
        hooks: hooks === undefined ? (was.hooks ?? []) : hooks.map((hook) => wantedHook(hook)),
      };
    });
  }
  return next;
}

/** A secret that was shown as `***` and is given back so stays what it is. */
function keptOrSealed(
  before: WantedValue | undefined,
  value: JsonValue,
  seal: (value: JsonValue, secret: boolean) => WantedValue,
): WantedValue {
  const isSecret = before !== undefined && 'secret' in before;
  return isSecret && value === HIDDEN ? before : seal(value, isSecret);
}

function stateBody({ plugins }: WantedState): StateBody {
  return {
    plugins: Object.fromEntries(
      Object.entries(plugins).map(([name, { enabled, config, hooks }]) => [
        name,
        {
          ...(enabled !== undefined && { enabled }),
          ...(config && {
            config: Object.fromEntries(
              Object.entries(config).map(([key, wanted]) => [key, 'secret' in wanted ? HIDDEN : wanted.value]),
            ),
          }),
          ...(hooks && { hooks: hooks.map((hook) => ({ ...hook, conditions: hook.conditions as null })) }),
        },
      ]),
    ),
  };
}

function revisionIn(text: string | undefined): number {
  if (!/^\d{1,15}$/.test(text ?? '')) throw errors.BP_API_REVISION_INVALID({ revision: text ?? '' });
  return Number(text);
}

const revisionBody = ({ id, parent, author, comment, createdAt }: RevisionSummary): RevisionBody => ({
  revision: id,
  parent: parent ?? null,
  author,
  comment,
  created_at: time(createdAt),
});

const operationBody = (operation: Operation): OperationBody => ({
  id: operation.id,
  kind: operation.kind,
  status: operation.status,
  requested_by: operation.requestedBy,
  result: operation.result ?? null,
  created_at: time(operation.createdAt),
  finished_at: operation.finishedAt === undefined ? null : time(operation.finishedAt),
});
