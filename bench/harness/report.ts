import { cpus } from 'node:os';
import type { BenchmarkResult, Figure, Verdict } from './benchmark.ts';
import { median, quantile, spread } from './statistics.ts';

/** Where figures were taken: they mean little without it. */
export interface Machine {
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly date: string;
}

export function thisMachine(): Machine {
  const [first] = cpus();
  return {
    node: process.version,
    cpu: first?.model ?? 'unknown',
    cores: cpus().length,
    date: new Date().toISOString(),
  };
}

/** The result as lines for people. */
export function reportLines({ figures, verdicts, notes }: BenchmarkResult): string[] {
  const width = Math.max(
    ...[...figures.map(({ name }) => name), ...verdicts.map(({ promise }) => promise)].map((s) => s.length),
  );
  return [
    `${' '.repeat(width)}  ${'median'.padStart(12)}      spread`,
    ...figures.map((figure) => figureLine(figure, width)),
    '',
    ...verdicts.map((verdict) => verdictLine(verdict, width)),
    ...notes.map((note) => `  ${note}`),
  ];
}

/** The result as data, for a later run to be compared with. */
export function reportData(name: string, machine: Machine, { figures, verdicts, notes }: BenchmarkResult): object {
  return {
    benchmark: name,
    machine,
    figures: figures.map((figure) => ({ ...figure, median: median(figure.values), spread: spread(figure.values) })),
    verdicts,
    notes,
  };
}

function figureLine({ name, unit, values }: Figure, width: number): string {
  const share = values.length > 2 ? `±${((spread(values) / 2) * 100).toFixed(1)} %` : '';
  return `${name.padEnd(width)}  ${`${shown(median(values))} ${unit}`.padStart(12)}  ${share.padStart(10)}`;
}

function verdictLine({ promise, measured, relation, limit, unit, held, values }: Verdict, width: number): string {
  const range = values.length > 2 ? ` (${shown(quantile(values, 0.25))} to ${shown(quantile(values, 0.75))})` : '';
  return `${promise.padEnd(width)}  ${`${shown(measured)} ${unit}`.padStart(12)}${range}  ${relation} ${limit}: ${held ? 'held' : 'MISSED'}`;
}

function shown(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3);
}
