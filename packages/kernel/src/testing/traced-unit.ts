import type { Clock } from '@backplane/base';
import type { Scope } from '@backplane/plugin-api';
import type { InstanceDriver, InstanceHost, PluginData, PluginUnit } from '@backplane/ports';
import { dataOf } from './test-kernel.ts';

export type Point =
  | 'create'
  | 'initialize'
  | 'provide'
  | 'warm'
  | 'start'
  | 'health'
  | 'reconfigure'
  | 'quiesce'
  | 'resume'
  | 'stop'
  | 'dispose'
  | 'effect';

/** Where a unit goes wrong. `late` is rejecting after the limit; `gives up` is reporting a failure in the middle of the step. */
export interface Misstep {
  readonly point: Point;
  readonly how: 'throws' | 'hangs' | 'late' | 'gives up';
  /** Only the first instance, and only the first time. */
  readonly once?: boolean;
}

/** What one instance went through. */
export class TracedInstance {
  readonly name: string;
  readonly version: string;
  readonly steps: Point[] = [];
  /** True once a driver was given back. */
  created = false;
  /** True once start has succeeded. */
  started = false;
  readonly wentWrong = new Set<Point>();
  ticks = 0;
  /** What it has taken. */
  config: unknown;
  /** Registered and not undone. */
  effects = 0;
  warm: () => Promise<void> = async () => {};

  constructor(name: string, version: string) {
    this.name = name;
    this.version = version;
  }

  count(point: Point): number {
    return this.steps.filter((step) => step === point).length;
  }
}

export interface Trace {
  readonly instances: TracedInstance[];
  /** Called at the beginning and the end of each step. */
  onStep?(instance: TracedInstance, point: Point, edge: 'begin' | 'end'): void;
  /** How long a step takes. */
  delay?(instance: TracedInstance, point: Point): number;
}

let digests = 0;

/**
 * A unit that writes down each step of each of its instances, ticks every 100 ms, owns an effect, and goes wrong where it is told. It takes its configuration
 * in place, unless that says `anew`.
 */
export function createTracedUnit(
  trace: Trace,
  name: string,
  version: string,
  misstep?: Misstep,
  extra: Partial<PluginData> = {},
): PluginUnit {
  let missteps = 0;
  digests++;
  return {
    data: dataOf({ provides: [`${name}.service`], ...extra, name, version }),
    level: 'inline',
    digest: `traced-${digests}`,
    origin: `test/${name}`,
    create(host) {
      const me = new TracedInstance(name, version);
      trace.instances.push(me);
      me.config = host.config;
      me.warm = () => step('warm');
      const goesWrong = (point: Point) => {
        if (misstep?.point !== point || (misstep.once && missteps > 0)) return false;
        missteps++;
        me.wentWrong.add(point);
        return true;
      };
      const step = async (point: Point) => {
        me.steps.push(point);
        trace.onStep?.(me, point, 'begin');
        const delay = trace.delay?.(me, point) ?? 0;
        if (delay > 0) await new Promise<void>((resolve) => clockOf(host).after(delay, resolve));
        if (goesWrong(point)) await goWrong(host, misstep as Misstep);
        trace.onStep?.(me, point, 'end');
      };
      if (goesWrong('create')) {
        own(host.scope, me, async () => {});
        if (misstep?.how === 'gives up') host.fail(new Error('gave up in create'));
        else throw new Error('broken in create');
      }
      me.created = true;
      return drive(host, me, step);
    },
  };
}

const clockOf = (host: InstanceHost) => (host as unknown as { readonly clock: Clock }).clock;

function own(scope: Scope, me: TracedInstance, undo: () => Promise<void>): void {
  me.effects++;
  scope.add('effect', async () => {
    me.effects--;
    await undo();
  });
}

function drive(host: InstanceHost, me: TracedInstance, step: (point: Point) => Promise<void>): InstanceDriver {
  return {
    async initialize() {
      own(host.scope, me, () => step('effect'));
      host.scope.interval('tick', 100, () => {
        me.ticks++;
      });
      await step('initialize');
      await step('provide');
      for (const service of host.info.data.provides) host.provide(service, { version: async () => me.version });
    },
    async start() {
      await step('start');
      me.started = !me.wentWrong.has('start');
    },
    async health() {
      await step('health');
      return true;
    },
    async quiesce() {
      await host.scope.pause();
      await step('quiesce');
      return undefined;
    },
    async resume() {
      await step('resume');
      host.scope.activate();
    },
    reconfigurable: () => true,
    async reconfigure(next) {
      await step('reconfigure');
      if ((next as { readonly anew?: boolean }).anew) return 'replace';
      me.config = next;
      return 'accepted';
    },
    stop: () => step('stop'),
    dispose: () => step('dispose'),
  };
}

async function goWrong(host: InstanceHost, { how, point }: Misstep): Promise<void> {
  if (how === 'throws') throw new Error(`broken in ${point}`);
  if (how === 'hangs') return new Promise(() => {});
  if (how === 'late') {
    await new Promise<void>((resolve) => clockOf(host).after(2500, resolve));
    throw new Error(`broken too late in ${point}`);
  }
  host.fail(new Error(`gave up in ${point}`));
}
