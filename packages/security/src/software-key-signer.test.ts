import { execFile } from 'node:child_process';
import { createVerify, verify as cryptoVerify, generateKeyPairSync } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Clock } from '@backplane/base';
import type { KeySpec, SigningAlgorithm } from '@backplane/plugin-api';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSoftwareKeySigner } from './software-key-signer.ts';

const RSA: KeySpec = { type: 'rsa', modulusLength: 2048 };
const P256: KeySpec = { type: 'ec', curve: 'P-256' };
const clock: Clock = {
  now: () => Date.UTC(2026, 10, 21, 12),
  monotonic: () => 0,
  after: () => ({ cancel: () => {} }),
};

let directory: string;
const signer = () => createSoftwareKeySigner({ directory, clock });
const code = (expected: string) => expect.objectContaining({ code: expected });
const text = (value: string) => new TextEncoder().encode(value);

beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'backplane-keys-')), 'keys');
});
afterEach(() => rm(join(directory, '..'), { recursive: true, force: true }));

describe('keys', () => {
  it('are made once, and come back with the same id after a restart', async () => {
    const made = await signer().ensure('trust-pki', 'document-signer', P256);
    const found = await signer().ensure('trust-pki', 'document-signer', P256);
    expect(found).toEqual(made);
    expect(made).toMatchObject({ name: 'document-signer', spec: P256, createdAt: '2026-11-21T12:00:00.000Z' });
    expect(made.keyId).toMatch(/^document-signer-[0-9a-f]{16}$/);
    expect(await signer().get('trust-pki', made.keyId)).toEqual(made);
  });

  it.each<KeySpec>([
    { type: 'rsa', modulusLength: 2048 },
    { type: 'rsa', modulusLength: 3072 },
    { type: 'ec', curve: 'P-256' },
    { type: 'ec', curve: 'P-384' },
    { type: 'ec', curve: 'P-521' },
  ])('are of the kind that was asked for: %o', async (spec) => {
    const { spec: found, publicKey } = await signer().ensure('a', 'k', spec);
    expect(found).toEqual(spec);
    expect(publicKey).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
  });

  it('lie in files of mode 0600 in folders of mode 0700, with no draft left behind', async () => {
    await signer().ensure('a', 'k', P256);
    expect((await stat(join(directory, 'a', 'k.pem'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(directory, 'a'))).mode & 0o777).toBe(0o700);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect(await readdir(join(directory, 'a'))).toEqual(['k.pem']);
  });

  it('are one key when several callers and several processes ask at once', async () => {
    const signers = Array.from({ length: 4 }, signer);
    const keys = await Promise.all(signers.flatMap((s) => [s.ensure('a', 'k', P256), s.ensure('a', 'k', P256)]));
    expect(new Set(keys.map((key) => key.keyId)).size).toBe(1);
    expect(await readdir(join(directory, 'a'))).toEqual(['k.pem']);
  });

  it('are one key when real processes ask at once', async () => {
    const script = `
      const { createSoftwareKeySigner } = await import(${JSON.stringify(new URL('./software-key-signer.ts', import.meta.url).href)});
      const { systemClock: clock } = await import('@backplane/base');
      const signer = createSoftwareKeySigner({ directory: ${JSON.stringify(directory)}, clock });
      console.log((await signer.ensure('a', 'k', { type: 'rsa', modulusLength: 2048 })).keyId);`;
    const run = () =>
      promisify(execFile)(
        process.execPath,
        ['--conditions=backplane-source', '--input-type=module-typescript', '-e', script],
        { cwd: import.meta.dirname },
      );
    const outputs = await Promise.all([run(), run(), run()]);
    expect(new Set(outputs.map((output) => output.stdout.trim())).size).toBe(1);
    expect(await readdir(join(directory, 'a'))).toEqual(['k.pem']);
  }, 30_000);

  it('refuse to be of another kind than they are', async () => {
    await signer().ensure('a', 'k', P256);
    await expect(signer().ensure('a', 'k', RSA)).rejects.toEqual(code('BP_KEY_SPEC_MISMATCH'));
  });

  it('belong to their owner alone', async () => {
    const shared = signer();
    const mine = await shared.ensure('mine', 'k', P256);
    const theirs = await shared.ensure('theirs', 'k', P256);
    expect(theirs.keyId).not.toBe(mine.keyId);
    const notFound = code('BP_KEY_NOT_FOUND');
    await expect(shared.get('theirs', mine.keyId)).rejects.toEqual(notFound);
    await expect(shared.sign('theirs', mine.keyId, 'ECDSA-SHA256', text('x'))).rejects.toEqual(notFound);
    await expect(shared.verify('theirs', mine.keyId, 'ECDSA-SHA256', text('x'), text('y'))).rejects.toEqual(notFound);
  });

  it('may come from elsewhere as a PEM file, and then count as made when that was written', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const file = join(directory, 'a', 'own.pem');
    await mkdir(join(directory, 'a'), { recursive: true, mode: 0o700 });
    await writeFile(file, privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 });
    await utimes(file, 1_000_000_000, 1_000_000_000);
    expect(await signer().ensure('a', 'own', { type: 'ec', curve: 'P-384' })).toMatchObject({
      spec: { type: 'ec', curve: 'P-384' },
      createdAt: '2001-09-09T01:46:40.000Z',
    });
  });

  it('are not found under any id that is none', async () => {
    const { keyId } = await signer().ensure('a', 'k', P256);
    for (const wrong of ['', 'k', '../a/k', `../b/${keyId}`, `${keyId}0`, 'k-0123456789abcdef', keyId.toUpperCase()]) {
      await expect(signer().get('a', wrong)).rejects.toEqual(code('BP_KEY_NOT_FOUND'));
    }
  });

  it('never lead out of the directory, whatever they are called', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string(), fc.constantFrom('..', '../x', 'a/b', 'a\\b', 'A', '.k', 'k\0', '')),
        async (name) => {
          fc.pre(!/^[a-z0-9][a-z0-9-]{0,62}$/.test(name));
          await expect(signer().ensure('a', name, P256)).rejects.toEqual(code('BP_KEY_NAME_INVALID'));
          await expect(signer().ensure(name, 'k', P256)).rejects.toEqual(code('BP_KEY_NAME_INVALID'));
        },
      ),
      { numRuns: 50 },
    );
  });

  it.each([[{ type: 'rsa', modulusLength: 1024 }], [{ type: 'ec', curve: 'secp256k1' }], [{ type: 'dsa' }]])(
    'are refused where no such key can be made: %o',
    async (spec) => {
      await expect(signer().ensure('a', 'k', spec as KeySpec)).rejects.toEqual(code('BP_KEY_SPEC_INVALID'));
    },
  );
});

