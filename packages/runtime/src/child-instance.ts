import { type Clock, messageOf } from '@backplane/base';
import { PluginCache, TieredCache } from '@backplane/cache';
import { normalizeConfigSchema } from '@backplane/config';
import { createGateway, type MountTable } from '@backplane/gateway';
import type { ChildInstance, ChildSeat } from '@backplane/isolation';
import {
  type AnyHandler,
  createInlineDriver,
  HealthChecks,
  PluginScope,
  ResourceTable,
  readTraceparent,
  registerAtHostPoint,
  runWithCall,
} from '@backplane/kernel';
import { findPlugin, type LoadedModule } from '@backplane/loader';
import type { CallContext, ExtensionPoint, HandlerOptions, Plugin } from '@backplane/plugin-api';
import type { Entrances, GenerationDraft, InstanceDriver, InstanceHost, InstanceInfo } from '@backplane/ports';
import { createDatabaseService } from '@backplane/store/database-service';
import { errors } from './errors.ts';

/** Makes a plugin's instance in its own process: the same inline driver and gateway as in the host, around one plugin. */
export async function createChildInstance(
  seat: ChildSeat,
  { exports }: LoadedModule,
  clock: Clock,
): Promise<ChildInstance> {
  const plugin = findPlugin(exports, seat.entry.exportName);
  let config = await validate(plugin, seat, seat.config);
  const scope = createScope(seat, clock);
  const info: InstanceInfo = {
    identity: seat.identity,
    data: seat.data,
    scope,
    draining: seat.draining,
    ended: seat.ended,
  };
  let table: MountTable | undefined;
  const entrances: Entrances = { part: <T>() => table as T, run: (call, action) => runWithCall(call, action) };
  const gateway = createGateway({
    entrances,
    logger: seat.logger,
    clock,
    exposeErrors: seat.environment !== 'production',
    refuseBrokenAnswers: seat.environment !== 'production',
    receive: (headers) => seat.receive(headers),
  });
  const http = gateway.facet(info, seat.logger);
  const facets = seat.facets(scope);
  let cache: PluginCache | undefined;
  const host: InstanceHost = {
    info,
    scope,
    environment: seat.environment,
    get config() {
      return config;
    },
    http: Object.assign(seat.guard(http), { forward: http.forward.bind(http) }),
    logger: seat.logger,
    security: seat.security,
    database: createDatabaseService(seat.database),
    health: new HealthChecks(seat.identity.name, scope, clock),
    ...facets,
    extensionPoints: {
      ...facets.extensionPoints,
      registerHandler: (point: string | ExtensionPoint, handler: AnyHandler, options: HandlerOptions = {}) => {
        const name = typeof point === 'string' ? point : point.name;
        const here = registerAtHostPoint(host, name, handler, options);
        return here ?? facets.extensionPoints.registerHandler(point as string, handler, options);
      },
    },
    get cache() {
      cache ??= createCache(seat, scope, clock);
      return cache;
    },
    handle: (need) => seat.handle(need),
    provide: (service, implementation) => seat.provide(service, implementation),
    fail: (reason) => seat.fail(reason),
  };
  const driver = withScope(createInlineDriver(plugin, host), scope);
  return {
    driver: {
      ...driver,
      async reconfigure(given) {
        const next = await validate(plugin, seat, given);
        const answer = await driver.reconfigure(next, config);
        if (answer === 'accepted') config = next;
        return answer;
      },
    },
    async listen(socketPath) {
      if (!http.serves) return undefined;
      await gateway.part.warm?.(info);
      table = gateway.part.build(soleInstance(info), undefined);
      await gateway.listen({ path: socketPath });
      return { upgrades: http.upgrades, routes: await http.describe() };
    },
    close: () => gateway.close({ deadlineMs: 0 }),
  };
}

/** A memory of its own, in front of the plugin's cache in the host. */
function createCache(seat: ChildSeat, scope: PluginScope, clock: Clock): PluginCache {
  const upstream = seat.connectCache(scope, (change) => entries.changed(change));
  const entries: TieredCache = new TieredCache({ clock, limits: seat.cacheLimits, upstream });
  return new PluginCache(seat.identity.name, entries);
}

/** What a Standard Schema checks cannot cross processes, so it is checked here. */
async function validate(plugin: Plugin, seat: ChildSeat, config: unknown): Promise<unknown> {
  const outcome = await normalizeConfigSchema(plugin.config).validate(config);
  if (outcome.issues === undefined) return outcome.value;
  const problems = outcome.issues.map(({ path, message }) => `${path.join('.') || 'configuration'}: ${message}`);
  throw errors.BP_PLUGIN_METADATA({ plugin: seat.identity.name, problems });
}

function createScope(seat: ChildSeat, clock: Clock): PluginScope {
  const failed = (label: string, error: unknown) =>
    seat.logger.error(`"${label}" failed: ${messageOf(error)}`, { error });
  return new PluginScope(seat.identity.name, {
    plugin: seat.identity.name,
    clock,
    resources: new ResourceTable(),
    disposeLimitMs: seat.data.limits.stop,
    taskFailed: failed,
    async tick(label, action) {
      const call = tickCall(seat);
      try {
        await runWithCall(call, () => action(call));
      } catch (error) {
        failed(label, error);
      }
    },
  });
}

/** Work of the plugin's own accord. What it calls in the host enters the newest generation there. */
function tickCall(seat: ChildSeat): CallContext {
  return {
    principal: { kind: 'system', id: 'system', roles: [], permissions: [] },
    trace: readTraceparent(undefined),
    deadline: undefined,
    signal: seat.ended,
    draining: seat.draining,
    generation: 0,
  };
}

/** What is left of the scope at the end stands on the receipt in the host. */
function withScope(driver: InstanceDriver, scope: PluginScope): InstanceDriver {
  return {
    ...driver,
    undo: () => scope.close(),
    async dispose() {
      await scope.close();
      await driver.dispose();
    },
  };
}

function soleInstance(info: InstanceInfo): GenerationDraft {
  return {
    id: 0,
    instances: [info],
    unavailable: [],
    view: () => ({
      generation: 0,
      enter: () => {
        throw errors.BP_CALL_NOT_FROM_HOST({ plugin: info.identity.name });
      },
    }),
  };
}
