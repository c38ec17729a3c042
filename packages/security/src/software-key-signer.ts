import { generateKeyPair } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '@backplane/base';
import type { KeyInfo, KeySpec, SignableData, SigningAlgorithm } from '@backplane/plugin-api';
import type { KeySigner } from '@backplane/ports';
import { errors } from './errors.ts';
import { describeSpec, digestFor, type HeldKey, isKeySpec, keyFileText, nameOfKeyId, readKeyFile } from './held-key.ts';
import { createPrivateFile, ensurePrivateFolder, readPrivateFile } from './private-file.ts';
import { signData, verifyData } from './signature.ts';

export interface SoftwareKeySignerOptions {
  /** Holds a folder for each owner. Made with mode 0700 when the first key is. */
  readonly directory: string;
  /** Dates new keys. */
  readonly clock: Clock;
}

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

/**
 * Keeps each key as one unencrypted PKCS#8 file, `DIRECTORY/OWNER/NAME.pem`, that this user alone can read, and signs without blocking
 * the event loop. Any number of processes may share the directory. A key stays in memory from its first use on.
 * Methods throw BP_KEY_NAME_INVALID, BP_KEY_FILE_BROKEN, BP_PRIVATE_FILE_EXPOSED and BP_PRIVATE_FILE_UNUSABLE besides the port's codes.
 */
export function createSoftwareKeySigner(options: SoftwareKeySignerOptions): KeySigner {
  return new SoftwareKeySigner(options.directory, options.clock);
}

const isName = (name: unknown): boolean => typeof name === 'string' && NAME.test(name);

class SoftwareKeySigner implements KeySigner {
  readonly #directory: string;
  readonly #clock: Clock;
  /** By owner, then by key id. */
  readonly #held = new Map<string, Map<string, HeldKey>>();
  /** Keys being read or made, by path, so that nobody makes the same key twice. */
  readonly #coming = new Map<string, Promise<HeldKey>>();

  constructor(directory: string, clock: Clock) {
    this.#directory = directory;
    this.#clock = clock;
  }

  async ensure(owner: string, name: string, spec: KeySpec): Promise<KeyInfo> {
    if (!isKeySpec(spec)) throw errors.BP_KEY_SPEC_INVALID({ owner, name, asked: describeSpec(spec) });
    const path = this.#pathOf(owner, name);
    let coming = this.#coming.get(path);
    if (coming === undefined) {
      coming = this.#readOrMake(owner, name, path, spec).finally(() => this.#coming.delete(path));
      this.#coming.set(path, coming);
    }
    const { info } = await coming;
    const [asked, found] = [describeSpec(spec), describeSpec(info.spec)];
    if (asked !== found) throw errors.BP_KEY_SPEC_MISMATCH({ owner, name, asked, found });
    return info;
  }

  async get(owner: string, keyId: string): Promise<KeyInfo> {
    return (await this.#find(owner, keyId)).info;
  }

  async sign(owner: string, keyId: string, algorithm: SigningAlgorithm, data: SignableData): Promise<Uint8Array> {
    const key = this.#held.get(owner)?.get(keyId) ?? (await this.#find(owner, keyId));
    return signData(key, digestFor(key, algorithm), data);
  }

  async verify(
    owner: string,
    keyId: string,
    algorithm: SigningAlgorithm,
    data: SignableData,
    signature: Uint8Array,
  ): Promise<boolean> {
    const key = this.#held.get(owner)?.get(keyId) ?? (await this.#find(owner, keyId));
    return verifyData(key, digestFor(key, algorithm), data, signature);
  }

  async #find(owner: string, keyId: string): Promise<HeldKey> {
    const held = this.#held.get(owner)?.get(keyId);
    if (held !== undefined) return held;
    const name = nameOfKeyId(keyId);
    const key = name === undefined ? undefined : await this.#read(owner, name, this.#pathOf(owner, name));
    if (key?.info.keyId !== keyId) throw errors.BP_KEY_NOT_FOUND({ owner, keyId: String(keyId).slice(0, 100) });
    return key;
  }

  async #readOrMake(owner: string, name: string, path: string, spec: KeySpec): Promise<HeldKey> {
    await ensurePrivateFolder(join(this.#directory, owner));
    const found = await this.#read(owner, name, path);
    if (found !== undefined) return found;
    const pem = await generate(spec);
    await createPrivateFile(path, keyFileText(pem, new Date(this.#clock.now()).toISOString()));
    // Read back whoever made it: another process may have been first.
    const made = await this.#read(owner, name, path);
    if (made === undefined) throw errors.BP_PRIVATE_FILE_UNUSABLE({ path, reason: 'it went away while it was made' });
    return made;
  }

  async #read(owner: string, name: string, path: string): Promise<HeldKey | undefined> {
    const file = await readPrivateFile(path);
    if (file === undefined) return undefined;
    const key = readKeyFile(name, path, file.text, file.modified);
    const keys = this.#held.get(owner) ?? new Map<string, HeldKey>();
    this.#held.set(owner, keys.set(key.info.keyId, key));
    return key;
  }

  /** Names that pass cannot lead out of the directory. */
  #pathOf(owner: string, name: string): string {
    if (!isName(owner)) throw errors.BP_KEY_NAME_INVALID({ role: 'owner', name: String(owner) });
    if (!isName(name)) throw errors.BP_KEY_NAME_INVALID({ role: 'key', name: String(name) });
    return join(this.#directory, owner, `${name}.pem`);
  }
}

function generate(spec: KeySpec): Promise<string> {
  const publicKeyEncoding = { type: 'spki', format: 'pem' } as const;
  const privateKeyEncoding = { type: 'pkcs8', format: 'pem' } as const;
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, _publicKey: string, privateKey: string) =>
      error ? reject(error) : resolve(privateKey);
    if (spec.type === 'rsa') {
      generateKeyPair('rsa', { modulusLength: spec.modulusLength, publicKeyEncoding, privateKeyEncoding }, done);
    } else {
      generateKeyPair('ec', { namedCurve: spec.curve, publicKeyEncoding, privateKeyEncoding }, done);
    }
  });
}
