import { execFile } from 'node:child_process';
import { createVerify } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { json } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { HealthReport, PluginContext, PluginLifecycle } from '@backplane/plugin-api';
import { createSoftwareKeySigner, securityFacet } from '@backplane/security';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { config as configSchema } from './config.ts';
import { type DocumentSigner, documentSigner } from './document-signer.ts';
import { KeyedDocumentSigner } from './keyed-document-signer.ts';
import plugin from './plugin.ts';
import { signerHealth } from './signer-health.ts';

const ALL = ['RSA-SHA256', 'RSA-SHA384', 'ECDSA-SHA256', 'ECDSA-SHA384'] as const;
const clock = { now: () => Date.now(), monotonic: () => 0, after: () => ({ cancel: () => {} }) };

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

let folder: string;
const running: FastifyInstance[] = [];

interface Running {
  readonly app: FastifyInstance;
  readonly service: DocumentSigner;
  readonly lifecycle: PluginLifecycle;
  readonly logged: string[];
}

/** The plugin as a host runs it: real keys, a real Fastify app, and only what the contract gives. */
async function run(config: Record<string, unknown> = {}, { start = true } = {}): Promise<Running> {
  const app = Fastify();
  running.push(app);
  const services = new Map<string, object>();
  const logged: string[] = [];
  const log = (message: string) => void logged.push(message);
  const context = {
    config: { signing_algorithms: ['RSA-SHA256', 'ECDSA-SHA256'], ...config },
    security: securityFacet(createSoftwareKeySigner({ directory: join(folder, 'keys'), clock }), 'trust-pki'),
    http: { routes: (register: (app: FastifyInstance) => void) => register(app) },
    logger: { trace: log, debug: log, info: log, warn: log, error: log },
    provide: (ref: { id: string }, implementation: object) => void services.set(ref.id, implementation),
  };
  const lifecycle = await plugin.initialize(context as unknown as PluginContext<never, never>);
  if (start) await lifecycle.start?.({ state: undefined, fromVersion: undefined });
  return { app, service: services.get(documentSigner.id) as DocumentSigner, lifecycle, logged };
}

const base64 = (text: string | Uint8Array) => Buffer.from(text).toString('base64');
const post = (app: FastifyInstance, url: string, payload: object) => app.inject({ method: 'POST', url, payload });
const stream = (app: FastifyInstance, url: string, payload: string | Buffer) =>
  app.inject({ method: 'POST', url, payload, headers: { 'content-type': 'application/octet-stream' } });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trust-pki-'));
});
afterEach(() => Promise.all(running.splice(0).map((app) => app.close())));
afterAll(() => rm(folder, { recursive: true, force: true }));

it('says the same in plugin.yaml and in code', async () => {
  const manifest = parse(await readFile(new URL('../plugin.yaml', import.meta.url), 'utf8'));
  const packageJson = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
  expect(manifest).toMatchObject({
    name: plugin.name,
    version: plugin.version,
    display_name: plugin.displayName,
    description: plugin.description,
    license: plugin.license,
    aliases: plugin.aliases,
    kinds: plugin.kinds,
    plugin_type: plugin.type,
    phase: plugin.phase,
    provides: [documentSigner.id],
    entry_point: packageJson.exports['.'],
  });
  expect(manifest.config_schema).toEqual(configSchema);
  expect(packageJson.version).toBe(plugin.version);
});

