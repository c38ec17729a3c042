import { definePlugin, PluginBase } from '@backplane/plugin-api';
import { expect, test } from 'vitest';
import { findPlugin } from './find-plugin.ts';

const plugin = (name: string) => definePlugin({ name, version: '1.0.0' });

class Payment extends PluginBase {
  static override readonly metadata = { name: 'payment', version: '2.0.0' };
}

test('takes the export that is named', () => {
  const exports = { default: plugin('first'), other: plugin('second'), Payment };
  expect(findPlugin(exports, 'other').name).toBe('second');
  expect(findPlugin(exports, 'Payment')).toMatchObject({ name: 'payment', version: '2.0.0' });
});

test('prefers the default export to others', () => {
  expect(findPlugin({ default: Payment, other: plugin('second') }).name).toBe('payment');
});

test('takes the only export that is a plugin, under however many names', () => {
  const only = plugin('only');
  expect(findPlugin({ default: 3, helper: () => 1, only, same: only, PluginBase }).name).toBe('only');
});

test('finds the default of ESM that was compiled to CommonJS', () => {
  const moduleExports = { __esModule: true, default: plugin('old') };
  expect(findPlugin({ default: moduleExports, __esModule: true }).name).toBe('old');
});

test('knows a plugin of another copy of the plugin API', () => {
  const foreign = { name: 'foreign', version: '1.0.0', [Symbol.for('backplane.plugin')]: true };
  expect(findPlugin({ foreign }).name).toBe('foreign');
});

test('lists what is exported when the export is missing or no plugin', () => {
  const exports = { default: { a: 1 }, helper: () => 1, nothing: null };
  for (const [wanted, found] of [
    [undefined, undefined],
    ['absent', undefined],
    ['helper', 'a function'],
    ['nothing', 'null'],
  ] as const) {
    expect(() => findPlugin(exports, wanted)).toThrow(
      expect.objectContaining({
        code: 'BP_PLUGIN_EXPORT_MISSING',
        details: { exported: ['default', 'helper', 'nothing'], ...(wanted && { wanted }), ...(found && { found }) },
      }),
    );
  }
});

test('refuses to choose between several', () => {
  expect(() => findPlugin({ one: plugin('one'), Payment })).toThrow(
    expect.objectContaining({ code: 'BP_PLUGIN_EXPORT_AMBIGUOUS', details: { plugins: ['one', 'Payment'] } }),
  );
});

test('names the file, where it is told, in what it refuses', () => {
  expect(() => findPlugin({ one: 1 }, undefined, '/plugins/one.ts')).toThrow(
    'No export is a plugin; exported in /plugins/one.ts: one.',
  );
  expect(() => findPlugin({ one: plugin('one'), two: plugin('two') }, undefined, '/plugins/one.ts')).toThrow(
    'Several exports in /plugins/one.ts are plugins: one, two.',
  );
});
