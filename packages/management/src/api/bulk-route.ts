import { isBackplaneError, messageOf } from '@backplane/base';
import { type StateEdit, type WantedState, withoutPlugin, withPlugin } from '@backplane/ports';
import type { BulkBody, BulkResultBody, ChangeBody } from '@backplane/wire';
import { errors } from '../errors.ts';
import type { ApiParts } from './api-parts.ts';
import type { ApiRequest, ApiRoute } from './api-route.ts';
import { change, stepBody } from './change-body.ts';
import { refuseKey } from './config-routes.ts';
import { findPlugin } from './find-plugin.ts';

type Result = BulkResultBody['results'][number];

/** A plugin that was asked for, as it was asked for. */
interface Item {
  readonly asked: number | string;
  readonly name: string;
}

/** Many plugins at once: those first that others depend on, or last, where they are to stop. */
export function bulkRoute(parts: ApiParts): ApiRoute {
  return {
    method: 'POST',
    url: '/api/v1/plugins/bulk',
    operationId: 'bulkPlugins',
    summary: 'One operation on many plugins, in the order of their dependencies',
    body: 'Bulk',
    answers: { 200: ['What became of each.', 'BulkResult'] },
    async handle(request) {
      const body = request.body as BulkBody;
      const { operation, plugin_ids, dry_run = false, atomic = false, config = {} } = body;
      for (const key of Object.keys(config)) refuseKey(key);
      if (operation === 'reload' && atomic) throw errors.BP_API_BULK_INVALID({ reason: 'reloads are not atomic' });
      const results: Result[] = [];
      const items: Item[] = [];
      for (const asked of plugin_ids) {
        try {
          const { name } = (await findPlugin(parts, String(asked))).row;
          if (!items.some((item) => item.name === name)) items.push({ asked, name });
        } catch (error) {
          results.push(failed({ asked, name: undefined }, error));
        }
      }
      const ordered = inOrder(
        await (await parts.catalogue()).dependencyGraph(),
        items,
        operation === 'disable' || operation === 'delete',
      );
      if (atomic && results.length > 0) {
        results.push(...ordered.map((item) => skipped(item, 'Another plugin of this change is not known.')));
      } else if (atomic) {
        results.push(...(await together(parts, request, body, ordered)));
      } else {
        for (const item of ordered) results.push(await alone(parts, request, body, item));
      }
      const bad = results.filter(({ outcome }) => outcome === 'failed' || outcome === 'skipped').length;
      return { body: { operation, dry_run, succeeded: results.length - bad, failed: bad, results } };
    },
  };
}

/** One change for all of them: what it does to any is done to all, or to none. */
async function together(
  parts: ApiParts,
  request: ApiRequest,
  body: BulkBody,
  items: readonly Item[],
): Promise<Result[]> {
  const edit: StateEdit['edit'] = (state, seal) =>
    items.reduce((next, { name }) => edited(next, name, body, seal, parts), state);
  try {
    const target = items.map(({ name }) => name).join(', ');
    const made = await change(
      parts,
      request,
      { action: `bulk.${body.operation}`, target, edit },
      body.dry_run === true,
    );
    return items.map((item) => succeeded(item, made));
  } catch (error) {
    return items.map((item) => failed(item, error));
  }
}

async function alone(parts: ApiParts, request: ApiRequest, body: BulkBody, item: Item): Promise<Result> {
  const { operation, dry_run = false } = body;
  const { name } = item;
  try {
    if (operation === 'reload') {
      if (dry_run) return { ...base(item), outcome: 'planned', steps: [] };
      const { author: actor, origin } = request;
      await parts.audit.record({ actor, origin, action: 'plugin.reload', target: name });
      const { steps } = await parts.control.reload(name);
      const own = steps.find((step) => step.name === name);
      const failure = own !== undefined && own.outcome !== 'applied' ? own.failure : undefined;
      return {
        ...base(item),
        outcome: failure === undefined ? 'applied' : 'failed',
        code: failure?.code ?? null,
        message: failure?.message ?? null,
        steps: steps.map(stepBody),
      };
    }
    const edit: StateEdit['edit'] = (state, seal) => edited(state, name, body, seal, parts);
    return succeeded(item, await change(parts, request, { action: `bulk.${operation}`, target: name, edit }, dry_run));
  } catch (error) {
    return failed(item, error);
  }
}

function edited(
  state: WantedState,
  name: string,
  { operation, config = {} }: BulkBody,
  seal: Parameters<StateEdit['edit']>[1],
  { control }: ApiParts,
): WantedState {
  if (operation === 'delete') {
    if (state.plugins[name]?.code === undefined) {
      const origin = control.status().find((status) => status.name === name)?.origin ?? '';
      throw errors.BP_API_PLUGIN_IN_FOLDER({ plugin: name, origin });
    }
    return withoutPlugin(state, name);
  }
  if (operation === 'configure') {
    const keys = Object.entries(config).map(([key, value]) => [key, seal(name, key, value as never)] as const);
    return withPlugin(state, name, (before) => ({
      ...before,
      config: { ...before.config, ...Object.fromEntries(keys) },
    }));
  }
  return withPlugin(state, name, (before) => ({ ...before, enabled: operation === 'enable' }));
}

/** Whatever a plugin depends on stands before it; with `reversed`, after it. */
function inOrder(needs: ReadonlyMap<string, readonly string[]>, items: readonly Item[], reversed: boolean): Item[] {
  const wanted = new Map(items.map((item) => [item.name, item]));
  const ordered = new Map<string, Item>();
  const seen = new Set<string>();
  const visit = (name: string): void => {
    if (seen.has(name)) return;
    seen.add(name);
    for (const other of needs.get(name) ?? []) visit(other);
    const item = wanted.get(name);
    if (item !== undefined) ordered.set(name, item);
  };
  for (const name of [...wanted.keys()].sort()) visit(name);
  return reversed ? [...ordered.values()].reverse() : [...ordered.values()];
}

const base = ({ asked, name }: { readonly asked: number | string; readonly name: string | undefined }) => ({
  plugin_id: asked,
  plugin: name ?? null,
  code: null,
  message: null,
});

function succeeded(item: Item, made: ChangeBody): Result {
  const steps = made.steps.filter(({ plugin }) => plugin === item.name);
  const outcome = made.differences.length === 0 ? 'unchanged' : made.dry_run ? 'planned' : 'applied';
  return { ...base(item), outcome, steps: outcome === 'unchanged' ? [] : steps.length === 0 ? made.steps : steps };
}

const skipped = (item: Item, message: string): Result => ({ ...base(item), outcome: 'skipped', message, steps: [] });

function failed(item: { readonly asked: number | string; readonly name: string | undefined }, error: unknown): Result {
  const code = isBackplaneError(error) ? error.code : 'BP_MANAGEMENT_FAILED';
  return { ...base(item), outcome: 'failed', code, message: messageOf(error), steps: [] };
}
