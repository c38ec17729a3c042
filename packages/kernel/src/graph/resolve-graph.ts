import type { BackplaneError } from '@backplane/base';
import type { PluginData } from '@backplane/ports';
import satisfies from 'semver/functions/satisfies.js';
import { errors } from '../errors.ts';
import { findCycles } from './find-cycles.ts';
import { phaseNumber, startOrder } from './start-order.ts';

/** Why a plugin waits though nothing is wrong with itself. */
export interface Blocked {
  /** The plugins it depends on that cannot run. */
  readonly by: readonly string[];
}

/** What can run, in which order, and why the rest cannot. */
export interface Resolution {
  /** Names of what can run: dependencies first, then phase, priority, name. */
  readonly order: readonly string[];
  /** For each plugin, what must have started before it. */
  readonly edges: ReadonlyMap<string, ReadonlySet<string>>;
  /** For each plugin, what its calls may reach directly: its edges and its lazy needs. */
  readonly reach: ReadonlyMap<string, ReadonlySet<string>>;
  /** The plugin that provides each service. */
  readonly providers: ReadonlyMap<string, string>;
  /** What is wrong with a plugin itself. */
  readonly problems: ReadonlyMap<string, BackplaneError>;
  /** What waits for those. */
  readonly blocked: ReadonlyMap<string, Blocked>;
  /** What could run, and is not started before somebody uses it. */
  readonly dormant: ReadonlySet<string>;
}

interface Edge {
  readonly to: string;
  readonly range: string;
}

function meets(version: string, range: string): boolean {
  return range === '*' || satisfies(version, range, { includePrerelease: true });
}

/**
 * Plans the start of a set of plugins without running any of them. `hostServices` are those that the operator registered;
 * `withheld` are plugins that are there but must not run now, and why; `lazy` are those that start only where another cannot do without them.
 */
export function resolveGraph(
  plugins: ReadonlyMap<string, PluginData>,
  hostServices: { has(id: string): boolean } = new Set<string>(),
  withheld: ReadonlyMap<string, BackplaneError> = new Map(),
  lazy: ReadonlySet<string> = new Set(),
): Resolution {
  const problems = new Map<string, BackplaneError>(withheld);
  const report = (name: string, error: BackplaneError) => {
    if (!problems.has(name)) problems.set(name, error);
  };
  const byName = new Map<string, PluginData>();
  for (const data of plugins.values()) {
    for (const alias of data.aliases) byName.set(alias, data);
  }
  // Last, so that a name wins over an alias whatever the order.
  for (const data of plugins.values()) byName.set(data.name, data);
  const claims = findClaims(plugins, report);

  const edges = new Map<string, Set<string>>();
  const reach = new Map<string, Set<string>>();
  const asked = new Map<string, Edge[]>();
  const required = new Map<string, Set<string>>();
  for (const data of plugins.values()) {
    const { name } = data;
    const ordered = new Set<string>();
    const reached = new Set<string>();
    const wants: Edge[] = [];
    const cannotDoWithout = new Set<string>();
    for (const { name: dependency, range, optional } of data.dependencies) {
      const target = byName.get(dependency);
      if (target === undefined) {
        if (!optional) report(name, errors.BP_DEPENDENCY_MISSING({ plugin: name, dependency, range }));
        continue;
      }
      ordered.add(target.name);
      if (!optional) cannotDoWithout.add(target.name);
      wants.push({ to: target.name, range });
    }
    for (const { serviceId, range, mode } of data.needs) {
      const claimants = claims.get(serviceId) ?? [];
      if (claimants.length === 0 && mode === 'required' && !hostServices.has(serviceId)) {
        report(name, errors.BP_SERVICE_MISSING({ plugin: name, service: serviceId }));
      }
      for (const provider of claimants) {
        if (provider === name) continue;
        reached.add(provider);
        if (mode === 'lazy') continue;
        ordered.add(provider);
        if (mode === 'required') cannotDoWithout.add(provider);
        wants.push({ to: provider, range });
      }
    }
    edges.set(name, ordered);
    reach.set(name, reached.union(ordered));
    asked.set(name, wants);
    required.set(name, cannotDoWithout);
  }
  checkRanges(plugins, asked, report);
  checkPhases(plugins, edges, report);
  for (const path of findCycles(edges)) {
    for (const name of path) report(name, errors.BP_PLUGIN_CYCLE({ path }));
  }

  const providers = new Map<string, string>();
  for (const [service, names] of claims) if (names.length === 1) providers.set(service, names[0] as string);
  const blocked = findBlocked(required, problems);
  const able = [...plugins].filter(([name]) => !problems.has(name) && !blocked.has(name));
  const wanted = closureOf(
    able.map(([name]) => name).filter((name) => !lazy.has(name)),
    required,
  );
  const runnable = new Map(able.filter(([name]) => wanted.has(name)));
  const dormant = new Set(able.map(([name]) => name).filter((name) => !wanted.has(name)));
  return { order: startOrder(runnable, edges), edges, reach, providers, problems, blocked, dormant };
}

