import { type CatalogueHook, type WantedHook, withPlugin } from '@backplane/ports';
import type { HookBody, NewHookBody } from '@backplane/wire';
import { errors } from '../errors.ts';
import type { ApiParts } from './api-parts.ts';
import { type ApiRoute, pageQuery } from './api-route.ts';
import { change } from './change-body.ts';
import { findPlugin } from './find-plugin.ts';
import { pageOf } from './pages.ts';
import { time } from './plugin-body.ts';
import { changed } from './plugin-routes.ts';

/** Hooks that were registered for a plugin's methods. */
export function hookRoutes(parts: ApiParts): ApiRoute[] {
  const { catalogue, administration } = parts;
  return [
    {
      method: 'GET',
      url: '/api/v1/plugins/:plugin_id/hooks',
      operationId: 'listPluginHooks',
      summary: 'The hooks that were registered for a plugin, in the order in which they run',
      query: pageQuery(),
      answers: { 200: ['One page.', 'HookPage'] },
      async handle({ params, query }) {
        const { row } = await findPlugin(parts, params.plugin_id as string);
        const all = await (await catalogue()).hooks(row.id);
        const page = pageOf(all, query, ({ priority, id }) =>
          [priority + 1e7, id].map((n) => String(n).padStart(15, '0')).join(),
        );
        return { body: { items: page.items.map(hookBody), total: all.length, next_cursor: page.next } };
      },
    },
    {
      method: 'POST',
      url: '/api/v1/plugins/:plugin_id/hooks',
      operationId: 'createPluginHook',
      summary: 'Have a method of the plugin answer a hook',
      body: 'NewHook',
      answers: { 201: ['It is registered.', 'Hook'] },
      async handle(request) {
        const { row } = await findPlugin(parts, request.params.plugin_id as string);
        const hook = wantedHook(request.body as NewHookBody);
        await administration.checkHook(row.name, hook);
        await change(parts, request, {
          action: 'hook.create',
          target: row.name,
          edit: (state) =>
            withPlugin(state, row.name, (before) => {
              if (before.hooks?.some((one) => isSame(one, hook)))
                throw errors.BP_API_HOOK_EXISTS({
                  plugin: row.name,
                  hook: hook.hook_name,
                  method: hook.callback_method,
                });
              return { ...before, hooks: [...(before.hooks ?? []), hook] };
            }),
        });
        const all = await (await catalogue()).hooks(row.id);
        const made = all.find(
          (one) => one.hookName === hook.hook_name && one.callbackMethod === hook.callback_method,
        ) as CatalogueHook;
        const location = `/api/v1/plugins/${row.id}/hooks/${made.id}`;
        return { status: 201, body: hookBody(made), headers: { location } };
      },
    },
    {
      method: 'DELETE',
      url: '/api/v1/plugins/:plugin_id/hooks/:hook_id',
      operationId: 'deletePluginHook',
      summary: 'Take a hook back',
      answers: { 200: ['It is gone.', 'PluginChange'] },
      async handle(request) {
        const { plugin_id = '', hook_id = '' } = request.params;
        const { row } = await findPlugin(parts, plugin_id);
        const hook = (await (await catalogue()).hooks(row.id)).find(({ id }) => String(id) === hook_id);
        if (hook === undefined) throw errors.BP_API_HOOK_UNKNOWN({ plugin: row.name, hook: hook_id });
        const made = await change(parts, request, {
          action: 'hook.delete',
          target: row.name,
          edit: (state) =>
            withPlugin(state, row.name, (before) => ({
              ...before,
              hooks: (before.hooks ?? []).filter(
                (one) => one.hook_name !== hook.hookName || one.callback_method !== hook.callbackMethod,
              ),
            })),
        });
        return { body: await changed(parts, row.name, made) };
      },
    },
  ];
}

const isSame = (one: WantedHook, other: WantedHook): boolean =>
  one.hook_name === other.hook_name && one.callback_method === other.callback_method;

/** With what was left out filled in. */
export const wantedHook = (hook: NewHookBody): WantedHook => ({
  hook_name: hook.hook_name,
  hook_type: hook.hook_type,
  callback_method: hook.callback_method,
  priority: hook.priority ?? 100,
  conditions: (hook.conditions ?? null) as WantedHook['conditions'],
  description: hook.description ?? '',
  active: hook.active ?? true,
});

const hookBody = (hook: CatalogueHook): HookBody => ({
  id: hook.id,
  hook_name: hook.hookName,
  hook_type: hook.hookType,
  callback_method: hook.callbackMethod,
  priority: hook.priority,
  conditions: hook.conditions,
  description: hook.description,
  active: hook.active,
  created_at: time(hook.createdAt),
});
