import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { join, resolve } from 'node:path';
import type { Duplex } from 'node:stream';
import { canonicalName, isBackplaneError, systemClock } from '@backplane/base';
import { createConfigSource } from '@backplane/config';
import { createCompositeDiscoverer, createDirectoryDiscoverer, createPackageDiscoverer } from '@backplane/discovery';
import { createGateway, type Gateway } from '@backplane/gateway';
import { Kernel, type KernelEvent, runWithCall } from '@backplane/kernel';
import { Ledgers } from '@backplane/leaks';
import { createLoader, enableSourceMaps, type Loader } from '@backplane/loader';
import { createManagement } from '@backplane/management';
import type { Logger } from '@backplane/plugin-api';
import type { ChangeReport, Entrances, HostControl, LeakReceipt, PluginStatus } from '@backplane/ports';
import {
  adminTokenFrom,
  checkBearer,
  createSoftwareKeySigner,
  ensureAdminToken,
  securityFacet,
} from '@backplane/security';
import { createLogging, HOST, type LogLevel, MetricRegistry } from '@backplane/telemetry';
import { checkEnvironment } from './check-environment.ts';
import { createIsolate } from './create-isolate.ts';
import { errors } from './errors.ts';
import { collectors, createHostMetrics } from './host-metrics.ts';
import type { HostOptions } from './host-options.ts';
import { HOST_VERSION } from './host-version.ts';
import { LivePlugins } from './live-plugins.ts';
import type { LoadedPlugins } from './loaded-plugin.ts';
import { makeDataDir } from './make-data-dir.ts';
import { type MountOptions, mountOf } from './mount.ts';
import { PluginLibrary } from './plugin-library.ts';
import { PluginManager } from './plugin-manager.ts';
import { programLayers } from './program-layers.ts';
import { realFolder } from './real-folder.ts';
import { RegisteredPlugins } from './registered-plugins.ts';
import { sharedModules } from './shared-modules.ts';

/** What became of a start. */
export interface HostStart {
  /** Where the host listens; `undefined` when it is mounted into someone else's server. */
  readonly url: string | undefined;
  readonly plugins: readonly PluginStatus[];
  readonly disabled: readonly string[];
  /** Milliseconds, from nothing to the first generation. */
  readonly tookMs: number;
}

