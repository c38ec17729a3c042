import { join, resolve } from 'node:path';
import { type Clock, systemClock } from '@backplane/base';
import { HostCaches } from '@backplane/cache';
import { createGateway, type Gateway } from '@backplane/gateway';
import { Kernel, runWithCall } from '@backplane/kernel';
import { Ledgers } from '@backplane/leaks';
import { createLoader, enableSourceMaps, type Loader } from '@backplane/loader';
import { createManagement } from '@backplane/management';
import type { ChangeReport, Entrances, HostControl } from '@backplane/ports';
import {
  adminTokenFrom,
  checkBearer,
  createSoftwareKeySigner,
  ensureAdminToken,
  securityFacet,
} from '@backplane/security';
import { createDatabaseService } from '@backplane/store/database-service';
import { createLogging, HOST, MetricRegistry } from '@backplane/telemetry';
import { cacheOptions } from './cache-options.ts';
import { checkEnvironment } from './check-environment.ts';
import { composeCode } from './compose-code.ts';
import { errors } from './errors.ts';
import { FileChanges } from './file-changes.ts';
import { applyFresh } from './fresh-change.ts';
import type { Host, HostStart } from './host.ts';
import { collectors, createHostMetrics } from './host-metrics.ts';
import type { HostOptions } from './host-options.ts';
import { type HostState, openHostState } from './host-state.ts';
import { type HostStore, openHostStore } from './host-store.ts';
import { HOST_VERSION } from './host-version.ts';
import { listen } from './listen.ts';
import { LivePlugins } from './live-plugins.ts';
import { LoadedLayers } from './loaded-layers.ts';
import { makeDataDir } from './make-data-dir.ts';
import { mountOf } from './mount.ts';
import { openPluginDatabases } from './plugin-databases.ts';
import { PluginManager } from './plugin-manager.ts';
import { programLayers } from './program-layers.ts';
import { sharedModules } from './shared-modules.ts';

/** Makes a host. It touches no signal, no environment variable, and never ends the process. */
export async function createHost(options: HostOptions = {}): Promise<Host> {
  const clock = options.clock ?? systemClock;
  const environment = checkEnvironment(options.environment ?? 'development');
  const dataDir = resolve(options.dataDir ?? 'data');
  const production = environment === 'production';
  if (production && options.openapi === 'open') throw errors.BP_OPENAPI_OPEN({});
  if (production && options.openManagement === true) throw errors.BP_MANAGEMENT_OPEN({});
  await makeDataDir(dataDir);
  enableSourceMaps();

  const logging = createLogging({
    ...(options.logLevel && { level: options.logLevel }),
    ...(options.logFormat && { pretty: options.logFormat === 'pretty' }),
    ...(options.logDestination && { destination: options.logDestination }),
  });
  const { masterKey, databaseUrl } = options;
  const logger = logging.logger('backplane.store');
  const kept = await openHostStore({ dataDir, masterKey, databaseUrl, clock, logger });
  try {
    return await composeHost(options, { clock, environment, dataDir, production, logging, kept });
  } catch (error) {
    await kept[Symbol.asyncDispose]();
    throw error;
  }
}

/** What a host stands on. */
interface Ground {
  readonly clock: Clock;
  readonly environment: string;
  readonly dataDir: string;
  readonly production: boolean;
  readonly logging: ReturnType<typeof createLogging>;
  readonly kept: HostStore;
}

