import type { Draft } from '../members/member.ts';
import type { FaultyStep, FaultyWay } from '../plugins/variant.ts';

/** How a version can go wrong before it serves, and what is said of it. */
export interface Mishap {
  readonly change: Draft;
  readonly code: string;
  /** In the plugin's life; what goes wrong before is found when the file is read. */
  readonly lives?: boolean;
}

/** Milliseconds for the step that hangs. */
const SHORT_MS = 300;

/** The limit that a step is under. */
const LIMIT_OF: Partial<Record<FaultyStep, 'initialize' | 'start' | 'health'>> = {
  initialize: 'initialize',
  routes: 'initialize',
  start: 'start',
  health: 'health',
};

const fault = (step: FaultyStep, way: FaultyWay): Draft => {
  const limit = way === 'hang' || way === 'late' ? LIMIT_OF[step] : undefined;
  return { fault: { step, way }, ...(limit && { limits: { [limit]: SHORT_MS } }) };
};
const failed = (step: FaultyStep, way: FaultyWay): Mishap => ({
  change: fault(step, way),
  code: 'BP_STEP_FAILED',
  lives: true,
});
const late = (step: FaultyStep, way: FaultyWay): Mishap => ({
  change: fault(step, way),
  code: 'BP_STEP_TIMEOUT',
  lives: true,
});

const MISHAPS: Readonly<Record<string, Mishap>> = {
  syntax: { change: { broken: 'syntax' }, code: 'BP_PLUGIN_SYNTAX' },
  import: { change: { broken: 'import' }, code: 'BP_PLUGIN_IMPORT_NOT_FOUND' },
  'top-level throws': { change: fault('top-level', 'throw'), code: 'BP_PLUGIN_EVALUATION' },
  'top-level hangs': { change: fault('top-level', 'hang'), code: 'BP_PLUGIN_EVALUATION_TIMEOUT' },
  'initialize throws': failed('initialize', 'throw'),
  'initialize hangs': late('initialize', 'hang'),
  'initialize rejects late': late('initialize', 'late'),
  'initialize fails': failed('initialize', 'fail'),
  'routes throw': failed('routes', 'throw'),
  'routes hang': late('routes', 'hang'),
  'start throws': failed('start', 'throw'),
  'start hangs': late('start', 'hang'),
  'start rejects late': late('start', 'late'),
  'start fails': failed('start', 'fail'),
  'health throws': failed('health', 'throw'),
  'health hangs': late('health', 'hang'),
  'health is bad': { change: fault('health', 'unhealthy'), code: 'BP_PLUGIN_UNHEALTHY', lives: true },
};

export const MISHAP_NAMES: readonly string[] = Object.keys(MISHAPS);

export const mishapOf = (name: string): Mishap => MISHAPS[name] as Mishap;
