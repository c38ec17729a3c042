import {
  definePlugin,
  PluginBase,
  type PluginLifecycle,
  type PluginMetadata,
  pluginFromClass,
  type ReconfigureAnswer,
  service,
} from '@backplane/plugin-api';
import type { PluginData, PluginUnit } from '@backplane/ports';
import { beforeEach, describe, expect, it } from 'vitest';
import { createInlineUnit } from './lifecycle/inline-driver.ts';
import type { DesiredPlugin } from './lifecycle/plugin-record.ts';
import { createTestKernel, dataOf, type TestKernel } from './testing/test-kernel.ts';

interface Config {
  readonly limit: number;
}
type Reconfigure = (next: Config, previous: Config) => ReconfigureAnswer | Promise<ReconfigureAnswer>;

/** What the plugins went through, in order. */
let told: string[];
/** Answers of a plugin, by name, in order; then it accepts. */
let answers: Map<string, Reconfigure[]>;
/** `context.fail` of each plugin's newest instance. */
let fails: Map<string, (reason: unknown) => void>;
let host: TestKernel;

beforeEach(() => {
  told = [];
  answers = new Map();
  fails = new Map();
  host = createTestKernel();
});

const limits = service<{ limit(): Promise<number> }>('limits');

/** Says what it is told, and what `context.config` shows. */
function asking(name: string, data: Partial<PluginData> = {}): PluginUnit {
  const plugin = definePlugin({
    name,
    version: '1.0.0',
    config: { limit: { type: 'integer', required: true } },
    initialize(context): PluginLifecycle<Config> {
      const { instance } = context.plugin;
      fails.set(name, context.fail);
      if (data.provides) context.provide(limits, { limit: async () => context.config.limit });
      told.push(`${name}#${instance} initialize ${context.config.limit}`);
      return {
        start: () => void told.push(`${name}#${instance} start`),
        stop: () => void told.push(`${name}#${instance} stop`),
        async reconfigure(next, previous) {
          told.push(`${name}#${instance} ${previous.limit} -> ${next.limit}`);
          const answer = await answers.get(name)?.shift()?.(next, previous);
          // Whatever it answers, what it was given is not shown before.
          expect(context.config).toBe(previous);
          return answer;
        },
      };
    },
  });
  return createInlineUnit(plugin, dataOf({ ...data, name }), 'digest', `test/${name}`);
}

const at = (unit: PluginUnit, limit: number): DesiredPlugin => ({ unit, config: Object.freeze({ limit }) });
const instanceOf = (name: string) => host.kernel.pluginStatus(name).instance;
const shown = () => host.kernel.callService('limits', 'limit', []);

async function boot(...plugins: DesiredPlugin[]): Promise<void> {
  await host.kernel.apply({ set: plugins });
  told.length = 0;
}