/** A running Backplane host. */
export interface Host {
  /** Starts everything, once. Plugins that fail do not fail the start; they are in `plugins` with the reason. */
  start(): Promise<HostStart>;
  /**
   * Loads the plugin's code and configuration anew and replaces it without a failed request. A plugin that was put into the plugin folders
   * since the start is added. What could not be loaded is in the report.
   * @throws BP_PLUGIN_UNKNOWN
   */
  reload(name: string): Promise<ChangeReport>;
  /** Looks again at the plugin folders: adds what is new, replaces what changed, removes what is gone. */
  rescan(): Promise<ChangeReport>;
  status(): PluginStatus[];
  /** Of the last hundred versions that were unloaded, newest last. Those of plugins that have been removed are found here alone. */
  receipts(): readonly LeakReceipt[];
  readonly control: HostControl;
  readonly logger: Logger;
  /** Sets from which level a namespace and all below it are logged; the empty namespace is everything. @throws BP_LOG_LEVEL_UNKNOWN */
  setLogLevel(namespace: string, level: LogLevel | undefined): void;
  /** Where the management token is kept; `undefined` when it was given. */
  readonly tokenFile: string | undefined;
  /** Plugins and services by program. */
  readonly plugins: PluginManager;
  /** For a server of someone else's: answers every request. */
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void;
  /** True where a path belongs to a plugin or to the host's own pages. Below `prefix`, where one is given. */
  serves(target: string, prefix?: string): boolean;
  /** Answers a request, or leaves it to `next` where it belongs to nobody here. Without `next` it is a 404. */
  handle(request: IncomingMessage, response: ServerResponse, options?: MountOptions): void;
  /** The same for an upgrade to WebSocket. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, options?: MountOptions): void;
  /** Listens at one more address, and gives it. */
  listen(where?: { readonly host?: string; readonly port?: number }): Promise<string>;
  /** Serves requests and upgrades of someone else's server, which stays theirs. */
  attach(server: Server): void;
  /** Calls a plugin's service as the host. */
  callService(serviceId: string, method: string, ...args: unknown[]): Promise<unknown>;
  /** Lets requests end, at most until the deadline, stops all plugins in reverse order, closes everything. */
  stop(): Promise<void>;
}

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
  const logger = logging.logger('backplane');
  const tokenFile = options.adminToken === undefined ? join(dataDir, 'admin.token') : undefined;
  const token =
    options.adminToken === undefined
      ? await ensureAdminToken({ file: tokenFile as string })
      : adminTokenFrom('the option (BACKPLANE_ADMIN_TOKEN)', options.adminToken);
  const signer = createSoftwareKeySigner({ directory: join(dataDir, 'keys'), clock });
  const cacheDir = join(dataDir, 'cache', 'bundles');
  const { loadLimit: evaluationMs } = options;
  const ledgers = new Ledgers();
  const loader: Loader = createLoader({
    cacheDir,
    shared: sharedModules,
    clock,
    openLedger: ledgers.open,
    ...(evaluationMs !== undefined && { evaluationMs }),
  });

  const registry = new MetricRegistry({
    clock,
    isKnown: (plugin) => kernel.knows(plugin),
    warn: (owner, error) => (owner === HOST ? logger : loggerOf(owner)).warn(error.message, { error }),
  });
  const hostMetrics = createHostMetrics(registry, () => kernel);

  let stopping: Promise<void> | undefined;
  const control: HostControl = {
    readiness: () => {
      if (stopping) return { ready: false, reason: 'The host is stopping.' };
      return kernel.ready ? { ready: true, reason: '' } : { ready: false, reason: 'The host is starting.' };
    },
    generation: () => kernel.generation,
    handlers: () => [...kernel.handlers(), ...collectors(registry, kernel)],
    routes: () => gateway.describe(pause),
    status: () => kernel.status(),
    pluginStatus: (name) => kernel.pluginStatus(name),
    health: (name) => kernel.health(name),
    reload,
  };

  const management = await createManagement({
    control,
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
  const kernel: Kernel = new Kernel({
    clock,
    environment,
    parts: [gateway.part],
    hostServices: new Map(Object.entries(options.services ?? {})),
    onChange: (report) => hostMetrics.changed(report),
    onEvent: (event) => logEvent(loggerOf(event.plugin), event),
    facets: {
      http: (instance) => gateway.facet(instance, loggerOf(instance.identity.name)),
      logger: (instance) => loggerOf(instance.identity.name),
      security: (instance) => securityFacet(signer, instance.identity.name),
      metrics: ({ data, scope }) => registry.facet({ name: data.name, prefix: data.metricsPrefix, scope }),
    },
  });
  const configDir = resolve(options.configDir ?? 'config');
  const pluginConfigDir = resolve(options.pluginConfigDir ?? join(configDir, 'plugins'));
  const registered = new RegisteredPlugins(options.plugins);
  const library = new PluginLibrary({
    discoverer: createCompositeDiscoverer([
      createDirectoryDiscoverer({ paths: options.pluginPaths ?? [] }),
      ...(options.packagesOf === undefined ? [] : [createPackageDiscoverer({ project: options.packagesOf })]),
    ]),
    registered,
    loader,
    configs: createConfigSource({
      configDir,
      pluginConfigDir,
      environment,
      layersOver: programLayers(options.pluginConfig),
    }),
    configFolder: realFolder(pluginConfigDir),
    isolation: options.isolation ?? {},
    isolate: createIsolate({ cacheDir, clock }),
    onHeld: (plugin, { label, madeAt, reason }) =>
      loggerOf(plugin).warn(`Code that does not run left something behind: ${label} (${reason})`, { madeAt }),
  });

  const live = new LivePlugins({
    folders: [...(options.pluginPaths ?? []), pluginConfigDir],
    library,
    apply: (change) => kernel.apply(change),
    logger: logging.logger('backplane.watch'),
    onLive: options.onLive,
    clock,
  });

  async function reload(nameOrAlias: string): Promise<ChangeReport> {
    const { name, origin } = await whereIs(nameOrAlias);
    try {
      return await kernel.apply({ set: [await library.load(name)], force: [name], reason: 'It was reloaded.' });
    } catch (error) {
      if (!isBackplaneError(error)) throw error;
      return kernel.apply({ refuse: [{ name, origin, error: error as never }] });
    }
  }

  /** A plugin that was put there after the start is known to the folders only. */
  async function whereIs(nameOrAlias: string): Promise<{ readonly name: string; readonly origin: string }> {
    try {
      return kernel.pluginStatus(nameOrAlias);
    } catch (unknown) {
      const found = await library.whereIs(canonicalName(nameOrAlias));
      if (found === undefined) throw unknown;
      return found;
    }
  }

  const toChange = ({ plugins, refusals }: LoadedPlugins) => ({ set: plugins, refuse: refusals });

  async function start(): Promise<HostStart> {
    const began = clock.monotonic();
    const url = await listen(gateway, options.listen);
    const loaded = await library.loadAll();
    await kernel.apply({ ...toChange(loaded), reason: 'The host started.' });
    warnOfStrangers(loaded);
    const tookMs = clock.monotonic() - began;
    if (options.watch === true) await live.start();
    void gateway.warmAll(pause, (instance, error) => {
      kernel.fail(instance, error);
    });
    return { url, plugins: kernel.status(), disabled: loaded.disabled, tookMs };
  }

  /** A misspelt name would leave a plugin where its operator does not want it. */
  function warnOfStrangers({ plugins, refusals, disabled }: LoadedPlugins): void {
    const known = new Set([...refusals.map(({ name }) => name), ...disabled, '*']);
    for (const { unit } of plugins) for (const name of [unit.data.name, ...unit.data.aliases]) known.add(name);
    for (const name of Object.keys(options.isolation ?? {})) {
      if (!known.has(canonicalName(name))) logger.warn(`Isolation is asked for plugin "${name}", which is not there.`);
    }
  }

  async function stop(): Promise<void> {
    const deadline = options.stopDeadline ?? 10_000;
    const began = clock.monotonic();
    logger.info('The host is stopping.');
    kernel.announceStop();
    await live.stop();
    await gateway.close({ deadlineMs: deadline, graceMs: options.stopGrace ?? 250 });
    await kernel.stop(Math.max(0, deadline - (clock.monotonic() - began)));
    hostMetrics[Symbol.dispose]();
    await Promise.all([loader.close(), management.close()]);
    ledgers[Symbol.dispose]();
    logger.info('The host has stopped.');
    await logging.close();
  }

  return {
    start,
    reload,
    control,
    logger,
    setLogLevel: (namespace, level) => logging.setLevel(namespace, level),
    tokenFile,
    handler: gateway.handler,
    plugins: new PluginManager({ kernel, library, registered, reload }),
    ...mountOf(gateway),
    listen: async (where) => (await listen(gateway, where ?? {})) as string,
    async rescan() {
      const loaded = await library.loadAll();
      const there = new Set([
        ...loaded.plugins.map(({ unit }) => unit.data.name),
        ...loaded.refusals.map(({ name }) => name),
      ]);
      const gone = kernel.status().filter((status) => !there.has(status.name));
      return kernel.apply({
        ...toChange(loaded),
        remove: gone.map(({ name }) => name),
        reason: 'The plugin folders were read again.',
      });
    },
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

/** Gives everything that waits its turn. */
const pause = () => new Promise<void>((done) => setImmediate(done));

async function listen(gateway: Gateway, where: HostOptions['listen']): Promise<string | undefined> {
  if (where === false) return undefined;
  const host = where?.host ?? '127.0.0.1';
  const address = await gateway.listen({ host, port: where?.port ?? 8080 });
  const port = typeof address === 'string' ? address : address.port;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function logEvent(logger: Logger, event: KernelEvent): void {
  logger[event.level](event.message, event.error === undefined ? {} : { error: event.error });
}