describe('key files', () => {
  const file = () => join(directory, 'a', 'k.pem');
  const ensure = () => signer().ensure('a', 'k', P256);

  it.each([0o640, 0o604, 0o666, 0o620])(
    'are refused while others may use them (%o), with the command that mends it',
    async (mode) => {
      await ensure();
      await chmod(file(), mode);
      const failure = await ensure().catch((error: Error) => error);
      expect(failure).toEqual(code('BP_PRIVATE_FILE_EXPOSED'));
      expect((failure as Error).message).toContain(`chmod 600 '${file()}'`);
      await chmod(file(), 0o600);
      await ensure();
    },
  );

  it('are refused in a folder that others may use', async () => {
    await ensure();
    await chmod(join(directory, 'a'), 0o755);
    const failure = await ensure().catch((error: Error) => error);
    expect((failure as Error).message).toContain(`chmod 700 '${join(directory, 'a')}'`);
  });

  it.each([
    ['empty', ''],
    ['without PEM', 'created_at: 2026-11-21T12:00:00.000Z\n'],
    ['cut off', '-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqG\n'],
    ['public', generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' })],
    ['of an unused kind', generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })],
    [
      'on an unused curve',
      generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
    ],
    [
      'encrypted',
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
        type: 'pkcs8',
        format: 'pem',
        cipher: 'aes-256-cbc',
        passphrase: 'x',
      }),
    ],
  ])('are refused when %s, and left as they are', async (_case, content) => {
    await mkdir(join(directory, 'a'), { recursive: true, mode: 0o700 });
    await writeFile(file(), content, { mode: 0o600 });
    const failure = await ensure().catch((error: Error) => error);
    expect(failure).toEqual(code('BP_KEY_FILE_BROKEN'));
    expect((failure as Error).message).toContain(file());
    expect(await readFile(file(), 'utf8')).toBe(content);
  });

  it('are refused when they are no plain file', async () => {
    await mkdir(file(), { recursive: true, mode: 0o700 });
    await expect(ensure()).rejects.toEqual(code('BP_PRIVATE_FILE_UNUSABLE'));
  });

  it('that lead nowhere are not written through', async () => {
    await mkdir(join(directory, 'a'), { recursive: true, mode: 0o700 });
    await symlink(join(directory, 'elsewhere.pem'), file());
    await expect(ensure()).rejects.toEqual(code('BP_PRIVATE_FILE_UNUSABLE'));
    await expect(stat(join(directory, 'elsewhere.pem'))).rejects.toThrow();
  });

  it('are tried again after a failure', async () => {
    const one = signer();
    await one.ensure('a', 'k', P256);
    const two = signer();
    await chmod(file(), 0o644);
    await expect(two.ensure('a', 'k', P256)).rejects.toEqual(code('BP_PRIVATE_FILE_EXPOSED'));
    await chmod(file(), 0o600);
    expect(await two.ensure('a', 'k', P256)).toEqual(await one.ensure('a', 'k', P256));
  });
});