/** These plugins, and all that they cannot do without. */
function closureOf(names: Iterable<string>, required: ReadonlyMap<string, ReadonlySet<string>>): ReadonlySet<string> {
  const closure = new Set(names);
  // A set grows while it is walked.
  for (const name of closure) for (const to of required.get(name) ?? []) closure.add(to);
  return closure;
}

/** Who declares each service; declared more than once, all of them are refused. */
function findClaims(
  plugins: ReadonlyMap<string, PluginData>,
  report: (name: string, error: BackplaneError) => void,
): Map<string, string[]> {
  const claims = new Map<string, string[]>();
  for (const data of plugins.values()) {
    for (const id of data.provides) {
      const known = claims.get(id);
      if (known) known.push(data.name);
      else claims.set(id, [data.name]);
    }
  }
  for (const [service, names] of claims) {
    if (names.length === 1) continue;
    for (const name of names) report(name, errors.BP_SERVICE_CONFLICT({ service, plugins: names.toSorted() }));
  }
  return claims;
}

function checkRanges(
  plugins: ReadonlyMap<string, PluginData>,
  asked: ReadonlyMap<string, readonly Edge[]>,
  report: (name: string, error: BackplaneError) => void,
): void {
  for (const [plugin, edges] of asked) {
    for (const { to: dependency, range } of edges) {
      const found = (plugins.get(dependency) as PluginData).version;
      if (meets(found, range)) continue;
      const asks = [...asked].flatMap(([asker, wants]) =>
        wants
          .filter((want) => want.to === dependency)
          .map((want) => ({ plugin: asker, range: want.range, met: meets(found, want.range) })),
      );
      report(plugin, errors.BP_DEPENDENCY_VERSION({ plugin, dependency, range, found, asks }));
    }
  }
}

function checkPhases(
  plugins: ReadonlyMap<string, PluginData>,
  edges: ReadonlyMap<string, ReadonlySet<string>>,
  report: (name: string, error: BackplaneError) => void,
): void {
  for (const [plugin, targets] of edges) {
    const { phase } = plugins.get(plugin) as PluginData;
    for (const dependency of targets) {
      const dependencyPhase = (plugins.get(dependency) as PluginData).phase;
      if (phaseNumber(dependencyPhase) > phaseNumber(phase)) {
        report(plugin, errors.BP_PHASE_ORDER({ plugin, phase, dependency, dependencyPhase }));
      }
    }
  }
}

/** Everything that waits for a plugin with a problem, and for which of those it depends on: optional and lazy needs do not block. */
function findBlocked(
  required: ReadonlyMap<string, ReadonlySet<string>>,
  problems: ReadonlyMap<string, BackplaneError>,
): Map<string, Blocked> {
  const dependents = new Map<string, string[]>();
  for (const [name, needs] of required) {
    for (const to of needs) {
      const known = dependents.get(to);
      if (known) known.push(name);
      else dependents.set(to, [name]);
    }
  }
  const down = new Set(problems.keys());
  // A set grows while it is walked, so this visits everything that waits, however far away.
  for (const name of down) for (const dependent of dependents.get(name) ?? []) down.add(dependent);
  const blocked = new Map<string, Blocked>();
  for (const [name, needs] of required) {
    if (down.has(name) && !problems.has(name)) blocked.set(name, { by: [...needs].filter((to) => down.has(to)) });
  }
  return blocked;
}
