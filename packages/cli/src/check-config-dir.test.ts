import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkConfigDir } from './check-config-dir.ts';

const folder = mkdtempSync(join(tmpdir(), 'config-dir-'));
const file = join(folder, 'file');
const absent = join(folder, 'absent');
writeFileSync(file, '');
afterAll(() => rmSync(folder, { recursive: true }));

describe('the folder of configuration', () => {
  it('may be absent where nobody named one', () => {
    expect(checkConfigDir({}, {})).toBe('./config');
  });

  it('is refused by the name of the option where it was named and is not there', () => {
    expect(() => checkConfigDir({ config: absent }, {})).toThrow(
      `--config is "${absent}", which is not a folder that is there.`,
    );
    expect(() => checkConfigDir({}, { BACKPLANE_CONFIG_DIR: absent })).toThrow(/^BACKPLANE_CONFIG_DIR is /);
    expect(() => checkConfigDir({}, { MMF_CONFIG_DIR: absent })).toThrow(/^MMF_CONFIG_DIR is /);
  });

  it('is refused where it is no folder, or lies in a file', () => {
    expect(() => checkConfigDir({ config: file }, {})).toThrow('which is not a folder.');
    expect(() => checkConfigDir({ config: join(file, 'config') }, {})).toThrow('which is not a folder');
    expect(checkConfigDir({ config: folder }, {})).toBe(folder);
  });
});
