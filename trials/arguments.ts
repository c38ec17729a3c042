import { parseArgs } from 'node:util';

/** A whole number that may be given: what it is unless told, and between what. */
export type NumberArgument = readonly [unlessTold: number, least: number, most: number];

/** Reads `--NAME NUMBER` for each of these. What cannot be read ends the program with 2, after saying why. */
export function readNumbers<const T extends Readonly<Record<string, NumberArgument>>>(
  usage: string,
  known: T,
): { readonly [K in keyof T]: number } {
  try {
    const options = Object.fromEntries(Object.keys(known).map((name) => [name, { type: 'string' as const }]));
    const { values } = parseArgs({ args: process.argv.slice(2), options });
    return Object.fromEntries(
      Object.entries(known).map(([name, bounds]) => [name, whole(name, values[name] as string | undefined, bounds)]),
    ) as { readonly [K in keyof T]: number };
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}

function whole(name: string, text: string | undefined, [unlessTold, least, most]: NumberArgument): number {
  if (text === undefined) return unlessTold;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new Error(`--${name} takes a whole number from ${least} to ${most}, not "${text}".`);
}