async function composeHost(options: HostOptions, ground: Ground): Promise<Host> {
  const { clock, environment, dataDir, production, logging, kept } = ground;
  const logger = logging.logger('backplane');
  const tokenFile = options.adminToken === undefined ? join(dataDir, 'admin.token') : undefined;
  const token =
    options.adminToken === undefined
      ? await ensureAdminToken({ file: tokenFile as string })
      : adminTokenFrom('the option (BACKPLANE_ADMIN_TOKEN)', options.adminToken);
  const signer = createSoftwareKeySigner({ directory: join(dataDir, 'keys'), clock });
  const cacheDir = join(dataDir, 'cache', 'bundles');
  const { loadLimit: evaluationMs = 30_000 } = options;
  const ledgers = new Ledgers();
  const loader: Loader = createLoader({
    cacheDir,
    shared: sharedModules,
    clock,
    openLedger: ledgers.open,
    evaluationMs,
  });

  const registry = new MetricRegistry({
    clock,
    isKnown: (plugin) => kernel.knows(plugin),
    warn: (owner, error) => (owner === HOST ? logger : loggerOf(owner)).warn(error.message, { error }),
  });
  const caches = new HostCaches(cacheOptions(options.cache, { clock, logger: logging.logger('backplane.cache') }));
  const hostMetrics = createHostMetrics(registry, () => kernel, caches);

  const ending = new AbortController();
  let stopping: Promise<void> | undefined;
  const control: HostControl = {
    readiness: () => {
      if (stopping) return { ready: false, reason: 'The host is stopping.' };
      return kernel.ready ? { ready: true, reason: '' } : { ready: false, reason: 'The host is starting.' };
    },
    generation: () => kernel.generation,
    points: () => kernel.points(),
    handlers: () => [...kernel.handlers(), ...collectors(registry, kernel)],
    routes: () => gateway.describe(pause),
    status: () => kernel.status(),
    pluginStatus: (name) => kernel.pluginStatus(name),
    health: (name) => kernel.health(name),
    reload: (name) => changes.reload(name),
    rescan: () => changes.rescan(),
    planRescan: () => changes.planRescan(),
  };

  const management = await createManagement({
    control,
    api: () => ({ ...state, control, ending: ending.signal, clock }),
    logger: logging.logger('backplane.management'),
    clock,
    ...(options.metrics !== false && { metrics: registry }),
    open: options.openManagement ?? false,
    version: HOST_VERSION,
    openapi: options.openapi ?? (production ? 'closed' : 'open'),
    allowedHosts: options.allowedHosts ?? [],
    isAuthorized: (authorization) => checkBearer(authorization, token),
  });

  // The gateway is part of every generation, and enters them: each needs the other first.
  const entrances: Entrances = { part: (part) => kernel.part(part), run: (call, action) => runWithCall(call, action) };
  const gateway: Gateway = createGateway({
    entrances,
    logger: logging.logger('backplane.gateway'),
    clock,
    exposeErrors: !production,
    refuseBrokenAnswers: !production,
    system: [management],
    observe: (...request) => hostMetrics.http.observe(...request),
  });
  const loggerOf = (plugin: string) => logging.logger(`plugins.${plugin}`);
  const databases =
    options.databases ??
    (await openPluginDatabases({
      kept,
      databaseUrl: options.databaseUrl,
      clock,
      logger: logging.logger('backplane.databases'),
    }));
  const kernel: Kernel = new Kernel({
    clock,
    environment,
    parts: [gateway.part],
    hostServices: new Map(Object.entries(options.services ?? {})),
    onChange: (report) => {
      hostMetrics.changed(report);
      state.note(report);
      forgetRemoved(caches, kernel, report);
    },
    onConfigLoad: () => changes.configurationDue(),
    onEvent: ({ level, plugin, message, error }) =>
      loggerOf(plugin)[level](message, error === undefined ? {} : { error }),
    facets: {
      http: (instance) => gateway.facet(instance, loggerOf(instance.identity.name)),
      logger: (instance) => loggerOf(instance.identity.name),
      security: (instance) => securityFacet(signer, instance.identity.name),
      database: (instance) => createDatabaseService(databases.database(instance.identity.name)),
      cache: (instance) => caches.facet(instance.identity.name),
      metrics: ({ data, scope }) => registry.facet({ name: data.name, prefix: data.metricsPrefix, scope }),
    },
  });
  const configDir = resolve(options.configDir ?? 'config');
  const pluginConfigDir = resolve(options.pluginConfigDir ?? join(configDir, 'plugins'));
  const { library, reader, configs, registered, isolation } = composeCode(options, {
    configDir,
    pluginConfigDir,
    environment,
    dataDir,
    clock,
    loader,
    logger,
    cacheDir,
    evaluationMs,
    state: () => state,
    inUse: (unit) => kernel.uses(unit),
    onHeld: (plugin, { label, madeAt, reason }) =>
      loggerOf(plugin).warn(`Code that does not run left something behind: ${label} (${reason})`, { madeAt }),
  });

  const loaded = new LoadedLayers(() => kernel, logging.logger('backplane.config'));
  const state: HostState = await openHostState({
    kept,
    kernel,
    library,
    reader,
    configs,
    signer,
    logging,
    logger,
    clock,
    dataDir,
    node: options.node,
    offline: options.offline ?? false,
    pluginPaths: options.pluginPaths ?? [],
    layersBelow: programLayers(options.pluginConfig),
    loaded,
    facts: { environment, data_dir: dataDir, config_dir: configDir },
  });

  const live = new LivePlugins({
    folders: [...(options.pluginPaths ?? []), configDir, pluginConfigDir],
    library,
    apply: (read) => applyFresh(state, read),
    reasonOf: (name) => (kernel.knows(name) ? kernel.pluginStatus(name).reason : undefined),
    logger: logging.logger('backplane.watch'),
    onLive: options.onLive,
    clock,
  });

  const changes = new FileChanges({ kernel, library, state, loaded, isolation: options.isolation ?? {}, logger });

  async function start(): Promise<HostStart> {
    const began = clock.monotonic();
    await state.open();
    const url = await listen(gateway, options.listen);
    if (options.offline !== true) await changes.boot();
    const tookMs = clock.monotonic() - began;
    if (options.watch === true) await live.start();
    void gateway.warmAll(pause, (instance, error) => {
      kernel.fail(instance, error);
    });
    return { url, plugins: kernel.status(), tookMs };
  }

  async function stop(): Promise<void> {
    const deadline = options.stopDeadline ?? 10_000;
    const began = clock.monotonic();
    logger.info('The host is stopping.');
    kernel.announceStop();
    ending.abort();
    await live.stop();
    await changes.settled();
    await state.settled();
    await gateway.close({ deadlineMs: deadline, graceMs: options.stopGrace ?? 250 });
    await kernel.stop(Math.max(0, deadline - (clock.monotonic() - began)));
    hostMetrics[Symbol.dispose]();
    caches.close();
    await Promise.all([isolation.close(), loader.close(), management.close()]);
    await state.close();
    ledgers[Symbol.dispose]();
    await databases.close();
    await kept[Symbol.asyncDispose]();
    logger.info('The host has stopped.');
    await logging.close();
  }

  return {
    start,
    reload: (name) => changes.reload(name),
    control,
    logger,
    setLogLevel: (namespace, level) => logging.setLevel(namespace, level),
    tokenFile,
    handler: gateway.handler,
    plugins: new PluginManager({ kernel, library, state, reader, registered, reload: (name) => changes.reload(name) }),
    ...mountOf(gateway),
    listen: async (where) => (await listen(gateway, where ?? {})) as string,
    rescan: () => changes.rescan(),
    status: () => kernel.status(),
    receipts: () => kernel.receipts,
    attach: (server) => gateway.attach(server),
    callService: (serviceId, method, ...args) => kernel.callService(serviceId, method, args),
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

/** A plugin that was removed may still have calls, but whoever has its name next begins anew. */
function forgetRemoved(caches: HostCaches, kernel: Kernel, { steps }: ChangeReport): void {
  const isRemoved = (name: string) => kernel.knows(name) && kernel.pluginStatus(name).state.phase === 'stopped';
  const removed = steps.filter(({ name, action }) => action === 'remove' && isRemoved(name)).map(({ name }) => name);
  caches.forgetUnless((plugin) => kernel.knows(plugin) && !removed.includes(plugin));
}

/** Gives everything that waits its turn. */
const pause = () => new Promise<void>((done) => setImmediate(done));
