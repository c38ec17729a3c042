import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { adminTokenFrom, checkBearer, ensureAdminToken } from './admin-token.ts';

let folder: string;
const file = () => join(folder, 'data', 'admin.token');
const code = (expected: string) => expect.objectContaining({ code: expected });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backplane-token-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('ensureAdminToken', () => {
  it('makes a token of 256 bits in a file of mode 0600, and gives the same one from then on', async () => {
    const token = await ensureAdminToken({ file: file() });
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    expect(await readFile(file(), 'utf8')).toBe(`${token}\n`);
    expect(await readdir(join(folder, 'data'))).toEqual(['admin.token']);
    expect(await ensureAdminToken({ file: file() })).toBe(token);
  });

  it('gives one token to all that start at once', async () => {
    const tokens = await Promise.all(Array.from({ length: 8 }, () => ensureAdminToken({ file: file() })));
    expect(new Set(tokens).size).toBe(1);
  });

  it('refuses a file that others may read, with the command that mends it', async () => {
    await ensureAdminToken({ file: file() });
    await chmod(file(), 0o640);
    const failure = await ensureAdminToken({ file: file() }).catch((error: Error) => error);
    expect(failure).toEqual(code('BP_PRIVATE_FILE_EXPOSED'));
    expect((failure as Error).message).toContain(`chmod 600 '${file()}'`);
  });

  it.each([
    ['is empty', ''],
    ['holds white space alone', ' \n\n'],
    ['holds two lines', 'abcdefghijklmnopqrst\nabcdefghijklmnopqrst\n'],
    ['holds a guessable token', 'admin\n'],
    ['holds what no header can carry', 'pässwörter-sind-länger\n'],
  ])('refuses a file that %s', async (_case, content) => {
    const own = join(folder, 'own.token');
    await writeFile(own, content, { mode: 0o600 });
    await expect(ensureAdminToken({ file: own })).rejects.toEqual(code('BP_ADMIN_TOKEN_INVALID'));
  });

  it('refuses a place where no file can be', async () => {
    await writeFile(join(folder, 'data'), '');
    await expect(ensureAdminToken({ file: file() })).rejects.toEqual(code('BP_PRIVATE_FILE_UNUSABLE'));
  });
});

describe('adminTokenFrom', () => {
  it('takes a token that is long enough, and refuses others without repeating them', () => {
    expect(adminTokenFrom('the variable', ' s3cret-s3cret-s3cret\n')).toBe('s3cret-s3cret-s3cret');
    for (const text of ['', 'short', 'two words of a token']) {
      expect(() => adminTokenFrom('the variable', text)).toThrow(code('BP_ADMIN_TOKEN_INVALID'));
    }
    expect(() => adminTokenFrom('the variable', 'hunter2')).toThrow(/^(?!.*hunter2).*the variable/);
  });
});

describe('checkBearer', () => {
  it.each([
    ['Bearer s3cret-s3cret-s3cret', true],
    ['bearer   s3cret-s3cret-s3cret', true],
    ['Bearer s3cret-s3cret-s3creT', false],
    ['Bearer s3cret-s3cret-s3cret2', false],
    ['Bearer s3cret', false],
    ['Bearer ', false],
    ['Bearer', false],
    ['s3cret-s3cret-s3cret', false],
    ['Basic s3cret-s3cret-s3cret', false],
    ['', false],
    [undefined, false],
  ])('answers for %o: %s', (header, expected) => {
    expect(checkBearer(header, 's3cret-s3cret-s3cret')).toBe(expected);
  });

  it('lets nobody in when the token is empty', () => {
    expect(checkBearer('Bearer ', '')).toBe(false);
    expect(checkBearer(undefined, '')).toBe(false);
  });
});
