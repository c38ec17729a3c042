import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureDataKey } from './data-key.ts';
import { addMasterKey, dropOldMasterKeys, ensureMasterKeys, masterKeysFrom } from './master-keys.ts';
import { createSecretBox } from './secret-box.ts';

const freshKey = () => randomBytes(32).toString('hex');
const boxOf = (...keys: readonly string[]) => createSecretBox(masterKeysFrom('the test', keys.join('\n')));
const code = (expected: string) => expect.objectContaining({ code: expected });

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backplane-box-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a secret box', () => {
  it('opens what it has sealed, for whatever text and context', () => {
    const box = boxOf(freshKey());
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, context) => {
        const envelope = box.seal(text, context);
        expect(box.open(envelope, context)).toBe(text);
        expect(box.isCurrent(envelope)).toBe(true);
      }),
    );
  });

  it('seals the same text differently each time, and shows nothing of it', () => {
    const box = boxOf(freshKey());
    const [one, other] = [box.seal('canary', 'x'), box.seal('canary', 'x')];
    expect(one).not.toBe(other);
    expect(one).not.toContain('canary');
    expect(Buffer.from(one.split('.')[2] ?? '', 'base64url').toString('latin1')).not.toContain('canary');
  });

  it('refuses an envelope in which any one character was changed, and one that was moved', () => {
    const box = boxOf(freshKey());
    const envelope = box.seal('a secret', 'orders/token');
    fc.assert(
      fc.property(fc.nat(envelope.length - 1), (at) => {
        const other = envelope[at] === 'A' ? 'B' : 'A';
        const changed = envelope.slice(0, at) + other + envelope.slice(at + 1);
        // The last character of base64url may hold bits that belong to no byte.
        fc.pre(
          Buffer.from(changed.split('.')[2] ?? '', 'base64url').compare(
            Buffer.from(envelope.split('.')[2] ?? '', 'base64url'),
          ) !== 0 || at < envelope.lastIndexOf('.'),
        );
        expect(() => box.open(changed, 'orders/token')).toThrow(code('BP_SECRET_SEALED'));
      }),
    );
    expect(() => box.open(envelope, 'orders/other')).toThrow(code('BP_SECRET_SEALED'));
  });

  it('opens what an older key has sealed while that is there, and seals with the newest', () => {
    const [old, fresh] = [freshKey(), freshKey()];
    const envelope = boxOf(old).seal('a secret', 'x');
    const both = boxOf(fresh, old);
    expect(both.open(envelope, 'x')).toBe('a secret');
    expect(both.isCurrent(envelope)).toBe(false);
    const anew = both.seal(both.open(envelope, 'x'), 'x');
    expect(boxOf(fresh).open(anew, 'x')).toBe('a secret');
    expect(() => boxOf(fresh).open(envelope, 'x')).toThrow(code('BP_SECRET_SEALED'));
  });
});

describe('master keys', () => {
  it.each([
    ['nothing', ' \n'],
    ['too few digits', 'abcd'],
    ['what is no secret', '00'.repeat(32)],
    ['a second line that is none', `${freshKey()}\npassword`],
  ])('are refused where the text is %s, without being repeated', (_what, text) => {
    expect(() => masterKeysFrom('the variable', text)).toThrow(code('BP_MASTER_KEY_INVALID'));
    expect(() => masterKeysFrom('the variable', text)).toThrow(/^(?!.*(abcd|password)).*the variable/);
  });

  it('are the same in hexadecimal and base64, and give another key for each purpose', () => {
    const bytes = randomBytes(32);
    const [hex] = masterKeysFrom('a', bytes.toString('hex'));
    const [base64] = masterKeysFrom('a', bytes.toString('base64'));
    expect(base64.id).toBe(hex.id);
    expect(base64.derive('x')).toEqual(hex.derive('x'));
    expect(hex.derive('y')).not.toEqual(hex.derive('x'));
    expect(hex.derive('x')).not.toEqual(bytes);
  });

  it('are made once in a file of mode 0600, and changed there without losing what was sealed', async () => {
    const file = join(folder, 'data', 'master.key');
    const made = await Promise.all(Array.from({ length: 8 }, () => ensureMasterKeys(file)));
    expect(new Set(made.map(([{ id }]) => id)).size).toBe(1);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const envelope = createSecretBox(await ensureMasterKeys(file)).seal('a secret', 'x');

    const two = createSecretBox(await addMasterKey(file));
    expect(two.open(envelope, 'x')).toBe('a secret');
    expect(two.isCurrent(envelope)).toBe(false);

    await dropOldMasterKeys(file);
    const one = createSecretBox(await ensureMasterKeys(file));
    expect(() => one.open(envelope, 'x')).toThrow(code('BP_SECRET_SEALED'));
    expect(one.open(two.seal('a secret', 'x'), 'x')).toBe('a secret');
  });
});

describe('ensureDataKey', () => {
  it('gives the same key under a new master key, once that has been put first', async () => {
    const [old, fresh] = [freshKey(), freshKey()];
    const file = join(folder, 'private', 'key');
    const key = await ensureDataKey(file, 'the database', boxOf(old));
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    expect(await readFile(file, 'utf8')).not.toContain(key);
    expect(await ensureDataKey(file, 'the database', boxOf(fresh, old))).toBe(key);
    expect(await ensureDataKey(file, 'the database', boxOf(fresh))).toBe(key);
    await expect(ensureDataKey(file, 'the database', boxOf(old))).rejects.toEqual(code('BP_SECRET_SEALED'));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });
});
