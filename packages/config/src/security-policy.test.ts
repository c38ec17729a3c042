import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createConfigSource } from './config-source.ts';

let configDir: string;
beforeEach(() => {
  configDir = mkdtempSync(join(tmpdir(), 'backplane-policy-'));
});
afterEach(() => rmSync(configDir, { recursive: true }));

const write = (name: string, text: string) => writeFileSync(join(configDir, name), text);
const policy = (environment = 'production') => createConfigSource({ configDir, environment }).securityPolicy();

describe('the security policy', () => {
  it('asks nothing where no file says anything', async () => {
    const nothing = { signatures: undefined, sandbox: undefined, limits: undefined, problems: [] };
    expect(await policy()).toEqual(nothing);
    write('base.yaml', 'plugins:\n  security:\n    require_signature: false\n');
    expect(await policy()).toEqual(nothing);
  });

  it('is that of base.yaml with the environment’s over it, and knows where each demand is written', async () => {
    write('base.yaml', 'plugins:\n  security:\n    require_signature: true\n    sandboxing:\n      enabled: false\n');
    write(
      'production.yaml',
      'plugins:\n  security:\n    sandboxing:\n      enabled: true\n      resource_limits:\n        memory_mb: 256\n        cpu_percent: 30\n',
    );
    expect(await policy()).toMatchObject({
      signatures: { file: join(configDir, 'base.yaml'), line: 3 },
      sandbox: { file: join(configDir, 'production.yaml'), line: 4 },
      limits: { file: join(configDir, 'production.yaml'), line: 5, values: { memory_mb: 256, cpu_percent: 30 } },
      problems: [],
    });
    expect(await policy('development')).toMatchObject({ sandbox: undefined, limits: undefined });
  });

  it.each([
    ['security: strict', 'plugins.security', 2],
    ['security:\n    require_signatures: true', 'plugins.security.require_signatures', 3],
    ['security:\n    require_signature: "yes"', 'plugins.security.require_signature', 3],
    ['security:\n    sandboxing: true', 'plugins.security.sandboxing', 3],
    ['security:\n    sandboxing:\n      enable: true', 'plugins.security.sandboxing.enable', 4],
    [
      'security:\n    sandboxing:\n      resource_limits:\n        memory_mb: -1',
      'plugins.security.sandboxing.resource_limits.memory_mb',
      5,
    ],
    [
      'security:\n    sandboxing:\n      resource_limits:\n        ram: 1',
      'plugins.security.sandboxing.resource_limits.ram',
      5,
    ],
  ])('has a problem with its place in "%s"', async (text, key, line) => {
    write('base.yaml', `plugins:\n  ${text}\n`);
    expect((await policy()).problems).toEqual([
      expect.objectContaining({
        file: join(configDir, 'base.yaml'),
        line,
        message: expect.stringContaining(`"${key}" must be `),
      }),
    ]);
  });

  it('has the problems of files that cannot be read', async () => {
    write('production.yaml', 'plugins: [');
    expect((await policy()).problems).toMatchObject([{ code: 'BP_YAML_SYNTAX' }]);
  });
});
