import { relative } from 'node:path';
import type { HostStart } from '@backplane/runtime';

/** Colours where the output is a terminal that wants them. */
export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
}

/** Real colours, or none. */
export function createPaint(colours: boolean): Paint {
  const code = (on: number, off: number) => (text: string) => (colours ? `\u001b[${on}m${text}\u001b[${off}m` : text);
  return { bold: code(1, 22), dim: code(2, 22), red: code(31, 39), green: code(32, 39), yellow: code(33, 39) };
}

const MARKS = { running: '✓', failed: '✗', other: '…' } as const;

type State = HostStart['plugins'][number]['state'];

/** What a person sees after a start: every plugin with its state, what is wrong with whom, and how to go on. */
export function startReport(start: HostStart, tokenFile: string | undefined, paint: Paint, cwd: string): string {
  const lines: string[] = [''];
  for (const { name, version, state, reason, origin } of start.plugins) {
    const title = `${name}${version === undefined ? '' : ` ${version}`}`;
    if (state.phase === 'running') lines.push(`  ${paint.green(MARKS.running)} ${title}  ${paint.dim(origin)}`);
    else if (state.phase === 'disabled' || state.phase === 'dormant')
      lines.push(`  ${paint.dim(`- ${title}  ${state.phase}  ${origin}`)}`);
    else if (state.phase === 'blocked') lines.push(`  ${paint.yellow(MARKS.other)} ${title}  ${reason}`);
    else {
      const place = origin === '' ? '' : `  ${paint.dim(origin)}`;
      lines.push(`  ${paint.red(MARKS.failed)} ${title}  ${paint.red(state.phase)}${place}`, indent(reason));
    }
  }
  if (start.plugins.length === 0) lines.push('  No plugins were found.');
  const count = (phase: State['phase']) => start.plugins.filter(({ state }) => state.phase === phase).length;
  lines.push(
    '',
    `  ${count('running')} of ${start.plugins.length - count('disabled') - count('dormant')} plugins run, after ${Math.round(start.tookMs)} ms.`,
  );
  if (start.url === undefined) return lines.join('\n');
  lines.push('', `  ${paint.bold(`Backplane listens at ${start.url}`)}`, '');
  const token = tokenFile === undefined ? '$BACKPLANE_ADMIN_TOKEN' : `$(cat ${shortest(cwd, tokenFile)})`;
  lines.push(
    `  Health        curl ${start.url}/health`,
    `  Management    curl -H "Authorization: Bearer ${token}" ${start.url}/plugins/status`,
    `  Reload        curl -X POST -H "Authorization: Bearer ${token}" ${start.url}/plugins/NAME/reload`,
    `  Stop          Ctrl-C`,
    '',
  );
  return lines.join('\n');
}

function indent(text: string): string {
  return text
    .split('\n')
    .map((line) => `      ${line}`)
    .join('\n');
}

function shortest(cwd: string, file: string): string {
  const below = relative(cwd, file);
  return below.startsWith('..') ? file : below;
}