describe('POST /documents/sign', () => {
  it.each(ALL)('signs with %s so that openssl agrees, and refuses a changed byte', async (algorithm) => {
    const { app } = await run({ signing_algorithms: ALL });
    const document = Buffer.from('Pay the bearer 32.50 euros.');
    const answer = (await post(app, '/documents/sign', { document: base64(document), algorithm })).json();
    expect(answer).toEqual({
      signature: expect.any(String),
      algorithm,
      key_id: expect.stringMatching(/^document-signer-(rsa|p256|p384)-[0-9a-f]{16}$/),
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });
    const key = await app.inject(`/keys/${answer.key_id}`);
    expect(key.headers['content-type']).toBe('application/x-pem-file');
    const paths = { key: join(folder, 'pub.pem'), signature: join(folder, 'sig'), document: join(folder, 'doc') };
    await writeFile(paths.key, key.body);
    await writeFile(paths.signature, Buffer.from(answer.signature, 'base64'));
    const openssl = async (bytes: Buffer) => {
      await writeFile(paths.document, bytes);
      const digest = algorithm.endsWith('384') ? '-sha384' : '-sha256';
      const args = ['dgst', digest, '-verify', paths.key, '-signature', paths.signature, paths.document];
      return (await promisify(execFile)('openssl', args).catch((error) => error)).stdout.trim();
    };
    expect(await openssl(document)).toBe('Verified OK');
    const changed = Buffer.from(document);
    changed[15] = (changed[15] ?? 0) ^ 1;
    expect(await openssl(changed)).toBe('Verification failure');
  });

  it('takes the first configured algorithm where none is named', async () => {
    const { app } = await run({ signing_algorithms: ['ECDSA-SHA384', 'RSA-SHA256'] });
    const inJson = await post(app, '/documents/sign', { document: base64('x') });
    const streamed = await stream(app, '/documents/sign', 'x');
    expect(inJson.json().algorithm).toBe('ECDSA-SHA384');
    expect(streamed.json().algorithm).toBe('ECDSA-SHA384');
  });

  it('signs with the same keys after a restart', async () => {
    const before = await run();
    const signed = (await post(before.app, '/documents/sign', { document: base64('x') })).json();
    const after = await run();
    const again = (await post(after.app, '/documents/sign', { document: base64('x') })).json();
    expect(again.key_id).toBe(signed.key_id);
    const { signature, key_id } = signed;
    const verified = await post(after.app, '/documents/verify', { document: base64('x'), signature, key_id });
    expect(verified.json().valid).toBe(true);
  });

  it('takes a mebibyte in JSON, and points to streaming for one byte more', async () => {
    const { app } = await run({ signing_algorithms: ['ECDSA-SHA256'] });
    const mebibyte = Buffer.alloc(1024 * 1024, 7);
    expect((await post(app, '/documents/sign', { document: base64(mebibyte) })).statusCode).toBe(200);
    for (const size of [1024 * 1024 + 1, 4 * 1024 * 1024]) {
      const refused = await post(app, '/documents/sign', { document: base64(Buffer.alloc(size)) });
      expect(refused.statusCode).toBe(413);
      expect(refused.json()).toMatchObject({ code: 'BP_TRUST_DOCUMENT_TOO_LARGE', message: /octet-stream/ });
    }
  });

  it('signs a stream of 64 MiB without holding it', async () => {
    const { app } = await run({ signing_algorithms: ['RSA-SHA256'] });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    const chunk = Buffer.alloc(64 * 1024, 'backplane');
    const chunks = 1024;
    const check = createVerify('sha256');
    let peak = 0;
    const held = () => {
      collectGarbage();
      return process.memoryUsage().arrayBuffers;
    };
    const before = held();
    const pieces = async function* () {
      for (let i = 0; i < chunks; i++) {
        check.update(chunk);
        if (i % 128 === 127) peak = Math.max(peak, held() - before);
        yield chunk;
      }
    };
    const answer = await new Promise<{ signature: string; key_id: string }>((resolve, reject) => {
      const outgoing = httpRequest(
        { port, host: '127.0.0.1', method: 'POST', path: '/documents/sign', agent: false },
        (response) => resolve(json(response) as Promise<{ signature: string; key_id: string }>),
      );
      outgoing.setHeader('content-type', 'application/octet-stream');
      pipeline(Readable.from(pieces(), { objectMode: false }), outgoing).catch(reject);
    });
    const publicKey = (await app.inject(`/keys/${answer.key_id}`)).body;
    expect(check.verify(publicKey, Buffer.from(answer.signature, 'base64'))).toBe(true);
    // What both ends of the connection buffer is seen too, up to 10 MiB on a busy machine; gathered, it would be 64.
    expect(peak / 1024 / 1024).toBeLessThan(24);
  }, 30_000);

  it('signs an empty document, in JSON and as a stream', async () => {
    const { app } = await run();
    expect((await post(app, '/documents/sign', { document: '' })).statusCode).toBe(200);
    expect((await stream(app, '/documents/sign', '')).statusCode).toBe(200);
  });

  it('answers 503 before it has keys', async () => {
    const { app } = await run({}, { start: false });
    const refused = await post(app, '/documents/sign', { document: base64('x') });
    expect([refused.statusCode, refused.json().code]).toEqual([503, 'BP_TRUST_NO_KEYS']);
  });
});

