import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readSourceFile } from './source-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'backplane-source-file-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string | Uint8Array) => {
  writeFileSync(join(folder, name), content);
  return readSourceFile(join(folder, name), name);
};

it('reads text and drops a byte order mark', () => {
  expect(file('a', '\uFEFFname: ä')).toEqual({ text: 'name: ä' });
});

it('refuses more than a mebibyte without reading it', () => {
  expect(file('a', 'x'.repeat(1024 * 1024)).problem).toBeUndefined();
  expect(file('a', 'x'.repeat(1024 * 1024 + 1)).problem).toMatchObject({ code: 'BP_FILE_TOO_LARGE', file: 'a' });
});

it('refuses what is not UTF-8', () => {
  expect(file('a', Uint8Array.of(0xff, 0xfe, 0x00)).problem?.message).toContain('not UTF-8');
});

it('refuses folders and pipes without waiting for them', () => {
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  expect(readSourceFile(join(folder, 'pipe')).problem?.message).toContain('no plain file');
  expect(readSourceFile(folder).problem?.code).toBe('BP_FILE_UNREADABLE');
});

it('says why an absent file cannot be read, naming it as it is shown', () => {
  expect(readSourceFile(join(folder, 'none'), 'none').problem?.message).toMatch(
    /^none cannot be read: no such file or directory\./,
  );
});
