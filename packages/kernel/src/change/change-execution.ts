import type { BackplaneError, Clock } from '@backplane/base';
import type { GenerationPart, PlanAction, PlanStep, StepReport } from '@backplane/ports';
import type { HostServices } from '../call/host-services.ts';
import { errors } from '../errors.ts';
import type { KernelEvent } from '../kernel-event.ts';
import type { Instance } from '../lifecycle/instance.ts';
import { runStep } from '../lifecycle/run-step.ts';
import type { Supervisor } from '../lifecycle/supervisor.ts';
import { Candidate, type Entry } from './candidate.ts';
import type { Change } from './change.ts';
import { type ChangeDraft, draftChange } from './draft-change.ts';
import type { GenerationTable } from './generation-table.ts';
import { Outcome } from './outcome.ts';
import { Reconfiguration } from './reconfiguration.ts';
import { closeGap, type Gap, stopFirst } from './stop-first.ts';
import { resume } from './take-handover.ts';
import { Transition } from './transition.ts';
import type { ViewTable } from './view-table.ts';

export interface ExecutionSurroundings {
  readonly clock: Clock;
  readonly table: GenerationTable;
  readonly supervisor: Supervisor;
  readonly hostServices: HostServices;
  readonly parts: readonly GenerationPart<unknown>[];
  readonly checkCloneable: boolean;
  readonly onEvent: (event: KernelEvent) => void;
  create(entry: Entry): Instance;
  /** Tells which set of instances is being made, while it is. */
  making(candidate: Candidate | undefined): void;
  /** Tells which running instance is asked to take its new configuration. */
  asking(instance: Instance): void;
  beforeSwap(instances: readonly Instance[]): Promise<void>;
  /** Replaces a plugin by a fresh instance, when this change has ended. */
  renew(name: string): void;
  /** True once the host is stopping: what is under way is taken back. */
  stopping(): boolean;
}

/** Carries out one drafted change: stop what must stop first, prepare, activate, swap, see the old ones out. */
export class ChangeExecution {
  readonly #with: ExecutionSurroundings;
  readonly #change: Change;
  readonly #draft: ChangeDraft;
  readonly #booting: boolean;
  /** Plugins that get a new instance. */
  readonly #fresh: Set<string>;
  /** Plugins that are asked to take their new configuration in place. */
  readonly #inPlace: ReadonlySet<string>;
  readonly #reconfiguration: Reconfiguration;
  readonly #outcome: Outcome;

  constructor(surroundings: ExecutionSurroundings, change: Change, draft: ChangeDraft, booting: boolean) {
    this.#with = surroundings;
    this.#change = change;
    this.#draft = draft;
    this.#booting = booting;
    const named = (...actions: readonly PlanAction[]) =>
      draft.steps.flatMap(({ name, action }) => (actions.includes(action) ? [name] : []));
    this.#fresh = new Set(named('add', 'replace'));
    this.#inPlace = new Set(named('reconfigure'));
    this.#reconfiguration = new Reconfiguration({ ...surroundings, atomic: change.atomic ?? false });
    this.#outcome = new Outcome(surroundings, change, draft, this.#fresh.union(this.#inPlace));
  }