describe('new configuration of a plugin that takes it in place', () => {
  it('reaches the running instance, and context.config shows it from then on', async () => {
    const unit = asking('a', { provides: ['limits'] });
    await boot(at(unit, 1));
    const { generation } = host.kernel;
    const report = await host.kernel.apply({ set: [at(unit, 2)] });
    expect(report).toMatchObject({
      generation: generation + 1,
      steps: [{ name: 'a', action: 'reconfigure', outcome: 'applied', reason: 'configuration changed' }],
    });
    expect(told).toEqual(['a#1 1 -> 2']);
    expect(await shown()).toBe(2);
    expect(instanceOf('a')).toBe(1);
    expect(host.kernel.pluginStatus('a').lastChange).toMatchObject({ outcome: 'applied', version: '1.0.0' });
    expect((await host.kernel.apply({ set: [at(unit, 2)] })).steps).toEqual([]);
  });

  it('is planned as what happens', async () => {
    const unit = asking('a');
    await boot(at(unit, 1));
    const change = { set: [at(unit, 2)] };
    const plan = host.kernel.plan(change);
    expect(plan).toMatchObject([{ name: 'a', action: 'reconfigure', fromVersion: '1.0.0', toVersion: '1.0.0' }]);
    expect((await host.kernel.apply(change)).steps).toMatchObject(plan);
  });

  it('lets calls in flight and dependents go on', async () => {
    const unit = asking('a', { provides: ['limits'] });
    const dependent = asking('b', { dependencies: [{ name: 'a', range: '*', optional: false }] });
    await boot(at(unit, 1), at(dependent, 1));
    const before = shown();
    await host.kernel.apply({ set: [at(unit, 2)] });
    expect(await before).toBe(1);
    expect(instanceOf('b')).toBe(1);
    expect(told).toEqual(['a#1 1 -> 2']);
  });

  it.each([
    ['code', (unit: PluginUnit) => ({ ...unit, digest: 'other' })],
    ['level', (unit: PluginUnit): PluginUnit => ({ ...unit, level: 'process' })],
    ['version', (unit: PluginUnit) => ({ ...unit, data: { ...unit.data, version: '1.0.1' } })],
    ['priority', (unit: PluginUnit) => ({ ...unit, data: { ...unit.data, priority: 1 } })],
    ['routes', (unit: PluginUnit) => ({ ...unit, data: { ...unit.data, mounted: false } })],
  ])('takes a new instance where its %s changes too', async (_, changed) => {
    const unit = asking('a');
    await boot(at(unit, 1));
    const { steps } = await host.kernel.apply({ set: [at(changed(unit), 2)] });
    expect(steps).toMatchObject([{ action: 'replace', outcome: 'applied' }]);
    await host.kernel.settled();
    expect(told).toEqual(['a#2 initialize 2', 'a#2 start', 'a#1 stop']);
  });

  it('takes a new instance where one is asked for', async () => {
    const unit = asking('a');
    await boot(at(unit, 1));
    const change = { set: [at(unit, 2)], force: ['a'] };
    expect(host.kernel.plan(change)).toMatchObject([{ action: 'replace', reason: 'configuration changed' }]);
    await host.kernel.apply(change);
    expect(instanceOf('a')).toBe(2);
  });

  it('takes a new instance where the plugin does not say that it can', async () => {
    const plugin = definePlugin({ name: 'a', version: '1.0.0', initialize: () => {} });
    const unit = createInlineUnit(plugin, dataOf({ name: 'a' }), 'digest', 'test/a');
    await boot(at(unit, 1));
    expect((await host.kernel.apply({ set: [at(unit, 2)] })).steps).toMatchObject([{ action: 'replace' }]);
    expect(instanceOf('a')).toBe(2);
  });
});

describe.each(['beside', 'stop-first'] as const)('a plugin (%s) that says "replace"', (replace) => {
  it('is replaced in the same change, and the report says so', async () => {
    const unit = asking('a', { replace, provides: ['limits'] });
    await boot(at(unit, 1));
    answers.set('a', [() => 'replace']);
    const { steps } = await host.kernel.apply({ set: [at(unit, 2)] });
    expect(steps).toMatchObject([
      { action: 'replace', outcome: 'applied', reason: 'configuration changed, and it asked for a new instance' },
    ]);
    await host.kernel.settled();
    const begun = ['a#2 initialize 2', 'a#2 start'];
    expect(told).toEqual(['a#1 1 -> 2', ...(replace === 'beside' ? [...begun, 'a#1 stop'] : ['a#1 stop', ...begun])]);
    expect(await shown()).toBe(2);
  });

  it('serves on when its new instance fails', async () => {
    const unit = asking('a', { replace, provides: ['limits'] });
    await boot(at(unit, 1));
    answers.set('a', [() => 'replace']);
    const broken = definePlugin({
      name: 'a',
      version: '1.0.0',
      initialize: () => Promise.reject(new Error('it cannot begin with 2')),
    });
    // The same code for the host, which begins only with 1.
    const create: PluginUnit['create'] = (instance) =>
      (instance.config === two.config ? createInlineUnit(broken, unit.data, 'digest', unit.origin) : unit).create(
        instance,
      );
    const two = at({ ...unit, create }, 2);
    const { steps } = await host.kernel.apply({ set: [two] });
    expect(steps).toMatchObject([{ action: 'replace', outcome: 'returned', failure: { code: 'BP_STEP_FAILED' } }]);
    expect(await shown()).toBe(1);
  });
});

