import type { FleetResult } from './fleet.ts';
import type { Finding } from './oracle/findings.ts';

/** The result for people. */
export function reportLines(result: FleetResult): string[] {
  const { findings, figures, checkpoints, memory, seed, seconds } = result;
  const { operations, visits, others, latency } = figures;
  const lines = [
    `${total(operations)} operations in ${seconds.toFixed(0)} s: ${counts(operations)}`,
    `${total(visits)} requests asserted: ${counts(visits)}`,
    `besides: ${counts(others)}`,
    `answers: half within ${latency.p50.toFixed(1)} ms, 99 of 100 within ${latency.p99.toFixed(0)} ms, the slowest after ${latency.slowest.toFixed(0)} ms; operations ${(figures.operationsMs / 1000).toFixed(1)} s in all`,
    `${result.receipts} leak receipts read, ${checkpoints.length} checkpoints`,
    `heap after collection: ${memory}`,
  ];
  if (findings.list.length === 0) return [...lines, `seed ${seed}: nothing was found`];
  const found = findings.list.flatMap((finding, i) => findingLines(i + 1, finding));
  return [...lines, `seed ${seed}: ${findings.list.length} FINDINGS`, ...found];
}

function findingLines(number: number, { at, step, operation, where, expected, got }: Finding): string[] {
  return [
    `${number}. ${where}`,
    `   at ${(at / 1000).toFixed(1)} s, operation ${step}${operation === undefined ? ', between operations' : `: ${operation}`}`,
    `   expected: ${expected}`,
    `   got:      ${got}`,
  ];
}

/** How to see it again. */
export function replayHint({
  seed,
  neighbours,
  json,
}: {
  seed: number;
  neighbours: number;
  json: string | undefined;
}): string {
  const again = `npm run fleet -- --seed ${seed} --neighbours ${neighbours}`;
  return json === undefined
    ? `Again: ${again}. With --json FILE the operations are kept, for --replay FILE.`
    : `Again: ${again} --replay ${json}`;
}

const total = (map: ReadonlyMap<string, number>) => [...map.values()].reduce((sum, count) => sum + count, 0);

const counts = (map: ReadonlyMap<string, number>) =>
  [...map]
    .sort(([, a], [, b]) => b - a)
    .map(([what, count]) => `${count} ${what}`)
    .join(', ');
