import { join } from 'node:path';
import { createTestHost, type TestHost } from '@backplane/testing';
import { describe, expect, it, vi } from 'vitest';
import { writePlugins } from './testing/plugin-files.ts';

/** The services of the reference document, with what it prints on their methods. */
const trust = `
import { PluginBase, currentCall, service } from '@backplane/plugin-api';
import { eventHandler, plugin, pluginService, requiresAuth, trackMetrics } from '@backplane/plugin-api/decorators';

export const signer = service<DocumentSigner>('trust.document_signer');
const heard: unknown[] = [];

@pluginService({ name: 'document_signer' })
export class DocumentSigner {
  readonly context: unknown;
  ready = false;
  constructor(context: unknown) {
    this.context = context;
  }
  async initialize() {
    this.ready = true;
  }

  @requiresAuth({ roles: ['document_signer'], permissions: ['sign_documents'] })
  @trackMetrics({
    metricName: 'document_sign_requests',
    timing: true,
    labels: { algorithm: ({ args }) => args[1], status: ({ status }) => status },
  })
  async sign(data: string, algorithm: string) {
    if (algorithm === 'MD5') throw new Error('Unsupported algorithm');
    return { signature: data.length, ready: this.ready, by: currentCall()?.principal.id };
  }

  @eventHandler({ eventType: 'certificate_revoked' })
  async handleRevocation(event: { type: string; data: unknown }) {
    heard.push([event.type, event.data, this.ready]);
  }
}

@plugin({ name: 'trust', version: '1.0.0', metricsPrefix: 'marty_pki', provides: [DocumentSigner] })
export default class Trust extends PluginBase {
  readonly anchors: string[] = [];

  override initialize() {
    const { http, events } = this.context;
    http.routes((app) => {
      app.get('/heard', () => heard);
      app.post('/revoke', async () => {
        await events.publish('certificate_revoked', { serial: 7 });
        return heard;
      });
      app.get('/secret', async () => this.secret());
      app.get('/names', () => [this.addAnchor.name, this.addAnchor.length, DocumentSigner.name, Trust.name]);
    });
    this.context.scope.interval('tick', 50, async () => {
      await this.tick();
    });
  }

  @requiresAuth({ system: true })
  async tick() {
    heard.push(['tick', currentCall()?.principal.kind]);
  }

  @requiresAuth()
  secret() {
    return { secret: true };
  }

  @pluginService({ name: 'trust_anchor' })
  @trackMetrics({ metricName: 'trust_anchor_operations', labels: { operation: 'add' } })
  async addAnchor(name: string, _metadata?: unknown) {
    this.anchors.push(name);
    return this.anchors.length;
  }
}
`;

const client = `
import { definePlugin, service, withCallOptions, currentCall } from '@backplane/plugin-api';
const signer = service<{ sign(data: string, algorithm: string): Promise<unknown> }>('trust.document_signer');
const anchor = service<{ addAnchor(name: string): Promise<number> }>('trust.trust_anchor');
export default definePlugin({
  name: 'client',
  version: '1.0.0',
  needs: { signer, anchor },
  initialize({ http, services }) {
    http.routes((app) => {
      app.get<{ Querystring: { roles?: string; permissions?: string; algorithm?: string } }>('/sign', async ({ query, call }) => {
        const roles = query.roles?.split(',') ?? [];
        const permissions = query.permissions?.split(',') ?? [];
        const principal = query.roles === undefined ? call.principal : { kind: 'user' as const, id: 'ada', roles, permissions };
        const { trace, deadline, signal, draining, generation } = call;
        const as = withCallOptions(services.signer, { call: { trace, deadline, signal, draining, generation, principal } });
        return as.sign('paper', query.algorithm ?? 'RSA-SHA256');
      });
      app.get('/anchor', () => services.anchor.addAnchor('root'));
    });
  },
});
`;

async function boot(level: 'inline' | 'process'): Promise<TestHost> {
  return createTestHost({
    isolation: { trust: level },
    prepare: (folder) => writePlugins(folder, { 'plugins/trust.ts': trust, 'plugins/client.ts': client }),
  });
}

async function get(test: TestHost, path: string, method = 'GET') {
  const answer = await fetch(test.url + path, { method });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> };
}