describe('a plugin that refuses its new configuration', () => {
  it.each([
    ['throwing', () => Promise.reject(new Error('2 is too many')), /failed in reconfigure: 2 is too many\./],
    ['answering what is no answer', () => 'no' as never, /returned no, which neither accepts nor asks/],
  ])('by %s keeps the values before', async (_, answer, message) => {
    const unit = asking('a', { provides: ['limits'] });
    await boot(at(unit, 1));
    answers.set('a', [answer]);
    const { steps } = await host.kernel.apply({ set: [at(unit, 2)] });
    expect(steps).toMatchObject([
      { action: 'reconfigure', outcome: 'returned', failure: { message: expect.stringMatching(message) } },
    ]);
    expect(await shown()).toBe(1);
    expect(instanceOf('a')).toBe(1);
    expect(host.events.at(-1)?.message).toMatch(/^the new configuration was refused, 1\.0\.0 serves on: /);
    expect(host.kernel.pluginStatus('a').lastChange).toMatchObject({ outcome: 'returned' });
    // Asked for again, it is asked again.
    expect((await host.kernel.apply({ set: [at(unit, 2)] })).steps).toMatchObject([{ outcome: 'applied' }]);
    expect(await shown()).toBe(2);
  });

  it('does not keep others from theirs', async () => {
    const [a, b] = [asking('a'), asking('b')];
    await boot(at(a, 1), at(b, 1));
    answers.set('a', [() => Promise.reject(new Error('no'))]);
    const { steps } = await host.kernel.apply({ set: [at(a, 2), at(b, 2)] });
    expect(steps).toMatchObject([{ outcome: 'returned' }, { outcome: 'applied' }]);
    expect(told).toEqual(['a#1 1 -> 2', 'b#1 1 -> 2']);
  });

  it('by its silence keeps the values before, and is put back when it accepts too late', async () => {
    const unit = asking('a', { provides: ['limits'] });
    await boot(at(unit, 1));
    const late = Promise.withResolvers<void>();
    answers.set('a', [() => late.promise]);
    const applied = host.kernel.apply({ set: [at(unit, 2)] });
    await host.clock.advance(1000);
    expect((await applied).steps).toMatchObject([
      {
        outcome: 'returned',
        failure: { message: expect.stringContaining('"a" 1.0.0 did not finish reconfigure within 1000 ms.') },
      },
    ]);
    expect(await shown()).toBe(1);
    // Nobody knows where it stands.
    expect(host.kernel.plan({ set: [at(unit, 3)] })).toMatchObject([{ action: 'replace' }]);
    late.resolve();
    await host.clock.advance(0);
    expect(told).toEqual(['a#1 1 -> 2', 'a#1 2 -> 1']);
    expect(await shown()).toBe(1);
    expect(host.kernel.plan({ set: [at(unit, 3)] })).toMatchObject([{ action: 'reconfigure' }]);
    expect(host.clock.waiting).toBe(0);
  });
});

describe('an atomic change', () => {
  const no = () => Promise.reject(new Error('no'));
  const trio = () => [asking('a'), asking('b'), asking('c')] as const;
  const change = (units: readonly PluginUnit[], limit = 2) => ({
    set: units.map((unit) => at(unit, limit)),
    atomic: true,
  });

  it('puts back those that have accepted, last first, when one refuses, and asks nobody after it', async () => {
    const units = trio();
    await boot(...units.map((unit) => at(unit, 1)));
    const { generation } = host.kernel;
    answers.set('c', [no]);
    await expect(host.kernel.apply(change([...units, asking('d')]))).rejects.toMatchObject({
      code: 'BP_CHANGE_RETURNED',
      details: { plugins: ['c'] },
    });
    expect(told).toEqual([
      'd#1 initialize 2',
      'd#1 start',
      'a#1 1 -> 2',
      'b#1 1 -> 2',
      'c#1 1 -> 2',
      'b#1 2 -> 1',
      'a#1 2 -> 1',
      'd#1 stop',
    ]);
    expect(host.kernel.generation).toBe(generation);
    const plan = host.kernel.plan({ set: units.map((unit) => at(unit, 1)) });
    expect(plan.filter(({ action }) => action !== 'keep')).toEqual([]);
  });

  it('asks dependencies before their dependents', async () => {
    const b = asking('b');
    const a = asking('a', { dependencies: [{ name: 'b', range: '*', optional: false }] });
    await boot(at(a, 1), at(b, 1));
    await host.kernel.apply(change([a, b]));
    expect(told).toEqual(['b#1 1 -> 2', 'a#1 1 -> 2']);
  });

  it('stops nobody first when one that may not exist twice refuses', async () => {
    const a = asking('a', { replace: 'stop-first' });
    const b = asking('b', { replace: 'stop-first' });
    await boot(at(a, 1), at(b, 1));
    answers.set('a', [no]);
    const set = [at(a, 2), at({ ...b, digest: 'other' }, 1)];
    await expect(host.kernel.apply({ set, atomic: true })).rejects.toMatchObject({ code: 'BP_CHANGE_RETURNED' });
    expect(told.filter((line) => line.startsWith('b#1'))).toEqual([]);
    expect([instanceOf('a'), instanceOf('b')]).toEqual([1, 1]);
  });

  it('replaces one that cannot go back, by an instance with the values before', async () => {
    const units = [asking('a', { provides: ['limits'] }), asking('b')];
    await boot(...units.map((unit) => at(unit, 1)));
    answers.set('a', [() => {}, no]);
    answers.set('b', [no]);
    await expect(host.kernel.apply(change(units))).rejects.toMatchObject({ code: 'BP_CHANGE_RETURNED' });
    await host.kernel.settled();
    expect(instanceOf('a')).toBe(2);
    expect(await shown()).toBe(1);
    expect(host.events.map(({ message }) => message)).toContain(
      'it could not go back to its configuration; it is replaced',
    );
  });

  it('is taken back when one fails after it has accepted, which then begins again with the values before', async () => {
    const units = [asking('a', { provides: ['limits'] }), asking('b')];
    await boot(...units.map((unit) => at(unit, 1)));
    answers.set('b', [() => fails.get('a')?.(new Error('it died'))]);
    await expect(host.kernel.apply(change(units))).rejects.toMatchObject({
      code: 'BP_CHANGE_RETURNED',
      details: { plugins: ['a'] },
    });
    expect(told).toEqual(['a#1 1 -> 2', 'b#1 1 -> 2', 'b#1 2 -> 1']);
    await host.kernel.settled();
    expect(host.phase('a')).toBe('failed');
    await host.clock.advance(60_000);
    await host.kernel.settled();
    expect(host.phase('a')).toBe('running');
    expect(await shown()).toBe(1);
  });

  it('is taken back when the generation cannot be built', async () => {
    const refuse = { now: false };
    const part = {
      key: 'part',
      build: () => {
        if (refuse.now) throw new Error('it cannot be built');
      },
    };
    host = createTestKernel({ parts: [part] });
    const unit = asking('a', { provides: ['limits'] });
    await boot(at(unit, 1));
    refuse.now = true;
    await expect(host.kernel.apply({ set: [at(unit, 2)] })).rejects.toMatchObject({ code: 'BP_GENERATION_NOT_BUILT' });
    expect(told).toEqual(['a#1 1 -> 2', 'a#1 2 -> 1']);
    expect(await shown()).toBe(1);
  });
});

