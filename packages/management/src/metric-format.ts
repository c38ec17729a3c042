/** Formats of the page of metrics. */
export type MetricFormat = 'text' | 'openmetrics';

const MEDIA_TYPES: Readonly<Record<string, MetricFormat>> = {
  'application/openmetrics-text': 'openmetrics',
  'text/plain': 'text',
  'text/*': 'text',
  '*/*': 'text',
};

/** The format that an `Accept` header likes best; of two that it likes the same, the one it names first. Text where it names neither. */
export function metricFormat(accept: string | undefined): MetricFormat {
  let best: { readonly format: MetricFormat; readonly weight: number } | undefined;
  for (const range of (accept ?? '').toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    const format = Object.hasOwn(MEDIA_TYPES, type) ? MEDIA_TYPES[type] : undefined;
    const version = parameters.find((parameter) => parameter.startsWith('version='))?.slice('version='.length);
    const weight = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
    if (format === undefined || !(weight > 0)) continue;
    // A version 2 may mean anything.
    if (format === 'openmetrics' && version !== undefined && !/^"?(?:0|1)\./.test(version)) continue;
    if (best === undefined || weight > best.weight) best = { format, weight };
  }
  return best?.format ?? 'text';
}
