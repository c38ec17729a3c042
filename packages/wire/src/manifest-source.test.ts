import { describe, expect, it } from 'vitest';
import { manifestSource } from './manifest-source.ts';
import { parseYaml } from './strict-yaml.ts';

async function problemsOf(text: string) {
  const { document } = await parseYaml(text, 'plugin.yaml');
  return document === undefined ? [] : manifestSource(document).problems;
}

describe('manifestSource', () => {
  it('accepts every key', async () => {
    const text = `
name: trust_pki
version: "1.2.3-rc.1+build"
display_name: Trust & PKI
description: Signs documents.
author: Somebody
license: Apache-2.0
aliases: [marty]
plugin_type: Authentication
kinds: [service, event_handler]
phase: security
priority: 10.5
entry_point: ./plugin.ts#TrustPlugin
dependencies:
  - cache
  - { name: bus, version: ^1.0.0, optional: true }
provides: [trust-pki.document_signer]
config_schema: { api_key: { type: string, required: true, encrypted: true } }
replace: stop-first
limits: { initialize_ms: 1, start_ms: 2, stop_ms: 3, health_ms: 4, drain_ms: 5 }
isolation: process
metrics_prefix: marty_pki
enabled: false
backplane: ">=0.1.0"
permissions: { network: [a.example] }
`;
    expect(await problemsOf(text)).toEqual([]);
  });

  it('reports every wrong key at once, each at its own place, with what was expected or meant', async () => {
    const text = 'name: x\nverison: 1.0.0\nphase: sekurity\nlimits:\n  stop_ms: soon\n  drain: 5\npriority: high\n';
    const problems = await problemsOf(text);
    expect(problems.map(({ line, column, message, hint }) => ({ at: `${line}:${column}`, message, hint }))).toEqual(
      [
        {
          at: '2:1',
          message: expect.stringContaining('"verison" is not a known key.'),
          hint: 'Did you mean "version"?',
        },
        {
          at: '3:1',
          message: expect.stringContaining('must be one of infrastructure'),
          hint: 'Did you mean "security"?',
        },
        { at: '7:1', message: expect.stringContaining('"priority" must be a number.'), hint: undefined },
        {
          at: '6:3',
          message: expect.stringContaining('"limits.drain" is not a known key.'),
          hint: 'Did you mean "drain_ms"?',
        },
        {
          at: '5:3',
          message: expect.stringContaining('"limits.stop_ms" must be a whole number at least 1.'),
          hint: undefined,
        },
      ].sort(
        (a, b) =>
          problems.findIndex((p) => `${p.line}:${p.column}` === a.at) -
          problems.findIndex((p) => `${p.line}:${p.column}` === b.at),
      ),
    );
  });

  it('says that a bare number is no version', async () => {
    expect((await problemsOf('name: x\nversion: 1.0\n'))[0]?.message).toContain(
      '"version" must be a string such as 1.0.0',
    );
  });

  it('says what a dependency must look like, at the one that does not', async () => {
    const [problem, ...others] = await problemsOf('name: x\nversion: 1.0.0\ndependencies:\n  - a\n  - {nam: b}\n');
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ line: 5, hint: 'Did you mean "name"?' });
  });

  it('refuses a manifest that is no map', async () => {
    expect(await problemsOf('- a\n')).toMatchObject([{ code: 'BP_MANIFEST_INVALID', line: 1 }]);
    expect(await problemsOf('')).toHaveLength(1);
  });

  it('names reserved and impossible names', async () => {
    const problems = await problemsOf('name: api\nversion: 1.0.0\naliases: [Ok No]\ndependencies: {9: "*"}\n');
    expect(problems.map((problem) => problem.code).sort()).toEqual([
      'BP_NAME_INVALID',
      'BP_NAME_INVALID',
      'BP_NAME_RESERVED',
    ]);
  });
});