describe('a host that stops while a plugin is asked', () => {
  it('does not wait for the answer, and asks nobody else', async () => {
    const units = [asking('a'), asking('b'), asking('c')];
    await boot(...units.map((unit) => at(unit, 1)));
    answers.set('b', [() => new Promise(() => {})]);
    const applied = host.kernel.apply({ set: units.map((unit) => at(unit, 2)) });
    const code = applied.catch((error) => error.code);
    await host.clock.advance(0);
    expect(told).toEqual(['a#1 1 -> 2', 'b#1 1 -> 2']);
    const stopped = host.kernel.stop(100);
    expect(await code).toBe('BP_HOST_STOPPED');
    await stopped;
    expect(told.slice(2).sort()).toEqual(['a#1 stop', 'b#1 stop', 'c#1 stop']);
    expect(host.clock.waiting).toBe(0);
  });
});

describe('the class form', () => {
  class Plain extends PluginBase {
    static override readonly metadata: PluginMetadata = { name: 'a', version: '1.0.0' };
  }
  class Able extends Plain {
    readonly seen: unknown[] = [];
    override reconfigure(next: unknown) {
      this.seen.push(next);
      told.push(`${this.context.plugin.name} has seen ${this.seen.length}`);
    }
  }

  it.each([
    ['with the method is asked, as itself', Able, 'reconfigure', ['a has seen 1']],
    ['without it takes a new instance', Plain, 'replace', []],
  ] as const)('%s', async (_, Class, action, expected) => {
    const unit = createInlineUnit(pluginFromClass(Class), dataOf({ name: 'a' }), 'digest', 'test/a');
    await boot(at(unit, 1));
    expect((await host.kernel.apply({ set: [at(unit, 2)] })).steps).toMatchObject([{ action, outcome: 'applied' }]);
    expect(told).toEqual(expected);
  });
});

describe('a plugin that fails while it is asked', () => {
  it('is taken out, and begins again with the values before', async () => {
    const unit = asking('a', { provides: ['limits'] });
    await boot(at(unit, 1));
    answers.set('a', [() => fails.get('a')?.(new Error('it died'))]);
    const { steps } = await host.kernel.apply({ set: [at(unit, 2)] });
    expect(steps).toMatchObject([{ action: 'reconfigure', outcome: 'returned' }]);
    await host.kernel.settled();
    await host.clock.advance(60_000);
    await host.kernel.settled();
    expect(instanceOf('a')).toBe(2);
    expect(await shown()).toBe(1);
  });
});
