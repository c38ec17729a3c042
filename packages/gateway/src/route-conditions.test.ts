import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { MiddlewareCondition } from '@backplane/plugin-api';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { useGateway } from './testing/use-gateway.ts';

const fixture = useGateway();

/** A plugin whose middleware marks the answers to requests that meet a condition. */
const marking = (name: string, when: MiddlewareCondition, form: 'hooks' | 'around' = 'hooks') =>
  fixture.current.plugin({ name, phase: 'middleware' }, (http) =>
    http.middleware(
      form === 'hooks'
        ? { when, onResponse: (_, { headers }) => headers.set(`x-${name}`, 'yes') }
        : {
            when,
            async handle(_, next) {
              const response = await next();
              response.headers.set(`x-${name}`, 'yes');
              return response;
            },
          },
    ),
  );
const serving = (name: string, aliases: string[] = []) =>
  fixture.current.plugin({ name, aliases }, (http) =>
    http.routes((app) => {
      app.get('/admin/users', async () => 'secret');
      app.get('/admin/:id/file', async () => 'secret');
      app.post('/admin', async () => 'secret');
      app.get<{ Params: { '*': string } }>('/files/*', async ({ params }) => readFile(params['*']));
      app.get('/public/logo', async () => 'public');
      app.get('/:any', async () => 'other');
    }),
  );

/** What a file server makes of the rest of a path, on a disk that does not tell capitals. */
function readFile(rest: string): string {
  const { pathname } = new URL(`/files/${rest}`.replaceAll('\\', '/').replace(/\/+/g, '/'), 'http://x');
  return /^\/files\/admin(\/|$)/i.test(pathname) ? 'secret' : 'public';
}

async function marks(path: string, init?: RequestInit): Promise<string[]> {
  const response = await fetch(fixture.current.origin + path, init);
  await response.text();
  return [...response.headers.keys()].filter((name) => name.startsWith('x-')).sort();
}

/** Sends the path as it is, which fetch does not. */
async function send(path: string): Promise<string> {
  const socket = connect(Number(new URL(fixture.current.origin).port), '127.0.0.1');
  socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
  return text(socket);
}

describe('conditions of middleware', () => {
  test('on plugins are met by what leads to them, by name or alias, also while they do not run', async () => {
    const instances = [
      serving('shop', ['store']),
      serving('bank'),
      marking('by-name', { plugins: ['shop'] }),
      marking('by-alias', { plugins: ['store', 'gone'] }, 'around'),
      marking('always', {}),
    ];
    fixture.current.publish(instances, [
      { name: 'absent', aliases: ['gone'], phase: 'failed', reason: 'no', retryAt: undefined, back: undefined },
    ]);
    for (const path of ['/shop/admin/users', '/store/admin/users', '/shop/nothing/here']) {
      expect(await marks(path)).toEqual(['x-always', 'x-by-alias', 'x-by-name']);
    }
    expect(await marks('/bank/admin/users')).toEqual(['x-always']);
    expect(await marks('/absent/x')).toEqual(['x-always', 'x-by-alias']);
    expect(await marks('/gone/x')).toEqual(['x-always', 'x-by-alias']);
    expect(await marks('/nowhere')).toEqual(['x-always']);
  });

  test('on methods and paths are met also where a path leads nowhere', async () => {
    fixture.current.publish([
      serving('shop', ['store']),
      marking('posts', { methods: ['POST'] }, 'around'),
      marking('admin', { paths: ['/shop/admin/**', '/lost/*'] }),
      marking('both', { plugins: ['shop'], methods: ['GET'], paths: ['!/store/public/**'] }),
    ]);
    expect(await marks('/shop/admin', { method: 'POST' })).toEqual(['x-admin', 'x-posts']);
    expect(await marks('/store/admin/users')).toEqual(['x-admin', 'x-both']);
    expect(await marks('/store/admin/users', { method: 'HEAD' })).toEqual(['x-admin', 'x-both']);
    expect(await marks('/shop/public/logo')).toEqual([]);
    expect(await marks('/lost/x')).toEqual(['x-admin']);
    expect(await marks('/nowhere', { method: 'POST' })).toEqual(['x-posts']);
  });

  test('keep no more than they may, whatever paths clients ask for', async () => {
    const many = Array.from({ length: 12 }, (_, i) => marking(`m${i}`, { paths: [`/shop/${i}/**`, `/*/*/${i}/**`] }));
    fixture.current.publish([serving('shop'), ...many]);
    for (let i = 0; i < 300; i++) {
      const [a, b] = [i % 12, (i * 7) % 12];
      expect(await marks(`/shop/${a}/${b}`)).toEqual([...new Set([`x-m${a}`, `x-m${b}`])].sort());
    }
  });

  test('refuse what cannot be read when it is registered', () => {
    expect(() => marking('wrong', { paths: ['admin'] })).toThrow(
      expect.objectContaining({ code: 'BP_MIDDLEWARE_CONDITION_INVALID' }),
    );
  });

  test('hold for every spelling of a path that reaches what they protect', { timeout: 60_000 }, async () => {
    fixture.current.publish([
      serving('shop', ['store']),
      marking('guard', { paths: ['/shop/admin/**', '/shop/files/admin/**'] }),
      marking('fence', { plugins: ['shop'], paths: ['!/shop/public/**', '!/shop/files/public/**'] }),
    ]);
    const mount = fc.constantFrom('shop', 'store', 'Shop', 'SHOP', '%73hop', 'sto%72e', 'public/../shop');
    const piece = fc.constantFrom(
      ...['admin', 'users', 'public', 'files', '7', 'Admin', '%61dmin', 'users%2f', '..', '.', '%2e%2e', '..%2f', ''],
      ...[
        '%2e%2e%2fadmin',
        '..%5cadmin',
        '..\\admin',
        '%2Fadmin',
        'admin;x',
        '%252e%252e',
        'admin%00',
        'ad%0amin',
        '%20',
        '%',
        'x%2f..',
      ],
    );
    const secret = fc.constantFrom('admin/users', 'admin/7/file', 'files/admin/keys', 'files/public/../admin/keys');
    const spelt = fc.tuple(secret, fc.infiniteStream(fc.integer({ min: 0, max: 9 }))).map(([path, choices]) =>
      [...path]
        .map((char) => {
          const choice = choices.next().value;
          if (choice === 0) return `%${char.charCodeAt(0).toString(16)}`;
          if (choice === 1 && char === '/') return '/./';
          return choice === 2 && char === '/' ? '//' : char;
        })
        .join(''),
    );
    const rest = fc.oneof(
      spelt,
      fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join('/')),
    );
    const path = fc
      .tuple(mount, rest, fc.constantFrom('', '/', '//', '?x', '#y', '/?a=/../'))
      .map(([first, rest, end]) => `/${first}/${rest}${end}`);
    let reached = 0;
    await fc.assert(
      fc.asyncProperty(path, async (target) => {
        const answer = await send(target);
        if (!answer.endsWith('secret')) return;
        reached++;
        expect(answer).toContain('x-guard: yes');
        expect(answer).toContain('x-fence: yes');
      }),
      { numRuns: 1500 },
    );
    expect(reached).toBeGreaterThan(100);
  });
});
