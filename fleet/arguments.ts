import { parseArgs } from 'node:util';

/** How a run is asked for. */
export interface FleetArguments {
  readonly seconds: number;
  readonly seed: number;
  readonly neighbours: number;
  readonly visitors: number;
  /** Seconds within which whatever is asked has to be answered, or the host hangs. */
  readonly patience: number;
  /** Where the result is written as JSON. */
  readonly json: string | undefined;
  /** A result whose operations are done again. */
  readonly replay: string | undefined;
}

export const USAGE = `npm run fleet -- [--seconds 60] [--seed 42] [--neighbours 300] [--visitors 20] [--patience 120] [--json FILE] [--replay FILE]`;

/** @throws Error that says which argument cannot be used. */
export function readArguments(args: readonly string[]): FleetArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: '42' },
      neighbours: { type: 'string', default: '300' },
      visitors: { type: 'string', default: '20' },
      patience: { type: 'string', default: '120' },
      json: { type: 'string' },
      replay: { type: 'string' },
    },
  });
  return {
    seconds: whole('seconds', values.seconds, 1, 86_400),
    seed: whole('seed', values.seed, 0, 2 ** 32 - 1),
    neighbours: whole('neighbours', values.neighbours, 1, 999),
    visitors: whole('visitors', values.visitors, 1, 100),
    patience: whole('patience', values.patience, 1, 3600),
    json: values.json,
    replay: values.replay,
  };
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new Error(`--${name} takes a whole number from ${least} to ${most}, not "${text}".`);
}
