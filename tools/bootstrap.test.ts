import { delimiter } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bin, childEnv, toolEnv } from './child-env.mjs';
import { isNewEnough, nodeBinary } from './node-binary.mjs';
import { ensureSystemPackages } from './system-packages.mjs';
import { closingLine, totalsOf } from './test-totals.mjs';

describe('childEnv', () => {
  it('takes the traces of the calling npm away and keeps what a person set', () => {
    const env = childEnv({
      PATH: '/usr/bin',
      npm_lifecycle_event: 'start',
      npm_package_json: '/somewhere/package.json',
      npm_config_workspace: 'packages/base',
      npm_config_registry: 'http://registry.test/',
      BACKPLANE_PORT: '0',
      NODE_OPTIONS: '--max-old-space-size=500',
    });
    expect(env).toEqual({
      PATH: `${bin}${delimiter}/usr/bin`,
      npm_config_registry: 'http://registry.test/',
      BACKPLANE_PORT: '0',
      NODE_OPTIONS: '--max-old-space-size=500',
    });
  });

  it('puts the installed commands on the PATH once', () => {
    expect(childEnv(childEnv({ PATH: '/usr/bin' })).PATH).toBe(`${bin}${delimiter}/usr/bin`);
  });

  it('keeps the options of somebody else out of our own tools', () => {
    expect(toolEnv({ PATH: '', NODE_OPTIONS: '--inspect', NODE_ENV: 'production' })).not.toHaveProperty('NODE_OPTIONS');
  });
});

describe('nodeBinary', () => {
  it('finds a Node that is new enough', () => {
    expect(nodeBinary()).toBeTypeOf('string');
  });

  it('compares whole version numbers', () => {
    expect(['v24.0.0', 'v26.10.0', 'v100.1.0'].map(isNewEnough)).toEqual([true, true, true]);
    expect(['v20.20.2', 'v23.11.0', 'v2.4.0'].map(isNewEnough)).toEqual([false, false, false]);
  });
});

describe('ensureSystemPackages', () => {
  it('fails on CI when a command is missing and cannot be installed', () => {
    const wanted = [{ command: 'no-such-command', debianPackage: 'no-such-package' }];
    expect(() => ensureSystemPackages({ wanted, env: { PATH: '', CI: 'true' } })).toThrow(
      'apt-get install no-such-package',
    );
  });
});

describe('totalsOf', () => {
  const report = { numPassedTests: 7, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] };

  it('closes with the plain line', () => {
    expect(closingLine(totalsOf(report))).toBe('7 passed, 0 failed');
    expect(closingLine(totalsOf({ ...report, numPendingTests: 1, numTodoTests: 1 }))).toBe(
      '7 passed, 0 failed, 2 skipped',
    );
  });

  it('counts a file that could not be loaded as a failure', () => {
    const testResults = [{ status: 'failed', assertionResults: [] }];
    expect(totalsOf({ ...report, testResults })).toMatchObject({ passed: 7, failed: 1 });
  });

  it('counts a run that left no report as a failure', () => {
    expect(totalsOf(undefined)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
});
