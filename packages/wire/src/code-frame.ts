import type { Position } from './source-problem.ts';

const LINES_AROUND = 2;
const WIDEST = 160;

/** The lines around a place, numbered, with a mark under the column. */
export function codeFrame(text: string, { line, column }: Position): string {
  const lines = text.split('\n');
  const first = Math.max(1, line - LINES_AROUND);
  const last = Math.min(lines.length, line + LINES_AROUND);
  const width = String(last).length;
  const frame: string[] = [];
  for (let number = first; number <= last; number++) {
    const content = (lines[number - 1] ?? '').replace(/\r$/, '').slice(0, WIDEST);
    frame.push(`${number === line ? '>' : ' '} ${String(number).padStart(width)} | ${content}`.trimEnd());
    if (number === line && column <= WIDEST) frame.push(`  ${' '.repeat(width)} | ${' '.repeat(column - 1)}^`);
  }
  return frame.join('\n');
}
