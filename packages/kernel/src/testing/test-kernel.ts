import type { ConfigSchema, Needs, PluginDefinition } from '@backplane/plugin-api';
import { definePlugin } from '@backplane/plugin-api';
import type { HttpFacet, InstanceInfo, PluginData, PluginUnit } from '@backplane/ports';
import { ManualClock } from '@backplane/testing';
import { Kernel, type KernelOptions } from '../kernel.ts';
import type { KernelEvent } from '../kernel-event.ts';
import { createInlineUnit } from '../lifecycle/inline-driver.ts';
import type { InstanceFacets } from '../lifecycle/instance.ts';
import type { DesiredPlugin } from '../lifecycle/plugin-record.ts';

/** A log in memory, and no HTTP: routes are the gateway's business. */
function testFacets(log: string[]): InstanceFacets {
  const line = (instance: InstanceInfo, level: string) => (message: string) => {
    log.push(`${level} ${instance.identity.name}: ${message}`);
  };
  return {
    http: () => ({ routes() {}, operation() {}, middleware() {}, webSocket() {}, forward() {} }) satisfies HttpFacet,
    logger: (instance) => ({
      trace: line(instance, 'trace'),
      debug: line(instance, 'debug'),
      info: line(instance, 'info'),
      warn: line(instance, 'warn'),
      error: line(instance, 'error'),
    }),
    security: () => {
      throw new Error('This test has no keys.');
    },
    database: () => {
      throw new Error('This test has no database.');
    },
    metrics: () => {
      throw new Error('This test has no metrics.');
    },
    cache: () => {
      throw new Error('This test has no cache.');
    },
  };
}

/** Metadata as the host would resolve it. */
export function dataOf(definition: Partial<PluginData> & { readonly name: string }): PluginData {
  return {
    version: '1.0.0',
    displayName: definition.name,
    description: '',
    author: '',
    license: '',
    aliases: [],
    kinds: [],
    type: 'custom',
    phase: 'business',
    priority: 100,
    dependencies: [],
    needs: [],
    provides: [],
    replace: 'beside',
    limits: { initialize: 1000, start: 1000, stop: 1000, health: 1000, reconfigure: 1000, drain: 30_000 },
    metricsPrefix: definition.name.replaceAll('-', '_'),
    mounted: true,
    autoLoad: true,
    migrations: [],
    config: undefined,
    ...definition,
  };
}

let digests = 0;

/** A unit of a plugin that is written in the test. Every call is other code. */
export function unit<const S extends ConfigSchema, const N extends Needs>(
  definition: Omit<PluginDefinition<S, N>, 'version' | 'limits'> & {
    readonly version?: string;
    readonly limits?: Partial<PluginData['limits']>;
  },
): PluginUnit {
  const plugin = definePlugin({ version: '1.0.0', ...definition } as PluginDefinition<S, N>);
  const defaults = dataOf({ name: plugin.name });
  const list = Array.isArray(definition.dependencies)
    ? definition.dependencies.map((d: string | { name: string }) => (typeof d === 'string' ? { name: d } : d))
    : Object.entries(definition.dependencies ?? {}).map(([name, range]) => ({ name, range }));
  const data: PluginData = {
    ...defaults,
    version: plugin.version,
    phase: plugin.phase ?? 'business',
    priority: plugin.priority ?? 100,
    aliases: plugin.aliases ?? [],
    replace: plugin.replace ?? 'beside',
    limits: { ...defaults.limits, ...definition.limits },
    provides: (plugin.provides ?? []).map((ref) => (typeof ref === 'string' ? ref : ref.id)),
    dependencies: list.map((dependency) => ({ range: '*', optional: false, ...dependency })),
    needs: Object.entries(plugin.needs ?? {}).map(([key, need]) => ({
      key,
      serviceId: need.kind === 'service' ? need.id : need.ref.id,
      range: (need.kind === 'service' ? need.range : need.ref.range) ?? '*',
      mode: need.kind === 'service' ? 'required' : need.kind,
    })),
  };
  digests++;
  return createInlineUnit(plugin, data, `digest-${digests}`, `test/${plugin.name}`);
}

export interface TestKernel {
  readonly kernel: Kernel;
  readonly clock: ManualClock;
  readonly log: string[];
  readonly events: KernelEvent[];
  /** Adds or replaces. */
  set(...units: PluginUnit[]): ReturnType<Kernel['apply']>;
  phase(name: string): string;
}

export function createTestKernel(options: Partial<KernelOptions> = {}): TestKernel {
  const clock = new ManualClock();
  const log: string[] = [];
  const events: KernelEvent[] = [];
  const kernel = new Kernel({
    clock,
    random: () => 0,
    facets: testFacets(log),
    onEvent: (event) => events.push(event),
    ...options,
  });
  const desired = (unit: PluginUnit): DesiredPlugin => ({ unit, config: Object.freeze({}) });
  return {
    kernel,
    clock,
    log,
    events,
    set: (...units) => kernel.apply({ set: units.map(desired) }),
    phase: (name) => kernel.pluginStatus(name).state.phase,
  };
}
