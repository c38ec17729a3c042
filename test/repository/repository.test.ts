import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { baseErrors } from '@backplane/base';
import { describe, expect, it } from 'vitest';
import { checkFloors } from '../../tools/check-floors.ts';
import { printFinding } from '../../tools/floors/finding.ts';
import { root, trackedFiles } from './tracked-files.ts';

describe('the repository', () => {
  it('keeps its floors', async () => {
    const findings = await checkFloors(root);
    expect(findings.filter(({ severity }) => severity !== 'warning').map(printFinding)).toEqual([]);
  });

  it('names no path of the machine it was written on', () => {
    const homes = /(?<![\w.~-])\/(?:work|root|home\/[\w-]+|Users\/[\w-]+|tmp\/[\w-]{3,})\/[\w.-]+/;
    const lines = trackedFiles()
      .filter((file) => !/\.(png|jpg|ico|woff2|tgz|der|pem)$/.test(file) && file !== 'package-lock.json')
      .flatMap((file) =>
        readFileSync(join(root, file), 'utf8')
          .split('\n')
          .flatMap((line, index) => (homes.test(line) ? [`${file}:${index + 1} ${line.trim()}`] : [])),
      );
    expect(lines).toEqual([]);
  });

  it('has a lockfile that npm ci accepts: with an entry for every platform of every optional dependency', () => {
    const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { optionalDependencies?: Record<string, string> }>;
    };
    const missing = Object.entries(packages).flatMap(([owner, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !(`node_modules/${name}` in packages) && !(`${owner}/node_modules/${name}` in packages),
      ),
    );
    expect(missing).toEqual([]);
  });

  it('is tested from its sources, and so is what the tests start', () => {
    const { stack = '' } = baseErrors.BP_NOT_CLONEABLE({ what: 'It', path: '', reason: 'it is a function' });
    expect(stack).toContain('packages/base/src/error-catalogue.ts');
    expect(process.execArgv).toContain('--conditions=backplane-source');
  });
});
