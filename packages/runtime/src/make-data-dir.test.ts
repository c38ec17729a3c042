import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeDataDir } from './make-data-dir.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backplane-data-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('the data folder', () => {
  it('is made with all above it, for this user alone, and may be there', async () => {
    const deep = join(folder, 'a/b/c');
    await makeDataDir(deep);
    await makeDataDir(deep);
    expect((await stat(deep)).mode & 0o777).toBe(0o700);
  });

  it('is refused where a file lies in its place or path', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    await expect(makeDataDir(file)).rejects.toThrow('it is a file');
    await expect(makeDataDir(join(file, 'data'))).rejects.toThrow('a file lies in its path');
  });

  it.runIf(existsSync('/proc/self'))('is refused at once where the file system makes none', async () => {
    const refused = { code: 'BP_DATA_DIR_UNUSABLE', message: expect.stringContaining('nothing can be made there') };
    for (const path of ['/proc/x', '/proc/x/y/z']) await expect(makeDataDir(path)).rejects.toMatchObject(refused);
  });
});