describe('POST /documents/verify', () => {
  it.each(ALL)('tells a document signed with %s from any other, in JSON and as a stream', async (algorithm) => {
    const { app } = await run({ signing_algorithms: ALL });
    const { signature, key_id } = (await post(app, '/documents/sign', { document: base64('one'), algorithm })).json();
    const query = (text: string) => `/documents/verify?${new URLSearchParams({ signature: text, key_id, algorithm })}`;
    const url = Buffer.from(signature, 'base64').toString('base64url');
    for (const [document, valid] of [
      ['one', true],
      ['two', false],
    ] as const) {
      const body = { document: base64(document), signature, key_id, algorithm };
      const expected = { valid, algorithm, key_id };
      expect((await post(app, '/documents/verify', body)).json()).toEqual(expected);
      expect((await stream(app, query(signature), document)).json()).toEqual(expected);
      expect((await stream(app, query(url), document)).json()).toEqual(expected);
    }
  });

  it('answers false for a signature of garbage bytes', async () => {
    const { app } = await run();
    const { key_id } = (await post(app, '/documents/sign', { document: base64('x') })).json();
    const verified = await post(app, '/documents/verify', { document: base64('x'), signature: base64('no'), key_id });
    expect([verified.statusCode, verified.json().valid]).toEqual([200, false]);
  });

  it('still verifies what was signed with an algorithm that is no longer allowed', async () => {
    const before = await run({ signing_algorithms: ['RSA-SHA256', 'ECDSA-SHA384'] });
    const after = await run({ signing_algorithms: ['ECDSA-SHA256'] });
    for (const algorithm of ['RSA-SHA256', 'ECDSA-SHA384']) {
      const { signature, key_id } = (
        await post(before.app, '/documents/sign', { document: base64('x'), algorithm })
      ).json();
      const verified = await post(after.app, '/documents/verify', { document: base64('x'), signature, key_id });
      expect(verified.json()).toEqual({ valid: true, algorithm, key_id });
    }
  });
});

describe('bad requests', () => {
  const good = { document: base64('x') };
  const cases: readonly [string, string, unknown, number, string][] = [
    ['garbage for base64', '/documents/sign', { document: '***' }, 400, 'BP_TRUST_BASE64'],
    ['base64 with white space', '/documents/sign', { document: 'eHh4\neHh4' }, 400, 'BP_TRUST_BASE64'],
    ['base64 without padding', '/documents/sign', { document: 'eA' }, 400, 'BP_TRUST_BASE64'],
    ['base64 with stray bits', '/documents/sign', { document: 'eB==' }, 400, 'BP_TRUST_BASE64'],
    ['base64url for a document', '/documents/sign', { document: '-_-_' }, 400, 'BP_TRUST_BASE64'],
    ['no document', '/documents/sign', {}, 400, 'BP_TRUST_REQUEST'],
    ['a number for a document', '/documents/sign', { document: 1234 }, 400, 'BP_TRUST_REQUEST'],
    ['null for a document', '/documents/sign', { document: null }, 400, 'BP_TRUST_REQUEST'],
    ['a list for a body', '/documents/sign', [good], 400, 'BP_TRUST_REQUEST'],
    [
      'an algorithm that is not configured',
      '/documents/sign',
      { ...good, algorithm: 'RSA-SHA384' },
      400,
      'BP_TRUST_ALGORITHM',
    ],
    [
      'an algorithm of the prototype',
      '/documents/sign',
      { ...good, algorithm: 'constructor' },
      400,
      'BP_TRUST_ALGORITHM',
    ],
    ['an empty algorithm', '/documents/sign', { ...good, algorithm: '' }, 400, 'BP_TRUST_ALGORITHM'],
    ['a list of algorithms', '/documents/sign', { ...good, algorithm: ['ECDSA-SHA256'] }, 400, 'BP_TRUST_REQUEST'],
    ['no signature', '/documents/verify', { ...good, key_id: 'KEY' }, 400, 'BP_TRUST_REQUEST'],
    [
      'a signature of garbage',
      '/documents/verify',
      { ...good, key_id: 'KEY', signature: '%%' },
      400,
      'BP_TRUST_BASE64',
    ],
    ['no key', '/documents/verify', { ...good, signature: 'eA==' }, 400, 'BP_TRUST_REQUEST'],
    ['an unknown key', '/documents/verify', { ...good, signature: 'eA==', key_id: 'nobody' }, 404, 'BP_KEY_NOT_FOUND'],
    [
      'an algorithm that the key cannot do',
      '/documents/verify',
      { ...good, signature: 'eA==', key_id: 'KEY', algorithm: 'RSA-SHA256' },
      400,
      'BP_KEY_ALGORITHM',
    ],
  ];

  it.each(cases)('with %s are refused with a code', async (_case, url, body, status, code) => {
    const { app } = await run({ signing_algorithms: ['ECDSA-SHA256'] });
    const { key_id } = (await post(app, '/documents/sign', good)).json();
    const payload = JSON.parse(JSON.stringify(body).replace('"KEY"', JSON.stringify(key_id)));
    const refused = await post(app, url, payload);
    expect([refused.statusCode, refused.json().code]).toEqual([status, code]);
  });

  it.each([
    ['/documents/sign?algorithm=RSA-SHA1', 'BP_TRUST_ALGORITHM'],
    ['/documents/sign?algorithm=RSA-SHA256&algorithm=RSA-SHA256', 'BP_TRUST_REQUEST'],
    ['/documents/verify', 'BP_TRUST_REQUEST'],
    ['/documents/verify?key_id=k&signature=a%20b', 'BP_TRUST_BASE64'],
  ])('with a stream are refused too: %s', async (url, code) => {
    const { app } = await run();
    const refused = await stream(app, url, 'x');
    expect([refused.statusCode, refused.json().code]).toEqual([400, code]);
  });

  it('name the algorithms that are allowed', async () => {
    const { app } = await run();
    const refused = await post(app, '/documents/sign', { ...good, algorithm: 'none' });
    expect(refused.json().message).toContain('"none" is not allowed here; allowed are RSA-SHA256, ECDSA-SHA256.');
  });

  it('for keys that are not there answer 404', async () => {
    const { app } = await run();
    for (const id of ['nobody', 'document-signer-rsa-0123456789abcdef', '..%2Fsecret', 'x'.repeat(90)]) {
      const refused = await app.inject(`/keys/${id}`);
      expect([refused.statusCode, refused.json().code]).toEqual([404, 'BP_KEY_NOT_FOUND']);
    }
  });

  it('of another content type answer 415', async () => {
    const { app } = await run();
    const headers = { 'content-type': 'image/png' };
    const refused = await app.inject({ method: 'POST', url: '/documents/sign', payload: 'x', headers });
    expect(refused.statusCode).toBe(415);
  });
});

