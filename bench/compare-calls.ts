import type { Row } from './report.ts';
import { inRounds } from './rounds.ts';

/** One operation. What a variant returns is awaited when it is a promise, before the next one begins. */
export type Variant = () => unknown;

export interface CallComparison {
  readonly variants: Readonly<Record<string, Variant>>;
  /** Name of the variant that the others are held against. */
  readonly baseline: string;
  /** Default 15. */
  readonly rounds?: number;
  /** CPU time that one sample should use, in milliseconds. Default 40. */
  readonly sampleMs?: number;
}

type Loop = (operation: Variant, count: number) => unknown;

/**
 * Compares functions by the CPU time of this process for one operation, collecting and compiling threads included. Each variant has a
 * loop of its own, so that none spoils the call site of another, and a batch size of its own.
 */
export async function compareCalls(comparison: CallComparison): Promise<readonly Row[]> {
  const { variants, baseline, rounds = 15, sampleMs = 40 } = comparison;
  const prepared = new Map<string, { loop: Loop; operation: Variant; count: number }>();
  for (const [name, operation] of Object.entries(variants)) {
    const loop = createLoop(operation() instanceof Promise);
    prepared.set(name, { loop, operation, count: await calibrate(loop, operation, sampleMs) });
  }
  return inRounds(Object.keys(variants), baseline, rounds, 'ns', async (variant) => {
    const { loop, operation, count } = prepared.get(variant) as { loop: Loop; operation: Variant; count: number };
    globalThis.gc?.();
    return ((await cpuMs(loop, operation, count)) * 1e6) / count;
  });
}

/** Made from text, because the functions of one source text share what the compiler has learned about their calls. */
function createLoop(asynchronous: boolean): Loop {
  const keyword = asynchronous ? 'async' : '';
  const call = asynchronous ? 'await operation()' : 'operation()';
  const text = `return ${keyword} function (operation, count) { let last; for (let i = 0; i < count; i += 1) last = ${call}; return last; }`;
  return new Function(text)() as Loop;
}

/** An operation that mostly waits uses no CPU worth counting: it is measured in few calls rather than for ever. */
const CALIBRATION_MS = 2000;
const WARM_UP_MS = 300;
const STEADY_BATCHES = 4;

/**
 * Runs the operation until it gets no faster, since a compiler that takes over in the middle of the rounds makes any ratio, and says
 * how many calls then fill a sample.
 */
async function calibrate(loop: Loop, operation: Variant, sampleMs: number): Promise<number> {
  const start = performance.now();
  let [count, best, steady, spent] = [1, Number.POSITIVE_INFINITY, 0, 0];
  while (performance.now() - start < CALIBRATION_MS && (steady < STEADY_BATCHES || spent < WARM_UP_MS)) {
    const used = await cpuMs(loop, operation, count);
    spent += used;
    if (used < sampleMs / 2) {
      count *= 2;
      continue;
    }
    steady = used / count < best * 0.97 ? 0 : steady + 1;
    best = Math.min(best, used / count);
    count = Math.max(1, Math.round(sampleMs / best));
  }
  return count;
}

async function cpuMs(loop: Loop, operation: Variant, count: number): Promise<number> {
  const before = process.cpuUsage();
  await loop(operation, count);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