  /** @throws BP_CHANGE_RETURNED (atomic changes of which part failed), BP_GENERATION_NOT_BUILT, BP_HOST_STOPPED; what ran before runs on. */
  async run(): Promise<StepReport[]> {
    const gap = await this.#stopFirst();
    try {
      await this.#make(gap);
      return this.#draft.steps.map((step) => this.#outcome.report(this.#asMade(step)));
    } finally {
      closeGap(this.#with.table, gap.fallbacks.keys());
    }
  }

  async #stopFirst(): Promise<Gap> {
    const { instances } = this.#with.table.current;
    await this.#reconfigure([...instances.values()].filter(({ data }) => data.replace === 'stop-first'));
    const { atomic = false } = this.#change;
    const refused = atomic && this.#reconfiguration.failures.size > 0;
    const cannotExistTwice = [...(refused ? [] : this.#fresh)].flatMap((name) => {
      const old = instances.get(name);
      const rules = [old?.data.replace, this.#draft.desired.get(name)?.unit.data.replace];
      return old && rules.includes('stop-first') ? [old] : [];
    });
    try {
      return await stopFirst(cannotExistTwice, { ...this.#with, atomic });
    } catch (error) {
      await this.#reconfiguration.takeBack();
      throw error;
    }
  }

  /** Asks those that take it in place, dependencies first. Who needs a new instance after all gets one like any other. */
  async #reconfigure(running: readonly Instance[]): Promise<string[]> {
    const asked = running.filter(({ identity: { name } }) => this.#inPlace.has(name));
    const configOf = (name: string) => this.#draft.desired.get(name)?.config;
    const replaced = await this.#reconfiguration.ask(asked, configOf);
    for (const name of replaced) this.#fresh.add(name);
    return replaced;
  }

  /** What has become of a step that was planned before anybody was asked. */
  #asMade(step: PlanStep): PlanStep {
    if (step.action !== 'reconfigure' || !this.#fresh.has(step.name)) return step;
    return { ...step, action: 'replace', reason: `${step.reason}, and it asked for a new instance` };
  }

  /** Makes what is new and swaps it in, or takes everything back and throws the reason. `gap` is what has been stopped for it. */
  async #make(gap: Gap): Promise<void> {
    const { table, clock, making } = this.#with;
    const candidate = this.#assemble();
    this.#failAll(candidate, gap.failures);
    this.#failAll(candidate, this.#reconfiguration.failures);
    const views = table.openViews();
    const transition = new Transition(
      {
        ...this.#with,
        warm: !this.#booting,
        runningEdges: table.current.resolution.edges,
        entered: (name, phase) => table.record(name).enter({ phase }, clock.now()),
      },
      candidate,
      views,
      gap.handovers,
    );
    making(candidate);
    try {
      await transition.prepare([...this.#fresh].filter((name) => !gap.failures.has(name)));
      this.#refuseToGoOn(candidate);
      await transition.activate();
      this.#refuseToGoOn(candidate);
      await this.#fallBack(candidate, transition, gap);
      this.#refuseToGoOn(candidate);
      await this.#configureInPlace(candidate, transition);
      this.#refuseToGoOn(candidate);
      await this.#with.beforeSwap(candidate.instances());
      this.#refuseToGoOn(candidate);
      this.#swap(candidate, views);
    } catch (error) {
      await this.#reconfiguration.takeBack();
      await transition.abandon(error as BackplaneError);
      views.retireUnused(true);
      this.#outcome.enterReturned(candidate, error as BackplaneError, gap.fallbacks);
      making(undefined);
      if (gap.fallbacks.size > 0 && !this.#with.stopping()) await this.#bringBack(gap);
      throw error;
    } finally {
      making(undefined);
    }
  }

  #assemble(): Candidate {
    const running = this.#with.table.current.instances;
    const entries = new Map<string, Entry>();
    for (const [name, desired] of this.#draft.desired) {
      const old = running.get(name);
      const next = this.#fresh.has(name) ? undefined : old;
      entries.set(name, { name, desired, old, next, progress: 'none', failure: undefined });
    }
    return new Candidate(entries, this.#with.hostServices, this.#draft.withheld, this.#draft.resolution);
  }

  #failAll(candidate: Candidate, failures: ReadonlyMap<string, BackplaneError>): void {
    for (const [name, failure] of failures) candidate.fail(candidate.entries.get(name) as Entry, failure);
  }

  /** Last before the swap, so that what can fail has failed. Those that may not exist twice have been asked, and stopped where they said so. */
  async #configureInPlace(candidate: Candidate, transition: Transition): Promise<void> {
    const goesOn = ({ old, next, name }: Entry) => next !== undefined && next === old && candidate.isRunnable(name);
    const running = candidate.instances().filter(({ identity: { name }, data }) => {
      return data.replace !== 'stop-first' && goesOn(candidate.entries.get(name) as Entry);
    });
    const replaced = await this.#reconfigure(running);
    this.#failAll(candidate, this.#reconfiguration.failures);
    this.#refuseToGoOn(candidate);
    if (replaced.length === 0) return;
    for (const name of replaced) (candidate.entries.get(name) as Entry).next = undefined;
    await transition.prepare(replaced);
    this.#refuseToGoOn(candidate);
    await transition.activate();
    this.#failAll(candidate, this.#reconfiguration.failures);
  }

  #refuseToGoOn(candidate: Candidate): void {
    this.#outcome.gather(candidate);
    if (this.#with.stopping()) throw errors.BP_HOST_STOPPED({});
    const { failures } = this.#outcome;
    if (!this.#change.atomic || failures.size === 0) return;
    throw errors.BP_CHANGE_RETURNED({ plugins: [...failures.keys()] }, { cause: failures.values().next().value });
  }

  /**
   * Brings back what was stopped first when its next version does not run: first what failed, for the others may only have waited for it,
   * then what cannot run even so.
   */
  async #fallBack(candidate: Candidate, transition: Transition, { fallbacks }: Gap): Promise<void> {
    for (const failedOnly of [true, false]) {
      let revised = false;
      for (const [name, fallback] of fallbacks) {
        const entry = candidate.entries.get(name);
        if (!entry || entry.next || entry.desired === fallback || (failedOnly && !entry.failure)) continue;
        candidate.revise(entry, fallback);
        revised = true;
      }
      if (!revised) continue;
      const missing = [...this.#fresh].filter((name) => {
        const entry = candidate.entries.get(name);
        return entry && !entry.next && !entry.failure;
      });
      await transition.prepare(missing);
      await transition.activate();
    }
  }

  /** Puts things back as the records want them, after a change that had stopped something was taken back. */
  async #bringBack(gap: Gap): Promise<void> {
    const { table, hostServices } = this.#with;
    const change = { reason: 'A change was taken back.' };
    const notes = [...gap.fallbacks.keys()].map((name) => [table.record(name), table.record(name).lastChange] as const);
    const execution = new ChangeExecution(
      this.#with,
      change,
      draftChange(table, hostServices, change, new Set()),
      false,
    );
    await execution.#make({ fallbacks: new Map(), handovers: gap.handovers, failures: new Map() });
    for (const [record, lastChange] of notes) record.lastChange = lastChange;
  }

  #swap(candidate: Candidate, views: ViewTable): void {
    const { table, onEvent } = this.#with;
    const { instances: previous } = table.current;
    const next = candidate.instances();
    const putBack = this.#outcome.enter(candidate);
    let departed: Instance[];
    try {
      departed = table.commit(next, candidate.resolution, views, (from) => candidate.reach(from));
    } catch (error) {
      putBack();
      throw error;
    }
    for (const instance of next) {
      const { name, version } = instance.identity;
      const before = previous.get(name);
      if (before === instance) continue;
      void resume(instance);
      const message = before ? `${before.identity.version} was replaced by ${version}` : `${version} runs`;
      onEvent({ level: 'info', plugin: name, message });
    }
    for (const { identity } of this.#reconfiguration.taken) {
      const message = `${identity.version} has taken its new configuration in place`;
      onEvent({ level: 'info', plugin: identity.name, message });
    }
    // What is replaced has quiesced already; what leaves without a successor has not, and nobody needs to wait for it.
    const { instances } = table.current;
    const quiescing = departed.filter(({ identity }) => !instances.has(identity.name));
    void table.seeOut(departed, new Map(quiescing.map((instance) => [instance, this.#quiesce(instance)])));
    this.#outcome.forgetRemoved();
  }

  async #quiesce(instance: Instance): Promise<void> {
    try {
      await runStep(instance, 'quiesce', () => instance.driver.quiesce());
    } catch (error) {
      const message = 'it did not quiesce; it is stopped all the same';
      this.#with.onEvent({ level: 'warn', plugin: instance.identity.name, message, error });
    }
  }
}
