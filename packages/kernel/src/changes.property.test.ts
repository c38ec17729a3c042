import type { GenerationPart, InstanceInfo, View } from '@backplane/ports';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InstanceView } from './call/instance-view.ts';
import type { Instance } from './lifecycle/instance.ts';
import { createTestKernel, type TestKernel } from './testing/test-kernel.ts';
import { createTracedUnit, type Misstep, type Trace } from './testing/traced-unit.ts';

const NAMES = ['a', 'b', 'c', 'd', 'e'];
/** Each depends on some of those before it. */
const DEPENDS: Record<string, string[]> = { a: [], b: ['a'], c: ['a'], d: ['b', 'c'], e: [] };

const entrance: GenerationPart<Map<string, { view: View; instance: InstanceInfo }>> = {
  key: 'entrance',
  build: (draft) =>
    new Map(draft.instances.map((instance) => [instance.identity.name, { view: draft.view([instance]), instance }])),
};

const points = fc.constantFrom(
  'create',
  'initialize',
  'start',
  'health',
  'quiesce',
  'resume',
  'stop',
  'dispose',
  'effect',
);
const misstep: fc.Arbitrary<Misstep | undefined> = fc.option(
  fc.record({
    point: fc.oneof({ weight: 2, arbitrary: points }, { weight: 1, arbitrary: fc.constant('reconfigure') }),
    how: fc.constantFrom('throws', 'hangs', 'late', 'gives up'),
    once: fc.boolean(),
  }) as fc.Arbitrary<Misstep>,
  { nil: undefined, freq: 2 },
);
const name = fc.constantFrom(...NAMES);
const action = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('set' as const),
      plugins: fc.uniqueArray(name, { minLength: 1, maxLength: 3 }),
      misstep,
      stopFirst: fc.boolean(),
      atomic: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('configure' as const),
      plugins: fc.uniqueArray(name, { minLength: 1, maxLength: 4 }),
      anew: fc.option(name, { freq: 2 }),
      atomic: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), name }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('force' as const), name }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fail' as const), name }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('call' as const), name, heldMs: fc.integer({ min: 0, max: 40_000 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('time' as const), ms: fc.integer({ min: 0, max: 5000 }) }) },
);

/** What a plugin has taken is what the host shows, and what is wanted of it. */
function configured(host: TestKernel, { instances }: Trace): void {
  for (const { instance } of host.kernel.part(entrance).values()) {
    const { name: plugin, version } = instance.identity;
    const { config, failure } = instance as Instance;
    const taken = instances.filter((traced) => traced.name === plugin && traced.version === version);
    if (failure === undefined) expect(taken.map((traced) => traced.config)).toContain(config);
  }
  expect(host.kernel.plan({}).filter(({ reason }) => reason === 'configuration changed')).toEqual([]);
}

/** What a view sees is of one moment: no instance in it has ended while it is current. */
function holds(host: TestKernel): void {
  const { kernel } = host;
  const mounted = kernel.part(entrance);
  expect([...mounted.keys()]).toEqual(kernel.running);
  for (const [plugin, { view, instance }] of mounted) {
    const status = kernel.pluginStatus(plugin);
    expect(status.instance).toBe(instance.identity.instance);
    expect((instance as Instance).phase).toBe('active');
    const reached = (view as InstanceView).instances;
    expect(new Set(reached.map(({ identity }) => identity.name)).size).toBe(reached.length);
    for (const other of reached) expect(mounted.get(other.identity.name)?.instance).toBe(other);
    for (const dependency of DEPENDS[plugin] ?? []) expect(kernel.running).toContain(dependency);
  }
  for (const { name: plugin, state } of kernel.status()) {
    expect(kernel.running.includes(plugin), `${plugin} ${state.phase}`).toBe(state.phase === 'running');
  }
}

describe('random sequences of changes', () => {
  it('keep the generation whole, end every instance once, and leave nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 3, maxLength: 25 }), async (actions) => {
        const trace: Trace = { instances: [] };
        const host = createTestKernel({ parts: [entrance] });
        const { kernel, clock } = host;
        let version = 0;
        const seen: Instance[] = [];
        const quiet = async () => {
          for (let turn = 0, done = false; turn < 400 && !done; turn++) {
            void kernel.settled().then(() => {
              done = true;
            });
            await clock.advance(500);
          }
        };
        for (const step of actions) {
          let pending: Promise<unknown> = Promise.resolve();
          if (step.kind === 'set') {
            version++;
            const set = step.plugins.map((plugin, index) => ({
              unit: createTracedUnit(trace, plugin, `${version}.0.0`, index === 0 ? step.misstep : undefined, {
                replace: step.stopFirst ? 'stop-first' : 'beside',
                needs: (DEPENDS[plugin] ?? []).map((other) => ({
                  key: other,
                  serviceId: `${other}.service`,
                  range: '*',
                  mode: 'required' as const,
                })),
              }),
              config: {},
            }));
            pending = kernel.apply({ set, atomic: step.atomic });
          } else if (step.kind === 'configure') {
            version++;
            const set = step.plugins.flatMap((plugin) => {
              const running = kernel.part(entrance).get(plugin)?.instance as Instance | undefined;
              if (!running) return [];
              return [{ unit: running.unit, config: { version, ...(step.anew === plugin && { anew: true }) } }];
            });
            pending = kernel.apply({ set, atomic: step.atomic });
          } else if (step.kind === 'remove') pending = kernel.apply({ remove: [step.name] });
          else if (step.kind === 'force') pending = kernel.apply({ force: [step.name] });
          else if (step.kind === 'fail') {
            const current = kernel.part(entrance).get(step.name);
            if (current) kernel.fail(current.instance, new Error('lost'));
          } else if (step.kind === 'call') {
            const mount = kernel.part(entrance).get(step.name);
            if (mount) {
              const call = mount.view.enter({ deadline: clock.now() + 60_000 });
              const timer = clock.after(step.heldMs, () => call.leave());
              call.signal.addEventListener('abort', () => {
                timer.cancel();
                call.leave();
              });
            }
          } else await clock.advance(step.ms);
          const code = pending.then(
            () => undefined,
            (error) => error.code,
          );
          let outcome: unknown = 'pending';
          void code.then((value) => {
            outcome = value;
          });
          for (let turn = 0; turn < 200 && outcome === 'pending'; turn++) await clock.advance(turn === 0 ? 0 : 500);
          expect([undefined, 'BP_CHANGE_RETURNED', 'BP_CHANGE_BREAKS_DEPENDENTS']).toContain(outcome);
          for (const { instance } of kernel.part(entrance).values()) seen.push(instance as Instance);
          if (step.kind !== 'fail' && step.kind !== 'time') holds(host);
          // One that cannot go back is replaced by the next change, which is under way.
          if (!host.events.some(({ message }) => message.startsWith('it could not go back'))) configured(host, trace);
        }
        await quiet();
        configured(host, trace);
        const stopped = kernel.stop(1000);
        await clock.advance(120_000);
        await stopped;
        await quiet();
        expect(clock.waiting).toBe(0);
        expect(kernel.running).toEqual([]);
        for (const instance of trace.instances) {
          const label = `${instance.name} ${instance.version}: ${instance.steps.join(' ')}`;
          expect(instance.count('dispose'), label).toBe(instance.created ? 1 : 0);
          expect(instance.count('stop'), label).toBe(instance.started ? 1 : 0);
          expect(instance.effects, label).toBe(0);
        }
        for (const instance of seen) {
          expect(instance.phase).toBe('ended');
          expect(instance.scope.labels()).toEqual([]);
          expect(instance.inFlight).toBe(0);
        }
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});
