import type { BackplaneError } from '@backplane/base';

/** A place in a file, as editors count: both start at 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Where the keys of a document stand, by JSON pointer; `''` is the document itself. */
export type Positions = ReadonlyMap<string, Position>;

/** Something wrong in what a person wrote, as data: it travels to the log, the command line and the API alike. */
export interface SourceProblem extends Partial<Position> {
  /** Stable, `BP_…`. */
  readonly code: string;
  readonly message: string;
  /** Absent where what is wrong came by program. */
  readonly file?: string;
  /** The one thing most likely meant. */
  readonly hint?: string;
  /** The lines around the place, with a mark under it. */
  readonly frame?: string;
}

/** Where a problem was found. */
export interface SourcePlace {
  readonly file?: string | undefined;
  readonly position?: Position | undefined;
  readonly hint?: string | undefined;
  readonly frame?: string | undefined;
}

/** Makes the problem that this error describes, at this place. */
export function sourceProblem(error: BackplaneError, place: SourcePlace = {}): SourceProblem {
  return {
    code: error.code,
    message: error.message,
    ...(place.file !== undefined && { file: place.file }),
    ...place.position,
    ...(place.hint !== undefined && { hint: place.hint }),
    ...(place.frame !== undefined && { frame: place.frame }),
  };
}

/** `file:line:column`, as far as known. */
export function placeName(problem: Pick<SourceProblem, 'file' | 'line' | 'column'>): string {
  return [problem.file ?? 'code', problem.line, problem.column].filter((part) => part !== undefined).join(':');
}

/** The JSON pointer (RFC 6901) of a path. */
export function pointerOf(path: readonly string[]): string {
  return path.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** The path of a JSON pointer. */
export function pathOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The position of this pointer or, where it has none of its own, of what it stands in. */
export function nearestPosition<P>(positions: ReadonlyMap<string, P>, pointer: string): P | undefined {
  for (let at = pointer; ; at = at.slice(0, at.lastIndexOf('/'))) {
    const position = positions.get(at);
    if (position !== undefined || at === '') return position;
  }
}
