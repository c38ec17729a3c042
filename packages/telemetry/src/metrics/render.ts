import type { Sample, SampledMetric } from './sampled-metric.ts';

/** `text` is Prometheus' text format 0.0.4, `openmetrics` is OpenMetrics 1.0. */
export type MetricFormat = 'text' | 'openmetrics';

export const MEDIA_TYPES: Readonly<Record<MetricFormat, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** Writes metrics in one of the formats, by name. */
export function renderMetrics(metrics: readonly SampledMetric[], format: MetricFormat): string {
  const lines: string[] = [];
  for (const metric of [...metrics].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (metric.samples.length > 0) renderMetric(metric, format, lines);
  }
  if (format === 'openmetrics') lines.push('# EOF');
  return `${lines.join('\n')}\n`;
}

function renderMetric(metric: SampledMetric, format: MetricFormat, lines: string[]): void {
  const shown = metric.type === 'counter' ? `${metric.name}_total` : metric.name;
  // OpenMetrics names the family, the text format the sample.
  const family = format === 'openmetrics' ? metric.name : shown;
  lines.push(`# HELP ${family} ${escapeHelp(metric.help || metric.name.replaceAll('_', ' '), format)}`);
  lines.push(`# TYPE ${family} ${metric.type}`);
  for (const sample of metric.samples) {
    if (sample.histogram === undefined) lines.push(`${shown}${labelText(sample.labels)} ${numberText(sample.value)}`);
    else renderHistogram(metric.name, sample, sample.histogram, lines);
  }
}

function renderHistogram(
  name: string,
  { labels, value }: Sample,
  { count, buckets }: NonNullable<Sample['histogram']>,
  lines: string[],
): void {
  for (const [bound, upTo] of buckets) {
    lines.push(`${name}_bucket${labelText([...labels, ['le', boundText(bound)]])} ${numberText(upTo)}`);
  }
  lines.push(`${name}_sum${labelText(labels)} ${numberText(value)}`);
  lines.push(`${name}_count${labelText(labels)} ${numberText(count)}`);
}

function labelText(labels: Sample['labels']): string {
  if (labels.length === 0) return '';
  return `{${labels.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(',')}}`;
}

const escapeLabel = (value: string): string =>
  value.replace(/[\\\n"]/g, (found) => (found === '\n' ? '\\n' : `\\${found}`));

const escapeHelp = (help: string, format: MetricFormat): string =>
  help.replace(format === 'openmetrics' ? /[\\\n"]/g : /[\\\n]/g, (found) => (found === '\n' ? '\\n' : `\\${found}`));

/** A bound is a floating-point number in both formats. */
const boundText = (bound: number): string => (Number.isInteger(bound) ? `${bound}.0` : numberText(bound));

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}
