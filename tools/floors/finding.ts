import type { House } from './workspace.ts';

/** What a rule has found. A warning is printed and passes. */
export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly rule: string;
  readonly why: string;
  readonly severity?: 'warning';
}

/** A rule looks at the whole house. */
export type Rule = (house: House) => readonly Finding[];

export const printFinding = ({ file, line, rule, why, severity }: Finding): string =>
  `${file}:${line} ${severity ?? 'error'} [${rule}] ${why}`;
