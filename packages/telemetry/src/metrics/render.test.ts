import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderMetrics } from './render.ts';
import type { SampledMetric } from './sampled-metric.ts';

const metric = (more: Partial<SampledMetric>): SampledMetric => ({
  name: 'm',
  owner: 'a',
  type: 'gauge',
  help: '',
  samples: [{ labels: [], value: 1 }],
  ...more,
});

/** Reads a quoted text as the formats define it. */
const unquoted = (text: string): string =>
  text.replace(/\\(\\|n|")/g, (_whole, escaped: string) => (escaped === 'n' ? '\n' : escaped));

describe('the page of metrics', () => {
  it.each(['text', 'openmetrics'] as const)('gives back every value of a label and every number, as %s', (format) => {
    const anyText = fc.string({
      unit: fc.oneof(fc.constantFrom('"', '\\', '\n', 'n', '}', 'é', '\u2028', '🎉'), fc.string({ maxLength: 1 })),
    });
    fc.assert(
      fc.property(anyText, fc.double(), (text, value) => {
        const page = renderMetrics([metric({ samples: [{ labels: [['l', text]], value }] })], format);
        const found = /^m\{l="((?:[^"\\\n]|\\.)*)"\} (\S+)$/m.exec(page);
        expect(unquoted(found?.[1] as string)).toBe(text);
        const number = found?.[2]?.replace(/^([+-])Inf$/, '$1Infinity');
        expect(Object.is(Number(number), value) || (value === 0 && Number(number) === 0)).toBe(true);
      }),
    );
  });

  it('is in the order of names, with one line of help that breaks no line', () => {
    const page = renderMetrics(
      [metric({ name: 'b', help: 'a "b"\\\nc' }), metric({ name: 'a_b', type: 'counter' })],
      'text',
    );
    expect(page).toBe(
      [
        '# HELP a_b_total a b',
        '# TYPE a_b_total counter',
        'a_b_total 1',
        '# HELP b a "b"\\\\\\nc',
        '# TYPE b gauge',
        'b 1',
        '',
      ].join('\n'),
    );
  });

  it('names the family of a counter without its ending, escapes quotes in help, and ends, as openmetrics', () => {
    const page = renderMetrics(
      [metric({ type: 'counter', help: '"x"' }), metric({ name: 'none', samples: [] })],
      'openmetrics',
    );
    expect(page).toBe('# HELP m \\"x\\"\n# TYPE m counter\nm_total 1\n# EOF\n');
  });
});
