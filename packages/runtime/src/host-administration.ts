import { arch, hostname, platform, release } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@backplane/base';
import { type ConfigOrigin, type ConfigSource, normalizeConfigSchema, validatePluginConfig } from '@backplane/config';
import type { SecretShelf } from '@backplane/desired-state';
import { discoverDirectory, discoverModule } from '@backplane/discovery';
import { compileCondition, type Kernel } from '@backplane/kernel';
import { stageFolder } from '@backplane/packaging';
import type { HookCondition } from '@backplane/plugin-api';
import type {
  Administration,
  ChangeReport,
  EffectiveConfiguration,
  RecentChange,
  StagedInstall,
  WantedHook,
} from '@backplane/ports';
import type { Logging, LogLevel } from '@backplane/telemetry';
import { placeName } from '@backplane/wire';
import { configuredValues } from './configured-values.ts';
import { errors } from './errors.ts';
import { findMethod } from './find-method.ts';
import type { HostStore } from './host-store.ts';
import { HOST_VERSION } from './host-version.ts';
import { describe } from './loaded-plugin.ts';
import type { PluginLibrary } from './plugin-library.ts';

export interface HostAdministrationOptions {
  readonly kernel: Kernel;
  readonly configs: ConfigSource;
  readonly library: PluginLibrary;
  readonly logging: Logging;
  readonly kept: HostStore;
  readonly shelf: SecretShelf;
  readonly clock: Clock;
  readonly pluginPaths: readonly string[];
  /** Holds the copies of what was installed. */
  readonly installed: string;
  /** What is told of the host's settings, besides what can be seen. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** So many changes are remembered. */
const REMEMBERED = 100;

/** Answers an operator's questions about one host. */
export class HostAdministration implements Administration {
  readonly #options: HostAdministrationOptions;
  readonly #changes: RecentChange[] = [];

  constructor(options: HostAdministrationOptions) {
    this.#options = options;
  }

  /** Remembers a change that was made. */
  note(report: ChangeReport): void {
    this.#changes.push({ ...report, at: this.#options.clock.now() });
    if (this.#changes.length > REMEMBERED) this.#changes.shift();
  }

  changes(): readonly RecentChange[] {
    return this.#changes;
  }

  environment() {
    const { facts, kept, pluginPaths } = this.#options;
    return {
      version: HOST_VERSION,
      node: process.version,
      platform: platform(),
      kernel: release(),
      arch: arch(),
      hostname: hostname(),
      pid: process.pid,
      uptime_seconds: Math.round(process.uptime()),
      database: kept.store.kind,
      master_key: kept.masterKeyFile === undefined ? 'given' : 'file',
      plugin_paths: [...pluginPaths],
      ...facts,
    };
  }

  async effective(plugin?: string): Promise<readonly EffectiveConfiguration[]> {
    const names = plugin === undefined ? this.#options.kernel.status().map(({ name }) => name) : [plugin];
    return Promise.all(names.map((name) => this.#effective(name)));
  }

  async #effective(plugin: string): Promise<EffectiveConfiguration> {
    const { kernel, configs } = this.#options;
    const data = kernel.dataOf(plugin);
    const configured = await configs.pluginConfig(plugin, data?.aliases);
    const problems = configured.problems.map(describe);
    const enabled = configured.settings.enabled !== false;
    if (data === undefined)
      return { plugin, enabled, values: shown(configuredValues(configured, undefined)), problems };
    const validator = normalizeConfigSchema(data.config);
    const { config, error } = await validatePluginConfig(configured, validator);
    if (error !== undefined) problems.push(error.message);
    return { plugin, enabled, values: shown(configuredValues(configured, validator.jsonSchema, config)), problems };
  }

  async execute(plugin: string, service: string | undefined, asked: string, args: readonly unknown[]) {
    const { kernel } = this.#options;
    await kernel.wake(plugin);
    const { state, reason } = kernel.pluginStatus(plugin);
    if (state.phase !== 'running') throw errors.BP_PLUGIN_NOT_RUNNING({ plugin, phase: state.phase, reason });
    const { service: found, method } = await findMethod(kernel, plugin, asked, service);
    return { service: found, result: await kernel.callService(found, method, args) };
  }

  async checkHook(plugin: string, hook: WantedHook): Promise<void> {
    const { kernel } = this.#options;
    const { hook_name, hook_type, callback_method, conditions } = hook;
    if (kernel.knows(plugin) && kernel.pluginStatus(plugin).state.phase === 'running')
      await findMethod(kernel, plugin, callback_method);
    const compiled = conditions === null ? undefined : compileCondition(conditions as HookCondition);
    if (compiled !== undefined && 'problem' in compiled)
      throw errors.BP_HOOK_CONDITIONS({ hook: hook_name, problem: compiled.problem });
    const point = kernel.points().find(({ name }) => name === hook_name);
    if (point !== undefined && point.type !== hook_type)
      throw errors.BP_HOOK_TYPE({ hook: hook_name, type: hook_type, wanted: point.type });
  }

  logLevels() {
    return this.#options.logging.levels();
  }

  setLogLevel(namespace: string, level: string | undefined): void {
    const { logging } = this.#options;
    logging.setLevel(namespace, level as LogLevel | undefined);
    logging.setSinkLevel(namespace, level as LogLevel | undefined);
  }

  async stage(source: string): Promise<StagedInstall> {
    const { installed } = this.#options;
    const { folder, digest, discard } = await stageFolder(source, installed);
    const { candidates, problems } = await discoverDirectory(join(installed, folder));
    const [candidate, another] = candidates;
    if (candidate === undefined || another !== undefined) {
      await discard();
      const reason =
        problems[0] === undefined ? `it holds ${candidates.length} plugins, not one` : describe(problems[0]);
      throw errors.BP_INSTALL_NO_PLUGIN({ source, reason });
    }
    const version = candidate.manifest?.manifest.version ?? '';
    return { name: candidate.name, version, code: { from: 'installed', folder, source, digest }, discard };
  }

  locate(name: string, modulePath: string, entryPoint: string) {
    const { candidates, problems } = discoverModule(this.#options.pluginPaths, { name, modulePath, entryPoint });
    const [candidate] = candidates;
    if (candidate !== undefined) return { file: candidate.entry };
    throw errors.BP_MODULE_REFUSED({ module: modulePath, reason: problems[0]?.message ?? 'it is not there' });
  }

  entryOf(plugin: string): string | undefined {
    return this.#options.library.entryOf(plugin);
  }

  async rotateMasterKey(): Promise<number> {
    const { kept, shelf } = this.#options;
    const { box, forget } = await kept.rotate();
    const resealed = await shelf.reseal(box);
    await forget();
    return resealed;
  }
}

const shown = (values: ReturnType<typeof configuredValues>): EffectiveConfiguration['values'] =>
  values.map(({ key, value, origin, hidden }) => ({
    key,
    value,
    layer: origin.layer,
    place: placeOf(origin),
    hidden: hidden.map((lower) => ({ layer: lower.layer, place: placeOf(lower) })),
  }));

const placeOf = ({ file, line, column, variable }: ConfigOrigin): string | undefined => {
  if (variable !== undefined) return variable;
  if (file === undefined) return undefined;
  return placeName({ file, ...(line !== undefined && { line }), ...(column !== undefined && { column }) });
};