describe.each(['inline', 'process'] as const)('decorated methods, at level %s', (level) => {
  it('are guarded, whether they are reached as a service, over HTTP or by a timer', async () => {
    await using test = await boot(level);
    expect((await get(test, '/client/sign?roles=document_signer,x&permissions=sign_documents')).body).toEqual({
      signature: 5,
      ready: true,
      by: 'ada',
    });
    const nobody = await get(test, '/client/sign');
    expect([nobody.status, nobody.body.code]).toEqual([401, 'BP_AUTH_REQUIRED']);
    expect(nobody.headers.get('www-authenticate')).toBe('Bearer');
    const lacking = await get(test, '/client/sign?roles=document_signer&permissions=read');
    expect([lacking.status, lacking.body.code]).toEqual([403, 'BP_AUTH_FORBIDDEN']);
    expect(lacking.body.detail).toContain('ada may not call sign(): it takes the permissions sign_documents.');
    expect((await get(test, '/client/sign?roles=other&permissions=sign_documents')).status).toBe(403);
    const route = await get(test, '/trust/secret');
    expect([route.status, route.body.code]).toEqual([401, 'BP_AUTH_REQUIRED']);
    await vi.waitFor(async () => expect((await get(test, '/trust/heard')).body).toContainEqual(['tick', 'system']));
  });

  it('are counted and measured as the reference prints it', async () => {
    await using test = await boot(level);
    const as = 'roles=document_signer&permissions=sign_documents';
    await get(test, `/client/sign?${as}`);
    await get(test, `/client/sign?${as}`);
    expect((await get(test, `/client/sign?${as}&algorithm=MD5`)).status).toBe(500);
    await get(test, '/client/anchor');
    await vi.waitFor(async () => {
      const text = await (await fetch(`${test.url}/metrics`)).text();
      for (const line of [
        'marty_pki_document_sign_requests_total{algorithm="RSA-SHA256",status="success"} 2',
        'marty_pki_document_sign_requests_total{algorithm="MD5",status="error"} 1',
        'marty_pki_document_sign_requests_duration_seconds_count{algorithm="RSA-SHA256"} 2',
        'marty_pki_trust_anchor_operations_total{operation="add"} 1',
      ])
        expect(text).toContain(`${line}\n`);
    });
  });

  it('hear events, and keep names, lengths and this', async () => {
    await using test = await boot(level);
    expect((await get(test, '/trust/revoke', 'POST')).body).toContainEqual([
      'certificate_revoked',
      { serial: 7 },
      true,
    ]);
    expect((await get(test, '/trust/names')).body).toEqual(['addAnchor', 2, 'DocumentSigner', 'Trust']);
    expect((await get(test, '/client/anchor')).body).toBe(1);
    const status = test.host.status().find(({ name }) => name === 'trust');
    expect(status?.kinds).toContain('event_handler');
  });
});

/** Starts one plugin of that text, with more files beside it, and gives why it does not run. */
async function reasonOf(files: Record<string, string>): Promise<string> {
  await using test = await createTestHost({
    prepare: (folder) =>
      writePlugins(
        folder,
        Object.fromEntries(Object.entries(files).map(([name, text]) => [join('plugins', name), text])),
      ),
  });
  return test.host
    .status()
    .map(({ reason }) => reason)
    .join();
}

const decorated = (lines: string) => `
import { PluginBase } from '@backplane/plugin-api';
import { eventHandler, plugin, pluginService, requiresAuth, trackMetrics } from '@backplane/plugin-api/decorators';
${lines}`;

describe('a decorator that cannot work', () => {
  it.each([
    ['on a static method', '@requiresAuth() static open() {}', '@requiresAuth stands on the static method "open"'],
    ['on a private method', '@requiresAuth() #open() {}', '@requiresAuth stands on the private method "#open"'],
    ['on a field', '@trackMetrics({ metricName: "x" }) field = () => 1;', '@trackMetrics stands on the field "field"'],
    ['with a misspelt option', '@requiresAuth({ role: ["admin"] } as never) open() {}', 'there is no option "role"'],
    [
      'with one name in place of a list',
      '@requiresAuth({ roles: "admin" } as never) open() {}',
      '"roles" is no list of names',
    ],
    ['with an empty list', '@requiresAuth({ roles: [] }) open() {}', '"roles" is no list of names'],
    ['without a type of event', '@eventHandler({} as never) open() {}', '"eventType" is missing'],
    ['with a pattern that is none', '@eventHandler({ eventType: "a..b" }) open() {}', 'a..b'],
    [
      'that neither counts nor measures',
      '@trackMetrics({ metricName: "x", counter: false }) open() {}',
      'neither counts nor measures',
    ],
  ])('is refused %s', async (_where, line, reason) => {
    const text = decorated(`
@plugin({ name: 'odd', version: '1.0.0' })
export default class Odd extends PluginBase { ${line} }`);
    expect(await reasonOf({ 'odd.ts': text })).toContain(reason);
  });

  it('is refused on a class that is no plugin, that has metadata of its own, or that names no service', async () => {
    expect(
      await reasonOf({ 'odd.ts': decorated("@plugin({ name: 'odd', version: '1.0.0' }) export default class Odd {}") }),
    ).toContain('does not extend PluginBase');
    const twice =
      "@plugin({ name: 'odd', version: '1.0.0' }) export default class Odd extends PluginBase { static metadata = { name: 'odd', version: '2.0.0' } }";
    expect(await reasonOf({ 'odd.ts': decorated(twice) })).toContain('has static metadata of its own');
    const nameless =
      "class Nameless {}\n@plugin({ name: 'odd', version: '1.0.0', provides: [Nameless] }) export default class Odd extends PluginBase {}";
    expect(await reasonOf({ 'odd.ts': decorated(nameless) })).toContain(
      'provides the class Nameless, which names no service',
    );
  });

  it('names the mend where the tsconfig asks for experimental decorators', async () => {
    const reason = await reasonOf({
      'odd/package.json': '{ "name": "odd", "type": "module" }',
      'odd/tsconfig.json': '{ "compilerOptions": { "experimentalDecorators": true } }',
      'odd/plugin.ts': decorated(`
@plugin({ name: 'odd', version: '1.0.0' })
export default class Odd extends PluginBase { @requiresAuth() open() {} }`),
    });
    expect(reason).toContain('@requiresAuth on "open" was compiled as an experimental decorator');
    expect(reason).toContain('Remove "experimentalDecorators" from the nearest tsconfig.json');
  });
});
