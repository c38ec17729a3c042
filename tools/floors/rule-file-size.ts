import type { Rule } from './finding.ts';

export const LIMIT = 500;
export const CONSIDER = 300;

/** A file of more than 500 lines fails; one of more than 300 is named. */
export const fileSize: Rule = ({ units, others }) =>
  [...units.flatMap((unit) => unit.sources), ...others].flatMap(({ path, text }) => {
    const lines = text.split('\n').length - 1;
    if (lines <= CONSIDER) return [];
    const found = { file: path, line: 1, rule: 'file-size' };
    return lines > LIMIT
      ? [{ ...found, why: `${lines} lines; ${LIMIT} is the end. Take a concept out of it.` }]
      : [
          {
            ...found,
            severity: 'warning' as const,
            why: `${lines} lines; above ${CONSIDER} think of taking it apart.`,
          },
        ];
  });
