import type { BackplaneError, Clock } from '@backplane/base';
import type { Handover } from '@backplane/plugin-api';
import type { Instance } from '../lifecycle/instance.ts';
import type { DesiredPlugin } from '../lifecycle/plugin-record.ts';
import type { GenerationTable } from './generation-table.ts';
import { type HandoverOptions, resume, takeHandover } from './take-handover.ts';

/** What was stopped before its next version is made: what to return to, and what it left behind. */
export interface Gap {
  readonly fallbacks: ReadonlyMap<string, DesiredPlugin>;
  readonly handovers: Map<string, Handover>;
  /** Plugins that could not quiesce, and therefore run on. */
  readonly failures: ReadonlyMap<string, BackplaneError>;
}

export interface StopFirstOptions extends HandoverOptions {
  readonly table: GenerationTable;
  readonly clock: Clock;
  /** One that cannot quiesce keeps all of them running. */
  readonly atomic: boolean;
}

/**
 * Takes plugins that cannot exist twice out of service before their next version is made; requests wait until `closeGap`.
 * @throws BP_GENERATION_NOT_BUILT; everything runs on then.
 */
export async function stopFirst(instances: readonly Instance[], options: StopFirstOptions): Promise<Gap> {
  const { table, clock, atomic } = options;
  const handovers = new Map<string, Handover>();
  const failures = new Map<string, BackplaneError>();
  await Promise.all(
    instances.map(async (instance) => {
      const { name } = instance.identity;
      try {
        handovers.set(name, await takeHandover(instance, options));
      } catch (error) {
        failures.set(name, error as BackplaneError);
      }
    }),
  );
  const stays = ({ identity: { name } }: Instance) => failures.has(name) || (atomic && failures.size > 0);
  await Promise.all(instances.filter(stays).map(resume));
  const leaving = instances.filter((instance) => !stays(instance));
  const fallbacks = new Map(leaving.map(({ identity, unit, config }) => [identity.name, { unit, config }]));
  if (leaving.length === 0) return { fallbacks, handovers, failures };

  for (const name of fallbacks.keys()) {
    const record = table.record(name);
    const { promise, resolve } = Promise.withResolvers<void>();
    record.gap = { wait: () => promise, close: resolve };
    record.enter({ phase: 'replacing' }, clock.now());
  }
  const { instances: running, resolution } = table.current;
  const staying = [...running.values()].filter((instance) => !fallbacks.has(instance.identity.name));
  const reach = (from: Instance) =>
    [...(resolution.reach.get(from.identity.name) ?? [])].flatMap((name) =>
      fallbacks.has(name) ? [] : (running.get(name) ?? []),
    );
  const views = table.openViews();
  let departed: Instance[];
  try {
    departed = table.commit(staying, resolution, views, reach);
  } catch (error) {
    views.retireUnused(true);
    for (const name of fallbacks.keys()) table.record(name).enter({ phase: 'running' }, clock.now());
    closeGap(table, fallbacks.keys());
    await Promise.all(leaving.map(resume));
    throw error;
  }
  await table.seeOut(departed);
  return { fallbacks, handovers, failures };
}

/** Lets the requests go on that waited. */
export function closeGap(table: GenerationTable, names: Iterable<string>): void {
  for (const name of names) {
    const record = table.record(name);
    record.gap?.close();
    record.gap = undefined;
  }
}