describe('signatures', () => {
  const cases: readonly [SigningAlgorithm, KeySpec, string][] = [
    ['RSA-SHA256', RSA, 'sha256'],
    ['RSA-SHA384', RSA, 'sha384'],
    ['ECDSA-SHA256', P256, 'sha256'],
    ['ECDSA-SHA384', { type: 'ec', curve: 'P-384' }, 'sha384'],
    ['ECDSA-SHA384', P256, 'sha384'],
  ];

  it.each(cases)('of %s with %o hold before node:crypto, at once and as a stream', async (algorithm, spec, digest) => {
    const keys = signer();
    const { keyId, publicKey } = await keys.ensure('a', 'k', spec);
    const document = text('a document in several pieces');
    async function* pieces() {
      yield document.subarray(0, 3);
      yield document.subarray(3, 3);
      yield document.subarray(3);
    }
    for (const signature of [
      await keys.sign('a', keyId, algorithm, document),
      await keys.sign('a', keyId, algorithm, pieces()),
    ]) {
      expect(cryptoVerify(digest, document, publicKey, signature)).toBe(true);
      expect(await keys.verify('a', keyId, algorithm, document, signature)).toBe(true);
      expect(await keys.verify('a', keyId, algorithm, pieces(), signature)).toBe(true);
      expect(await keys.verify('a', keyId, algorithm, text('another document'), signature)).toBe(false);
    }
  });

  it('survive no change of a single byte of document or signature', async () => {
    const keys = signer();
    const { keyId } = await keys.ensure('a', 'k', P256);
    const document = text('thirty-two euros and fifty cents');
    const signature = await keys.sign('a', keyId, 'ECDSA-SHA256', document);
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 255 }), fc.boolean(), async (at, change, inDocument) => {
        const bytes = Uint8Array.from(inDocument ? document : signature);
        bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ change;
        const [d, s] = inDocument ? [bytes, signature] : [document, bytes];
        expect(await keys.verify('a', keyId, 'ECDSA-SHA256', d, s)).toBe(false);
      }),
    );
  });

  it('that are any other bytes are false, never an error', async () => {
    const keys = signer();
    const ec = await keys.ensure('a', 'ec', P256);
    const rsa = await keys.ensure('a', 'rsa', RSA);
    for (const bytes of [new Uint8Array(), new Uint8Array(1), new Uint8Array(5000), text('0'.repeat(256))]) {
      for (const data of [text('x'), new Blob([text('x')]).stream()]) {
        expect(await keys.verify('a', ec.keyId, 'ECDSA-SHA256', data, bytes)).toBe(false);
      }
      expect(await keys.verify('a', rsa.keyId, 'RSA-SHA256', text('x'), bytes)).toBe(false);
    }
  });

  it('are refused with an algorithm that the key cannot do, which names those it can', async () => {
    const keys = signer();
    const ec = await keys.ensure('a', 'ec', P256);
    const rsa = await keys.ensure('a', 'rsa', RSA);
    const refused = code('BP_KEY_ALGORITHM');
    await expect(keys.sign('a', ec.keyId, 'RSA-SHA256', text('x'))).rejects.toEqual(refused);
    await expect(keys.verify('a', rsa.keyId, 'ECDSA-SHA384', text('x'), text('y'))).rejects.toEqual(refused);
    await expect(keys.sign('a', ec.keyId, 'constructor' as SigningAlgorithm, text('x'))).rejects.toEqual(refused);
    await expect(keys.sign('a', rsa.keyId, 'RSA-SHA1' as SigningAlgorithm, text('x'))).rejects.toThrow(
      'it can do RSA-SHA256 and RSA-SHA384',
    );
  });

  it.each([['text'], [42], [null], [undefined], [{}]])('are refused over what is not bytes: %o', async (data) => {
    const keys = signer();
    const { keyId } = await keys.ensure('a', 'k', P256);
    const refused = code('BP_SIGN_DATA_INVALID');
    await expect(keys.sign('a', keyId, 'ECDSA-SHA256', data as never)).rejects.toEqual(refused);
    async function* pieces() {
      yield data as never;
    }
    await expect(keys.sign('a', keyId, 'ECDSA-SHA256', pieces())).rejects.toEqual(refused);
  });

  it('are refused when they are not bytes themselves', async () => {
    const keys = signer();
    const { keyId } = await keys.ensure('a', 'k', P256);
    await expect(keys.verify('a', keyId, 'ECDSA-SHA256', text('x'), 'MEUC' as never)).rejects.toEqual(
      code('BP_SIGN_DATA_INVALID'),
    );
  });

  it('are not made when the stream breaks off', async () => {
    const keys = signer();
    const { keyId } = await keys.ensure('a', 'k', P256);
    async function* pieces() {
      yield text('x');
      throw new Error('the client went away');
    }
    await expect(keys.sign('a', keyId, 'ECDSA-SHA256', pieces())).rejects.toThrow('the client went away');
  });

  it('over large buffers and endless sources of work let the event loop turn', async () => {
    const keys = signer();
    const { keyId, publicKey } = await keys.ensure('a', 'k', P256);
    const large = new Uint8Array(24 * 1024 * 1024).fill(7);
    async function* pieces() {
      for (let i = 0; i < 24; i++) yield large.subarray(0, 1024 * 1024);
    }
    for (const data of [large, pieces()]) {
      let turns = 0;
      let over = false;
      const count = () => {
        turns++;
        if (!over) setImmediate(count);
      };
      setImmediate(count);
      const signature = await keys.sign('a', keyId, 'ECDSA-SHA256', data);
      over = true;
      expect(turns).toBeGreaterThan(20);
      expect(createVerify('sha256').update(large).verify(publicKey, signature)).toBe(true);
    }
  });

  it('and keys are made off the main thread', async () => {
    const keys = signer();
    const cpuBefore = process.cpuUsage();
    const mainBefore = process.threadCpuUsage();
    const { keyId } = await keys.ensure('a', 'k', { type: 'rsa', modulusLength: 4096 });
    for (let i = 0; i < 40; i++) await keys.sign('a', keyId, 'RSA-SHA256', text('x'));
    const cpu = process.cpuUsage(cpuBefore).user;
    const main = process.threadCpuUsage(mainBefore).user;
    expect(main / cpu).toBeLessThan(0.5);
  }, 20_000);
});
