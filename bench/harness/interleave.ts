import type { Figure } from './benchmark.ts';

/** One side of a comparison. */
export interface Contender {
  readonly name: string;
  /** Does the work `operations` times. */
  run(operations: number): unknown;
}

export interface Rounds {
  readonly rounds: number;
  /** Rounds that are run and not counted. Default 2. */
  readonly warmUp?: number;
  readonly operations: number;
  /** CPU time so far, in microseconds. Default: all threads of this process. */
  cpu?(contender: Contender): number | Promise<number>;
  /** Default µs. */
  readonly unit?: 'µs' | 'ns';
}

/**
 * CPU time for one operation of each contender, a value each round. All take turns within a round, and every other round in opposite
 * order: what disturbs the machine disturbs all alike, and nobody always runs in the wake of the same one.
 */
export async function interleave(contenders: readonly Contender[], options: Rounds): Promise<Figure[]> {
  const { rounds, warmUp = 2, operations, cpu = ownCpu, unit = 'µs' } = options;
  const values = new Map(contenders.map((contender) => [contender, [] as number[]]));
  for (let round = -warmUp; round < rounds; round++) {
    for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
      const before = await cpu(contender);
      await contender.run(operations);
      const used = ((await cpu(contender)) - before) / operations;
      if (round >= 0) values.get(contender)?.push(unit === 'ns' ? used * 1000 : used);
    }
  }
  return contenders.map((contender) => ({ name: contender.name, unit, values: values.get(contender) ?? [] }));
}

function ownCpu(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
