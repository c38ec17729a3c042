import type { Checkpoint } from '../checkpoint.ts';
import type { Findings } from './findings.ts';
import { slope } from './slope.ts';

/** Bytes of heap that an operation may leave, on the mean of the second half of a run. */
const MOST_A_STEP = 8 * 1024;
/** Bytes by which it may grow in all that time: over few operations, what a collection has missed looks like a slope. */
const MOST_IN_ALL = 4 * 1024 * 1024;
/** Fewer points make no line. */
const LEAST_POINTS = 4;

const MIB = 1024 * 1024;

/** What the oracle needs of a checkpoint. */
export type Weighed = Pick<Checkpoint, 'step'> & { readonly holdings: Pick<Checkpoint['holdings'], 'heapUsed'> };

/** The heap of the second half of a run, when caches are full, does not grow. Says so in a line, and finds it where it is not so. */
export function checkMemory(findings: Pick<Findings, 'add'>, checkpoints: readonly Weighed[]): string {
  const half = checkpoints.slice(Math.floor(checkpoints.length / 2));
  const bytes = slope(half.map(({ step, holdings }) => [step, holdings.heapUsed] as const));
  const heap = checkpoints.map(({ holdings }) => (holdings.heapUsed / MIB).toFixed(1));
  const line = `${heap.join(' ')} MiB; ${Math.round(bytes)} bytes an operation in the second half`;
  const steps = (half.at(-1)?.step ?? 0) - (half[0]?.step ?? 0);
  if (half.length >= LEAST_POINTS && bytes > MOST_A_STEP && bytes * steps > MOST_IN_ALL) {
    findings.add('heap of the second half', `at most ${MOST_A_STEP} bytes more an operation`, line);
  }
  return line;
}
