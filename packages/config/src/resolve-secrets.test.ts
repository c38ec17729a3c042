import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createConfigSource } from './config-source.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'backplane-secrets-'));
  mkdirSync(join(folder, 'plugins'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const read = (variables: Record<string, string> = {}) =>
  createConfigSource({ configDir: folder, environment: 'production', variables }).pluginConfig('shop');

describe('a secret', () => {
  it('is the text of a variable or of a file, wherever a value may stand', async () => {
    writeFileSync(join(folder, 'token'), 'from the file\n');
    writeFileSync(
      join(folder, 'plugins/shop.yaml'),
      'default:\n  api: { key: !secret env:SHOP_KEY }\n  tokens:\n    - !secret file:token\n    - plain\n',
    );
    const { value, secrets, problems } = await read({ SHOP_KEY: 'from the variable' });
    expect(problems).toEqual([]);
    expect(value).toEqual({ api: { key: 'from the variable' }, tokens: ['from the file', 'plain'] });
    expect([...secrets]).toEqual(['/api/key', '/tokens/0']);
  });

  it('of a layer that is covered by another need not be there', async () => {
    writeFileSync(join(folder, 'base.yaml'), 'plugins:\n  shop:\n    key: !secret env:NOT_SET\n');
    writeFileSync(join(folder, 'plugins/shop.yaml'), 'production:\n  key: mine\n');
    expect(await read()).toMatchObject({ value: { key: 'mine' }, problems: [] });
  });

  it('that is missing or cannot be read is named with its place and never with its text', async () => {
    writeFileSync(join(folder, 'binary'), Buffer.from([0xff, 0xfe, 0x41]));
    writeFileSync(join(folder, 'large'), 'canary'.repeat(20_000));
    writeFileSync(
      join(folder, 'plugins/shop.yaml'),
      [
        'default:',
        '  a: !secret env:NOT_SET',
        '  b: !secret file:nowhere',
        '  c: !secret file:plugins',
        '  d: !secret file:binary',
        '  e: !secret file:large',
      ].join('\n'),
    );
    const configured = await read();
    expect(configured.problems.map(({ line, code }) => `${line} ${code}`)).toEqual([
      '2 BP_SECRET_UNREADABLE',
      '3 BP_SECRET_UNREADABLE',
      '4 BP_SECRET_UNREADABLE',
      '5 BP_SECRET_UNREADABLE',
      '6 BP_SECRET_UNREADABLE',
    ]);
    expect(configured.problems[0]?.message).toContain('the environment variable NOT_SET is not set');
    expect(inspect(configured, { depth: 20 })).not.toContain('canary');
  });

  it('is refused in a form that says no place, and every other tag is refused', async () => {
    for (const [tagged, reason] of [
      ['!secret s3cret', 'env:NAME'],
      ['!secret [a]', ''],
      ['!other x', 'tag'],
    ] as const) {
      writeFileSync(join(folder, 'plugins/shop.yaml'), `default:\n  key: ${tagged}\n`);
      const { problems } = await read();
      expect(problems, tagged).toHaveLength(1);
      expect(problems[0]?.message).toContain(reason);
      expect(problems[0]?.message).not.toContain('s3cret');
    }
  });
});
