import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { SourcePosition } from './errors.ts';

const LINES_AROUND = 2;

/** The place with the lines around it. The frame is empty where the file cannot be read. */
export function sourcePosition(file: string, line: number, column: number): SourcePosition {
  return { file, line, column, frame: codeFrame(file, line, column) };
}

function codeFrame(file: string, line: number, column: number): string {
  let lines: string[];
  try {
    lines = readFileSync(file, 'utf8').split(/\r?\n/);
  } catch {
    return '';
  }
  const first = Math.max(1, line - LINES_AROUND);
  const last = Math.min(lines.length, line + LINES_AROUND);
  const width = String(last).length;
  const framed: string[] = [];
  for (let at = first; at <= last; at += 1) {
    const text = (lines[at - 1] ?? '').slice(0, 160);
    framed.push(`${at === line ? '>' : ' '} ${String(at).padStart(width)} | ${text}`);
    if (at === line && column <= text.length + 1) framed.push(`  ${' '.repeat(width)} | ${' '.repeat(column - 1)}^`);
  }
  return framed.join('\n');
}

const FRAME_PLACE = /\(?(file:\/\/[^\s)]+|\/[^\s():]+|[A-Za-z]:\\[^\s():]+):(\d+):(\d+)\)?$/;

/** The first place of a stack trace that lies in one of `files`. */
export function placeInStack(thrown: unknown, files: ReadonlySet<string>) {
  return placeInText(stackOf(thrown) ?? '', files);
}

/** The same for a stack trace that is text already. */
export function placeInText(stack: string, files: ReadonlySet<string>): SourcePosition | undefined {
  for (const frame of stack.split('\n')) {
    const [, where, line, column] = FRAME_PLACE.exec(frame) ?? [];
    if (where === undefined) continue;
    const file = where.startsWith('file:') ? fileURLToPath(where) : where;
    if (files.has(file)) return sourcePosition(file, Number(line), Number(column));
  }
  return undefined;
}

function stackOf(thrown: unknown): string | undefined {
  try {
    return thrown instanceof Error && typeof thrown.stack === 'string' ? thrown.stack : undefined;
  } catch {
    // A plugin may throw what throws when it is looked at.
    return undefined;
  }
}
