import { isBackplaneError, messageOf } from '@backplane/base';
import { withPlugin } from '@backplane/ports';
import type { ExecuteBody, InstallBody } from '@backplane/wire';
import { errors } from '../errors.ts';
import { pluginHealthBody } from '../status-bodies.ts';
import type { ApiParts } from './api-parts.ts';
import { type ApiRoute, changeQuery } from './api-route.ts';
import { change, stepBody } from './change-body.ts';
import { refuseStale, tagOf } from './entity-tag.ts';
import { findPlugin } from './find-plugin.ts';
import { changed } from './plugin-routes.ts';

/** The life of a plugin: install, enable, disable, reload, execute, health. */
export function lifecycleRoutes(parts: ApiParts): ApiRoute[] {
  const { desk, control, administration, audit, clock } = parts;

  const turning = (enabled: boolean): ApiRoute => ({
    method: 'POST',
    url: `/api/v1/plugins/:plugin_id/${enabled ? 'enable' : 'disable'}`,
    operationId: enabled ? 'enablePlugin' : 'disablePlugin',
    summary: enabled ? 'Switch a plugin on, and run it' : 'Switch a plugin off, and those that cannot do without it',
    query: changeQuery,
    conditional: true,
    answers: { 200: ['The change, and the plugin after it.', 'PluginChange'] },
    async handle(request) {
      const { row } = await findPlugin(parts, request.params.plugin_id as string);
      const made = await change(parts, request, {
        action: enabled ? 'plugin.enable' : 'plugin.disable',
        target: row.name,
        edit: (state) => {
          refuseStale(request.ifMatch, tagOf(state, row.name), row.name);
          return withPlugin(state, row.name, (before) => ({ ...before, enabled }));
        },
      });
      return { body: await changed(parts, row.name, made), headers: { etag: tagOf(desk.current.state, row.name) } };
    },
  });

  return [
    {
      method: 'POST',
      url: '/api/v1/plugins/install',
      operationId: 'installPlugin',
      summary: 'Install a plugin from a folder of this machine, or upgrade one that was installed',
      query: changeQuery,
      body: 'Install',
      answers: {
        201: ['It is installed, and runs where it is enabled.', 'PluginChange'],
        200: ['What would happen.', 'PluginChange'],
      },
      async handle(request) {
        const { source, enabled = true, config = {} } = request.body as InstallBody;
        const staged = await administration.stage(source);
        const { name, code } = staged;
        try {
          const made = await change(parts, request, {
            action: 'plugin.install',
            target: name,
            edit: (state, seal) => {
              const elsewhere = control.status().find((status) => status.name === name);
              if (elsewhere !== undefined && state.plugins[name]?.code?.from !== 'installed')
                throw errors.BP_API_PLUGIN_EXISTS({ plugin: name, origin: elsewhere.origin });
              const keys = Object.entries(config).map(([key, value]) => [key, seal(name, key, value as never)]);
              return withPlugin(state, name, (before) => ({
                ...before,
                enabled,
                code,
                config: { ...before.config, ...Object.fromEntries(keys) },
              }));
            },
          });
          if (made.dry_run) {
            await staged.discard();
            return { body: { plugin: null, change: made } };
          }
          const { row } = await findPlugin(parts, name);
          const headers = { location: `/api/v1/plugins/${row.id}`, etag: tagOf(desk.current.state, name) };
          return { status: 201, body: await changed(parts, name, made), headers };
        } catch (error) {
          await staged.discard();
          throw error;
        }
      },
    },
    turning(true),
    turning(false),
    {
      method: 'POST',
      url: '/api/v1/plugins/:plugin_id/reload',
      operationId: 'reloadOnePlugin',
      summary: 'Read code, manifest and configuration anew, and replace the plugin',
      answers: { 200: ['It was read; `outcome` of its step says whether the new version serves.', 'PluginChange'] },
      async handle(request) {
        const { row } = await findPlugin(parts, request.params.plugin_id as string);
        const { author: actor, origin } = request;
        await audit.record({ actor, origin, action: 'plugin.reload', target: row.name });
        const report = await control.reload(row.name);
        const failed = report.steps.find(({ name, outcome }) => name === row.name && outcome !== 'applied');
        if (failed !== undefined)
          throw errors.BP_API_RELOAD_FAILED({
            plugin: row.name,
            outcome: failed.outcome,
            reason: failed.failure?.message ?? failed.reason,
          });
        const made = {
          dry_run: false,
          revision: desk.current.id,
          generation: report.generation,
          differences: [],
          steps: report.steps.map(stepBody),
          took_ms: report.tookMs,
        };
        return { body: await changed(parts, row.name, made) };
      },
    },
    {
      method: 'POST',
      url: '/api/v1/plugins/:plugin_id/execute',
      operationId: 'executePlugin',
      summary: 'Call a method of a service of the plugin',
      body: 'Execute',
      answers: { 200: ['What the method gave.', 'Executed'] },
      async handle(request) {
        const { row } = await findPlugin(parts, request.params.plugin_id as string);
        const { service, method, args, parameters } = request.body as ExecuteBody;
        const began = clock.monotonic();
        const { author: actor, origin } = request;
        await audit.record({ actor, origin, action: 'plugin.execute', target: row.name, after: { service, method } });
        const given = args ?? (parameters === undefined ? [] : [parameters]);
        const called = await executing(row.name, method, () =>
          administration.execute(row.name, service, method, given),
        );
        return {
          body: {
            plugin: row.name,
            service: called.service,
            method,
            result: jsonOf(called.result, row.name, method),
            took_ms: clock.monotonic() - began,
          },
        };
      },
    },
    {
      method: 'GET',
      url: '/api/v1/plugins/:plugin_id/health',
      operationId: 'getHealthOfPlugin',
      summary: 'What a plugin says of itself',
      answers: { 200: ['Its health, be it healthy or not.', 'PluginHealth'] },
      async handle({ params }) {
        const { row, status } = await findPlugin(parts, params.plugin_id as string);
        if (status === undefined) throw errors.BP_API_PLUGIN_UNKNOWN({ plugin: row.name });
        return { body: pluginHealthBody(status, await control.health(row.name)) };
      },
    },
  ];
}

/** What a method throws is told as its own, whatever it is: it is no failure of management. */
async function executing<T>(plugin: string, method: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (isBackplaneError(error) && error.status < 500) throw error;
    const code = isBackplaneError(error) ? error.code : undefined;
    throw errors.BP_API_EXECUTE_FAILED({ plugin, method, code, reason: messageOf(error) }, { cause: error });
  }
}

function jsonOf(result: unknown, plugin: string, method: string): unknown {
  try {
    return JSON.parse(JSON.stringify(result ?? null));
  } catch (cause) {
    const reason = `what it gave is no JSON: ${messageOf(cause)}`;
    throw errors.BP_API_EXECUTE_FAILED({ plugin, method, code: undefined, reason }, { cause });
  }
}
