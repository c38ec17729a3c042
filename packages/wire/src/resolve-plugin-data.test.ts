import { definePlugin, lazy, optional, type Plugin, service } from '@backplane/plugin-api';
import { describe, expect, it } from 'vitest';
import { manifestSource } from './manifest-source.ts';
import { resolvePluginData } from './resolve-plugin-data.ts';
import { parseYaml } from './strict-yaml.ts';

async function manifest(text: string) {
  const { document } = await parseYaml(text, 'marty/plugin.yaml');
  if (document === undefined) throw new Error('The YAML of this test is broken.');
  const { source, problems } = manifestSource(document);
  if (source === undefined) throw new Error(JSON.stringify(problems));
  return source;
}
const plain = (over: object = {}): Plugin => definePlugin({ name: 'marty', version: '1.0.0', ...over });
const codes = (problems: readonly { code: string }[]) => problems.map((problem) => problem.code);

describe('resolvePluginData', () => {
  it('fills in every default', () => {
    expect(resolvePluginData(plain()).data).toEqual({
      name: 'marty',
      version: '1.0.0',
      displayName: 'marty',
      description: '',
      author: '',
      license: '',
      aliases: [],
      kinds: [],
      type: 'custom',
      phase: 'business',
      priority: 100,
      dependencies: [],
      needs: [],
      provides: [],
      replace: 'beside',
      limits: { initialize: 30_000, start: 30_000, stop: 10_000, health: 5_000, reconfigure: 10_000, drain: 30_000 },
      metricsPrefix: 'marty',
      migrations: [],
      mounted: true,
      autoLoad: true,
      config: undefined,
    });
  });

  it('joins what the manifest and the code say', async () => {
    const source = await manifest(
      'name: marty\nversion: 1.0.0\nphase: security\nlimits: {stop_ms: 7}\nconfig_schema: {a: {type: string}}\n',
    );
    const { data } = resolvePluginData(plain({ limits: { start: 9 }, provides: [service('marty.signer')] }), {
      manifest: source,
    });
    expect(data).toMatchObject({
      phase: 'security',
      limits: { stop: 7, start: 9, health: 5_000 },
      provides: ['marty.signer'],
      config: { a: { type: 'string' } },
    });
  });

  it.each([
    [
      'a list of names',
      ['trust_pki', 'cache'],
      [
        ['cache', '*', false],
        ['trust-pki', '*', false],
      ],
    ],
    ['a map', { trust_pki: '^1.0.0' }, [['trust-pki', '^1.0.0', false]]],
    ['the long form', [{ name: 'cache', range: '>=2', optional: true }], [['cache', '>=2', true]]],
  ])('reads dependencies written as %s', (_, dependencies, expected) => {
    const { data } = resolvePluginData(plain({ dependencies }));
    expect(data?.dependencies.map(({ name, range, optional: may }) => [name, range, may])).toEqual(expected);
  });

  it('spells needs out', () => {
    const needs = { a: service('x.a', { range: '^1' }), b: optional(service('x.b')), c: lazy(service('x.c')) };
    expect(resolvePluginData(plain({ needs })).data?.needs).toEqual([
      { key: 'a', serviceId: 'x.a', range: '^1', mode: 'required' },
      { key: 'b', serviceId: 'x.b', range: '*', mode: 'optional' },
      { key: 'c', serviceId: 'x.c', range: '*', mode: 'lazy' },
    ]);
  });

  it('names file, line and both values where manifest and code disagree', async () => {
    const source = await manifest('name: marty\nversion: 2.0.0\nphase: security\n');
    const { data, problems } = resolvePluginData(plain({ phase: 'business' }), { manifest: source });
    expect(data).toBeUndefined();
    expect(codes(problems)).toEqual(['BP_MANIFEST_MISMATCH', 'BP_MANIFEST_MISMATCH']);
    expect(problems[0]).toMatchObject({ file: 'marty/plugin.yaml', line: 2, column: 1 });
    expect(problems[0]?.message).toContain('"2.0.0" in the manifest (marty/plugin.yaml:2:1), but "1.0.0" in the code');
  });

  it('does not call two spellings of one thing a disagreement', async () => {
    const source = await manifest(
      'name: pay_ment\nversion: 1.0.0\nplugin_type: BILLING\naliases: [a_b, c]\nkinds: [health, service]\ndependencies: [{name: x_y, version: ^1}]\nlimits: {stop_ms: 5}\n',
    );
    const plugin = definePlugin({
      name: 'pay-ment',
      version: '1.0.0',
      type: 'billing',
      aliases: ['c', 'a-b'],
      kinds: ['service', 'health'],
      dependencies: { 'x-y': '^1' },
      limits: { stop: 5, start: 6 },
    });
    expect(resolvePluginData(plugin, { manifest: source })).toMatchObject({
      problems: [],
      data: { name: 'pay-ment', type: 'billing' },
    });
  });

  it('reports everything that is wrong with the code at once', () => {
    const plugin = plain({
      version: '1.0',
      priorty: 3,
      phase: 'late',
      dependencies: { a: 'latest' },
      limits: { stop: -1 },
    }) as Plugin;
    const { problems } = resolvePluginData(plugin, { file: 'marty.ts' });
    const text = problems.map((problem) => `${problem.file} ${problem.message} ${problem.hint ?? ''}`).join('\n');
    expect(text).toMatch(/"version" must be .*1\.0\.0/);
    expect(text).toContain('Did you mean "priority"?');
    expect(text).toContain('"phase" must be one of infrastructure, security, middleware, business');
    expect(text).toContain('limits.stop');
    expect(problems.every((problem) => problem.file === 'marty.ts')).toBe(true);
  });

  it('refuses ranges that are none', () => {
    const { problems } = resolvePluginData(
      plain({ dependencies: { a: 'latest' }, needs: { s: service('x.s', { range: 'newest' }) } }),
    );
    expect(codes(problems).sort()).toEqual(['BP_METADATA_INVALID', 'BP_RANGE_INVALID']);
  });

  it.each(['api', 'config_dir', 'security'])('refuses the reserved name %s, also as an alias', (name) => {
    expect(codes(resolvePluginData(plain({ name })).problems)).toEqual(['BP_NAME_RESERVED']);
    expect(codes(resolvePluginData(plain({ aliases: [name] })).problems)).toEqual(['BP_NAME_RESERVED']);
  });

  it('suggests the name that would do', () => {
    expect(resolvePluginData(plain({ name: 'My_Plugin' })).problems[0]).toMatchObject({
      code: 'BP_NAME_INVALID',
      hint: 'Did you mean "my-plugin"?',
    });
  });

  it('falls back to the name of the file', () => {
    const nameless = { ...plain(), name: undefined } as unknown as Plugin;
    expect(resolvePluginData(nameless, { fallbackName: 'from-file' }).data?.name).toBe('from-file');
  });

  it('survives metadata of entirely wrong types', () => {
    for (const wrong of [null, 3, 'x', [], {}, [null], { a: null }]) {
      const keys = ['name', 'version', 'aliases', 'kinds', 'dependencies', 'provides', 'limits', 'needs', 'config'];
      for (const key of keys) expect(() => resolvePluginData(plain({ [key]: wrong }))).not.toThrow();
    }
  });
});
