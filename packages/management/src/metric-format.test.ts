import { expect, it } from 'vitest';
import { metricFormat } from './metric-format.ts';

it.each([
  [undefined, 'text'],
  ['', 'text'],
  ['*/*', 'text'],
  ['text/html, application/json', 'text'],
  ['application/openmetrics-text', 'openmetrics'],
  ['application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.1', 'openmetrics'],
  ['application/openmetrics-text;version=1.0.0;q=0.4,text/plain;version=0.0.4;q=0.5', 'text'],
  ['application/openmetrics-text; version="1.0.0"; escaping=values; q=0.6', 'openmetrics'],
  ['application/openmetrics-text;q=0, */*', 'text'],
  ['application/openmetrics-text;version=2.0.0', 'text'],
  ['application/openmetrics-text;q=nonsense', 'text'],
  ['Application/OpenMetrics-Text', 'openmetrics'],
  ['constructor', 'text'],
])('reads %s as %s', (accept, format) => {
  expect(metricFormat(accept)).toBe(format);
});