describe('the service', () => {
  it('signs, verifies and publishes keys for other plugins', async () => {
    const { service } = await run();
    const document = new TextEncoder().encode('x');
    const signed = structuredClone(
      await service.signDocument(structuredClone({ document, algorithm: 'ECDSA-SHA256' })),
    );
    const { signature, keyId } = signed;
    expect(await service.verifyDocument({ document, signature, keyId })).toEqual({
      valid: true,
      algorithm: 'ECDSA-SHA256',
      keyId,
    });
    expect(
      createVerify('sha256')
        .update(document)
        .verify(await service.publicKey(keyId), signature),
    ).toBe(true);
  });

  it('says at its start which configured addresses it does not use', async () => {
    const { logged } = await run({ pkd_url: 'https://pkd.marty.internal:8443' });
    expect(logged[0]).toBe('documents are signed here; these addresses are not used');
    expect((await run()).logged).toEqual(['ready to sign']);
  });
});

describe('health', () => {
  it('comes from a real signature', async () => {
    const { lifecycle } = await run();
    expect(await lifecycle.health?.()).toEqual({
      status: 'healthy',
      services: { document_signer: { status: 'healthy' } },
    });
    const { lifecycle: keyless } = await run({}, { start: false });
    expect(await keyless.health?.()).toMatchObject({
      status: 'unhealthy',
      services: { document_signer: { status: 'unhealthy', message: /no keys/ } },
    });
  });

  it('is unhealthy when signatures do not verify, and looks again after 30 seconds', async () => {
    let valid = false;
    let checks = 0;
    const security = {
      ...securityFacet(createSoftwareKeySigner({ directory: join(folder, 'keys'), clock }), 'trust-pki'),
      verify: async () => {
        checks++;
        return valid;
      },
    };
    const signer = new KeyedDocumentSigner(security, ['ECDSA-SHA256']);
    await signer.ensureKeys();
    let time = 0;
    const health = signerHealth(signer, () => time);
    const status = async () => ((await health()) as Partial<HealthReport>).status;
    expect(await status()).toBe('unhealthy');
    valid = true;
    time = 29_999;
    expect([await status(), checks]).toEqual(['unhealthy', 1]);
    time = 30_000;
    expect([await status(), await status(), checks]).toEqual(['healthy', 'healthy', 2]);
  });
});
