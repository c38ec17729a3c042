import { randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import type { ChangeBody } from '@backplane/wire';
import type { HostRequest } from './host-client.ts';
import type { HostSession, SessionFlags } from './host-session.ts';
import type { Paint } from './start-report.ts';
import { table } from './table.ts';

/** What every command takes that changes what is to run. */
export interface ChangeFlags extends SessionFlags {
  readonly dryRun?: boolean;
  readonly comment?: string;
  readonly author?: string;
}

/** The request of a change: who asks and why, carried out once however often it is sent. */
export function changeRequest(request: HostRequest, { dryRun, comment, author }: ChangeFlags): HostRequest {
  const { path, headers } = request;
  return {
    ...request,
    path: dryRun === true ? `${path}${path.includes('?') ? '&' : '?'}dry_run=true` : path,
    headers: {
      'backplane-author': encodeURIComponent(author ?? userInfo().username),
      ...(comment !== undefined && { 'backplane-comment': encodeURIComponent(comment) }),
      'idempotency-key': randomUUID(),
      ...headers,
    },
  };
}

/** What a change does, or would do, for people. */
export function changeText(change: ChangeBody, paint: Paint, { offline }: Pick<HostSession, 'offline'>): string {
  const { dry_run, differences, steps, revision, generation, took_ms } = change;
  if (differences.length === 0 && steps.length === 0) return paint.dim('Nothing changes.');
  const rows = differences.map(({ plugin, key, before, after }) => [
    `  ${plugin}`,
    key,
    before === null ? paint.dim('–') : paint.red(brief(before)),
    after === null ? paint.dim('–') : paint.green(brief(after)),
  ]);
  const lines = rows.length === 0 ? [] : [table(['  PLUGIN', 'KEY', 'BEFORE', 'AFTER'], rows)];
  if (steps.length > 0) lines.push(stepsText(steps, paint));
  if (dry_run) lines.push(paint.bold(`This is a plan for revision ${revision}. Nothing was changed.`));
  else if (offline) lines.push(`${paint.green('✓')} revision ${revision}; it takes effect at the next start`);
  else if (generation === null) lines.push(`${paint.green('✓')} revision ${revision}`);
  else
    lines.push(
      `${paint.green('✓')} revision ${revision}, generation ${generation}, after ${Math.round(took_ms ?? 0)} ms`,
    );
  return lines.join('\n\n');
}

const MARKS: Readonly<Record<string, string>> = { add: '+', remove: '-', replace: '~', reconfigure: '~', keep: ' ' };

function stepsText(steps: ChangeBody['steps'], paint: Paint): string {
  const colour = (action: string) => (action === 'add' ? paint.green : action === 'remove' ? paint.red : paint.yellow);
  const rows = steps.map(({ plugin, action, from_version, to_version, reason, outcome }) => [
    `  ${colour(action)(`${MARKS[action] ?? ' '} ${action}`)}`,
    plugin,
    from_version === to_version
      ? (to_version ?? '')
      : [from_version, to_version].filter((one) => one !== null).join(' → '),
    outcome === null || outcome === 'applied' ? reason : paint.red(`${outcome}: ${reason}`),
  ]);
  return table(['  ACTION', 'PLUGIN', 'VERSION', 'REASON'], rows);
}

/** A value on one line. */
function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? '';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
