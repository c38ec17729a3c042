import { publishedCatalogues } from '@backplane/base';
import type { HealthReport } from '@backplane/plugin-api';
import type { Failure, PluginState, PluginStatus } from '@backplane/ports';
import type { WhyBody } from '@backplane/wire';

/** Everything that is asked of the host to explain a plugin. */
export interface WhyInput {
  readonly status: PluginStatus;
  /** Every plugin, to follow what it waits for. */
  readonly all: readonly PluginStatus[];
  /** Of one that runs. */
  readonly health: HealthReport | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Says why a plugin is as it is: down to what is at the root of it, what will happen next, and what to do. */
export function explainPlugin({ status, all, health, now }: WhyInput): WhyBody {
  const { state, name } = status;
  const causes = chainOf(status, all);
  const root = causes.at(-1);
  const returned = status.lastChange?.outcome === 'returned' ? status.lastChange.failure : undefined;
  const failure = failureIn(state) ?? (root === undefined ? returned : failureIn(root.state));
  return {
    plugin: name,
    state: state.phase,
    healthy:
      state.phase === 'dormant' || (state.phase === 'running' && (health === undefined || health.status === 'healthy')),
    since: new Date(status.since).toISOString(),
    summary: summaryOf(status, health),
    because: [
      ...causes.map((cause) => `${cause.name} is ${cause.state.phase}: ${cause.reason || 'no reason is known'}`),
      ...(health?.checks ?? []).flatMap(({ name: check, status: outcome, message }) =>
        outcome === 'pass'
          ? []
          : [`Check "${check}" ${outcome === 'warn' ? 'warns' : 'fails'}: ${message ?? 'without a word'}`],
      ),
      ...(returned ? [`The last change was taken back: ${returned.message}`] : []),
    ],
    code: failure?.code ?? null,
    place: failure ? placeOf(failure) : null,
    next: nextOf(state, name, now),
    mend: [
      ...mendOf(failure),
      ...(state.phase === 'disabled' ? ['Switch it on where the summary says that it is off.'] : []),
      ...((state.phase === 'running' || state.phase === 'dormant') && !returned
        ? []
        : [`Then: backplane plugin reload ${root?.name ?? name}`]),
    ],
  };
}

function summaryOf({ name, version, state, reason }: PluginStatus, health: HealthReport | undefined): string {
  const who = version === undefined ? name : `${name} ${version}`;
  if (state.phase !== 'running') return `${who} is ${state.phase}${reason === '' ? '' : `: ${reason}`}`;
  if (health === undefined || health.status === 'healthy') return `${who} runs, and is healthy.`;
  return `${who} runs, and is ${health.status}${health.message === undefined ? '' : `: ${health.message}`}`;
}

/** What a plugin waits for, and what that waits for, down to the last. */
function chainOf(status: PluginStatus, all: readonly PluginStatus[]): PluginStatus[] {
  const chain: PluginStatus[] = [];
  const seen = new Set([status.name]);
  for (let at: PluginStatus | undefined = status; at !== undefined; ) {
    const waits: (name: string) => boolean = waitsFor(at);
    at = all.find(({ name, state }) => state.phase !== 'running' && !seen.has(name) && waits(name));
    if (at === undefined) break;
    seen.add(at.name);
    chain.push(at);
  }
  return chain;
}

/** One whose code is refused counts as not there for those that depend on it: they are refused for it in their turn. */
function waitsFor({ state, reason }: PluginStatus): (name: string) => boolean {
  if (state.phase === 'blocked') return (name) => state.by.includes(name);
  const missing = state.phase === 'refused' && state.failure.code === 'BP_DEPENDENCY_MISSING';
  return (name) => missing && reason.includes(`"${name}"`);
}

const failureIn = (state: PluginState): Failure | undefined => ('failure' in state ? state.failure : undefined);

const PLACE = /(?:file:\/\/)?((?:\/|[A-Za-z]:\\)[^\s():?]+)(?:\?\w+)?(:\d+:\d+)/;

/** Places of the host's own code, which is not at fault; nor is Node's. */
const OURS = /\/(?:@backplane|packages)\/[a-z-]+\/(?:dist|src)\//;

/** Where the author's code is at fault: as the message says, or the first place of the stack that is not the host's. */
function placeOf({ message, stack }: Failure): string | null {
  const lines = (stack ?? '').split('\n').filter((line) => !OURS.test(line) && !line.includes('node:'));
  const found = PLACE.exec(message) ?? PLACE.exec(lines.join('\n'));
  return found === null ? null : `${found[1]}${found[2]}`;
}

function nextOf(state: PluginState, name: string, now: number): string {
  switch (state.phase) {
    case 'failed':
      return `It is tried again in ${Math.max(0, Math.round((state.retryAt - now) / 1000))} s, after ${state.crashes} crashes.`;
    case 'quarantined':
      return `Nothing: it crashed ${state.crashes} times, and stays down until it is reloaded.`;
    case 'blocked':
      return `It starts by itself once ${state.by.join(' and ')} can run.`;
    case 'refused':
      return 'It is tried again when it is changed or reloaded.';
    case 'dormant':
      return 'It starts when its paths are asked, its services are called, a plugin that needs it starts, or it is reloaded.';
    case 'disabled':
      return 'Nothing: it stays off until it is switched on.';
    case 'stopped':
      return 'Nothing: it was taken out.';
    case 'running':
      return 'It goes on.';
    default:
      return `It is on its way: ask again, or look at the log of plugins.${name}.`;
  }
}

function mendOf(failure: Failure | undefined): string[] {
  if (failure === undefined) return [];
  for (const { entries } of publishedCatalogues()) {
    const entry = entries[failure.code as keyof typeof entries];
    const advice = entry?.mend || entry?.advice;
    if (advice) return [advice];
  }
  return [];
}
