import type { ExtensionPointHandler } from '@backplane/ports';
import { ExtensionPointBody, PlaceBody } from '@backplane/wire/bodies';
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { extensionPointBodies, placesByPlugin } from './extension-points.ts';

const handler = (point: string, plugin: string, more: Partial<ExtensionPointHandler> = {}): ExtensionPointHandler => ({
  point,
  plugin,
  name: `${plugin}#1`,
  phase: 'business',
  priority: 100,
  ...more,
});

const handlers = [
  handler('middleware.pre_request', 'guard', { form: 'around', phase: 'security', priority: 5 }),
  handler('middleware.pre_request', 'shop', { form: 'hooks', when: { paths: ['/shop/**'] } }),
  handler('middleware.parsed', 'shop', { passesOver: ['bank'] }),
  handler('middleware.post_response', 'guard', { form: 'around', phase: 'security', priority: 5 }),
];

describe('extension points', () => {
  it('are those that are predefined, each with its handlers in the order in which they run', () => {
    const points = extensionPointBodies({ points: [], handlers });
    for (const point of points) expect(Value.Errors(ExtensionPointBody, point)).toEqual([]);
    expect(points.map(({ name, type, handlers }) => [name, type, handlers.map(({ plugin }) => plugin)])).toEqual([
      ['service.pre_register', 'filter', []],
      ['service.post_register', 'event', []],
      ['middleware.pre_request', 'filter', ['guard', 'shop']],
      ['middleware.parsed', 'filter', ['shop']],
      ['middleware.post_response', 'filter', ['guard']],
      ['config.load', 'action', []],
      ['health.check', 'action', []],
      ['metrics.collect', 'action', []],
    ]);
    expect(points[2]?.handlers[1]).toEqual({
      plugin: 'shop',
      name: 'shop#1',
      phase: 'business',
      priority: 100,
      form: 'hooks',
      when: { paths: ['/shop/**'] },
      passes_over: [],
      left_out: null,
      calls: null,
      failures: null,
      mean_ms: null,
      longest_ms: null,
      last_failure: null,
    });
  });

  it('say of each plugin where its handlers stand', () => {
    const places = placesByPlugin(handlers).get('shop') ?? [];
    for (const place of places) expect(Value.Errors(PlaceBody, place)).toEqual([]);
    const when = { paths: ['/shop/**'] };
    expect(places).toEqual([
      { extension_point: 'middleware.pre_request', handler: 'shop#1', place: 2, of: 2, when, passes_over: [] },
      { extension_point: 'middleware.parsed', handler: 'shop#1', place: 1, of: 1, when: null, passes_over: ['bank'] },
    ]);
  });
});
