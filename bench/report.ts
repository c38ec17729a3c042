import { cpus } from 'node:os';
import type { Spread } from './statistics.ts';

/** One variant, measured. */
export interface Row {
  readonly variant: string;
  readonly unit: 'ns' | 'µs' | 'ms by the clock';
  readonly rounds: number;
  /** CPU time of one operation; by the clock where the unit says so. */
  readonly cpu: Spread;
  /** Against the baseline, round by round. */
  readonly ratio: Spread;
  /** Whatever else was seen, such as a latency; printed behind the row. */
  readonly notes?: Readonly<Record<string, number | string>>;
}

/** A figure of the design, held against what was measured. */
export interface PromiseCheck {
  readonly text: string;
  readonly limit: number;
  readonly measured: number;
  readonly ok: boolean;
}

export interface Report {
  readonly name: string;
  readonly machine: { readonly cpu: string; readonly node: string };
  readonly rows: readonly Row[];
  readonly promises: readonly PromiseCheck[];
}

export const machine = (): Report['machine'] => {
  const all = cpus();
  return { cpu: `${all.length} x ${all[0]?.model ?? 'unknown'}`, node: process.version };
};

const COLUMNS = ['variant', 'CPU per op', 'MAD', 'min .. max', 'ratio', 'ratio min .. max'];

/** The report as a person reads it. */
export function printReport({ name, machine: { cpu, node }, rows, promises }: Report): string {
  const table = [
    COLUMNS,
    ...rows.map(({ variant, unit, cpu: used, ratio }) => [
      variant,
      `${figure(used.median)} ${unit}`,
      figure(used.mad),
      `${figure(used.min)} .. ${figure(used.max)}`,
      `${ratio.median.toFixed(2)} x`,
      `${ratio.min.toFixed(2)} .. ${ratio.max.toFixed(2)}`,
    ]),
  ];
  const widths = COLUMNS.map((_, column) => Math.max(...table.map((cells) => (cells[column] ?? '').length)));
  const lines = table.map((cells) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
  );
  const noted = rows.map(({ notes }) => Object.entries(notes ?? {}).map(([key, value]) => `${key} ${value}`));
  const kept = promises.map(
    ({ ok, text, limit, measured }) => `${ok ? 'kept  ' : 'BROKEN'}  ${text}: ${figure(measured)} (limit ${limit})`,
  );
  return [
    `${name}   (${cpu}, Node ${node})`,
    ...lines.map((line, i) => (i === 0 ? line : [line, ...(noted[i - 1] ?? [])].join('  '))),
    ...kept,
  ].join('\n');
}

/** Three digits that mean something. */
const figure = (value: number): string =>
  Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2);
