import type { Draft, Member } from '../members/member.ts';
import type { Fault, FaultyStep, FaultyWay } from '../plugins/variant.ts';
import { askForReload } from '../traffic/management.ts';
import type { World } from '../world.ts';
import { restore, write } from './berthing.ts';
import { type Detail, type OperationKind, serving } from './operation.ts';

/** How a version can go wrong before it serves, and what is said of it. */
interface Mishap {
  readonly change: Draft;
  readonly code: string;
  /** What is said when it is read in a process of its own. */
  readonly isolatedCode?: string;
}

/** Milliseconds for the step that hangs. */
const SHORT_MS = 300;

const limitOf: Partial<Record<FaultyStep, 'initialize' | 'start' | 'health'>> = {
  initialize: 'initialize',
  routes: 'initialize',
  start: 'start',
  health: 'health',
};

const fault = (step: FaultyStep, way: FaultyWay): Draft => {
  const limit = way === 'throw' || way === 'unhealthy' || way === 'fail' ? undefined : limitOf[step];
  return { fault: { step, way } satisfies Fault, ...(limit && { limits: { [limit]: SHORT_MS } }) };
};

export const MISHAPS: Readonly<Record<string, Mishap>> = {
  syntax: { change: { broken: 'syntax' }, code: 'BP_PLUGIN_SYNTAX' },
  import: { change: { broken: 'import' }, code: 'BP_PLUGIN_IMPORT_NOT_FOUND' },
  'top-level throws': { change: fault('top-level', 'throw'), code: 'BP_PLUGIN_EVALUATION' },
  'top-level hangs': {
    change: fault('top-level', 'hang'),
    code: 'BP_PLUGIN_EVALUATION_TIMEOUT',
    isolatedCode: 'BP_PLUGIN_UNSETTLED',
  },
  'initialize throws': { change: fault('initialize', 'throw'), code: 'BP_STEP_FAILED' },
  'initialize hangs': { change: fault('initialize', 'hang'), code: 'BP_STEP_TIMEOUT' },
  'initialize rejects late': { change: fault('initialize', 'late'), code: 'BP_STEP_TIMEOUT' },
  'initialize fails': { change: fault('initialize', 'fail'), code: 'BP_STEP_FAILED' },
  'routes throw': { change: fault('routes', 'throw'), code: 'BP_STEP_FAILED' },
  'routes hang': { change: fault('routes', 'hang'), code: 'BP_STEP_TIMEOUT' },
  'start throws': { change: fault('start', 'throw'), code: 'BP_STEP_FAILED' },
  'start hangs': { change: fault('start', 'hang'), code: 'BP_STEP_TIMEOUT' },
  'start rejects late': { change: fault('start', 'late'), code: 'BP_STEP_TIMEOUT' },
  'start fails': { change: fault('start', 'fail'), code: 'BP_STEP_FAILED' },
  'health throws': { change: fault('health', 'throw'), code: 'BP_STEP_FAILED' },
  'health hangs': { change: fault('health', 'hang'), code: 'BP_STEP_TIMEOUT' },
  'health is bad': { change: fault('health', 'unhealthy'), code: 'BP_PLUGIN_UNHEALTHY' },
};

const NAMES = Object.keys(MISHAPS);

/** A version that goes wrong before it serves: the one before goes on as if nothing had been, its counter with it. */
export const faultyReload: OperationKind = {
  name: 'faulty reload',
  weight: 24,
  choose(members, random) {
    const member = random.pick(serving(members));
    const mishap = random.pick(NAMES) as string;
    return member && { members: [member], detail: { mishap } };
  },
  async carryOut(world, members, detail) {
    for (const member of members) await fail(world, member, detail);
  },
};

async function fail(world: World, member: Member, { mishap }: Detail): Promise<void> {
  const { change, code, isolatedCode } = MISHAPS[String(mishap)] as Mishap;
  const version = member.draft(change);
  write(world, member, version);
  const { status, failure, serving, text } = await askForReload(world, member.name);
  const wanted = member.current?.level === 'process' ? (isolatedCode ?? code) : code;
  const now = member.current?.variant.version;
  if (status !== 409 || failure !== wanted || serving !== now) {
    world.findings.add(`reload of ${member.name}`, `409, ${wanted}, ${now} serves on`, `${status} ${text}`);
  }
  restore(world, member);
}
