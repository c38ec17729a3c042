import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Condition, compileCondition, parseCondition } from './condition.ts';
import { RequestPath } from './request-path.ts';

const nameOf = (segment: string) => ({ marty: 'trust-pki' })[segment] ?? segment.toLowerCase();

function holds(when: Parameters<typeof parseCondition>[0], method: string, target: string): boolean {
  const condition = parseCondition(when) as Condition;
  return compileCondition(condition, nameOf)?.(method, new RequestPath(target, nameOf)) ?? true;
}
const held = (paths: readonly string[], target: string) => holds({ paths }, 'GET', target);

describe('a condition on paths', () => {
  test.each([
    [
      '/shop/cart',
      ['/shop/cart', '/shop/cart/', '/shop/cart?x=/shop/other', '/shop/cart#x'],
      ['/shop', '/shop/cart/1'],
    ],
    ['/shop/*', ['/shop/cart', '/shop/a%2Fb'], ['/shop', '/shop/', '/shop/cart/1']],
    ['/shop/*/items', ['/shop/7/items'], ['/shop/items', '/shop/7/8/items']],
    ['/shop/**', ['/shop', '/shop/', '/shop/a', '/shop/a/b'], ['/shopping', '/']],
    ['/**', ['/', '/a', '/a/b'], []],
    ['/', ['/', '/?x', '//'], ['/a']],
    ['/caf%C3%A9', ['/caf%C3%A9', '/caf%c3%a9'], ['/cafe']],
    ['/marty/**', ['/marty/keys', '/trust-pki/keys'], ['/other/keys']],
  ])('%s describes these paths and no others', (pattern, those, others) => {
    for (const target of those) expect([target, held([pattern], target)]).toEqual([target, true]);
    for (const target of others) expect([target, held([pattern], target)]).toEqual([target, false]);
  });

  test('leaves out what follows a "!", of all paths or of those that are named', () => {
    expect(held(['!/shop/public/**'], '/shop/cart')).toBe(true);
    expect(held(['!/shop/public/**'], '/shop/public/logo')).toBe(false);
    expect(held(['/shop/**', '!/shop/public/**'], '/bank')).toBe(false);
    expect(held(['/shop/**', '!/shop/public/**'], '/shop/cart')).toBe(true);
    expect(held(['/shop/**', '!/shop/public/**'], '/shop/public')).toBe(false);
  });

  test.each([
    '/shop/admin/users/',
    '/SHOP/Admin/USERS',
    '/%73hop/%61dmin/users',
    '/shop//admin///users',
    '/shop/./admin/users',
    '/shop/public/../admin/users',
    '/shop/public/%2e%2e/admin/users',
    '/shop/public/%2E./admin/users',
    '/shop/public%2F..%2Fadmin%2Fusers',
    '/shop/public/..%5cadmin\\users',
    '/shop/public/%252e%252e/admin/users',
    '/shop/public/..%252Fadmin/users',
    '/public/../shop/admin/users',
    '/shop/public/%09..%00/adm%0Ain%20/users',
  ])('holds however the path is spelt: %s', (target) => {
    expect(held(['/shop/admin/**'], target)).toBe(true);
    expect(held(['!/shop/public/**'], target)).toBe(true);
    expect(held(['/shop/**', '!/shop/public/**'], target)).toBe(true);
  });

  test('says what it means for simple paths, as a plain reading of it does', () => {
    const word = fc.constantFrom('a', 'b', 'ab', 'c');
    const pattern = fc
      .tuple(fc.boolean(), fc.array(fc.oneof(word, fc.constant('*')), { minLength: 1, maxLength: 3 }), fc.boolean())
      .map(([not, segments, open]) => `${not ? '!' : ''}/${segments.join('/')}${open ? '/**' : ''}`);
    const target = fc.array(word, { maxLength: 4 }).map((segments) => `/${segments.join('/')}`);
    fc.assert(
      fc.property(fc.array(pattern, { minLength: 1, maxLength: 4 }), target, (paths, path) => {
        const expressions = paths.map((text) => ({
          not: text.startsWith('!'),
          test: new RegExp(`^${text.replace('!', '').replace('/**', '(/.*)?').replaceAll('/*', '/[^/]+')}$`).test(path),
        }));
        const including = expressions.filter(({ not }) => !not);
        const reference =
          (including.length === 0 || including.some((e) => e.test)) && !expressions.some((e) => e.not && e.test);
        expect(held(paths, path)).toBe(reference);
      }),
    );
  });

  test('is never met less often because a path is spelt in another way', () => {
    const word = fc.constantFrom('admin', 'public', 'x1', 'über');
    const spelling = (segment: string) =>
      fc
        .tuple(
          fc.array(fc.boolean(), { minLength: 10, maxLength: 10 }),
          fc.constantFrom('', './', '/', 'x/../', 'x/%2e%2e/'),
        )
        .map(
          ([encode, before]) => before + [...segment].map((c, i) => (encode[i] || c > '~' ? encoded(c) : c)).join(''),
        );
    const encoded = (text: string) =>
      [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
    const spelt = fc
      .array(word, { minLength: 1, maxLength: 4 })
      .chain((segments) => fc.tuple(fc.constant(segments), fc.tuple(...segments.map(spelling))));
    fc.assert(
      fc.property(
        spelt,
        fc.constantFrom(['/admin/**'], ['/*/admin'], ['!/public/**'], ['/**', '!/x1/*']),
        ([segments, spellings], paths) => {
          const simple = `/${segments.map(encodeURIComponent).join('/')}`;
          if (held(paths, simple)) expect(held(paths, `/${spellings.join('/')}`)).toBe(true);
        },
      ),
    );
  });

  test('takes no longer for hostile paths than for others of their length', () => {
    const began = performance.now();
    for (const piece of ['%25', '../', '//', '%2e%2e%2f', '.', '\\', '%', 'A', '%252525']) {
      held(['/a/**', '!/b/*/c'], `/${piece.repeat(8000 / piece.length)}`);
    }
    expect(performance.now() - began).toBeLessThan(20_000);
  });
});

describe('a condition on methods', () => {
  test('is met by these methods, in any case, and by HEAD where it is by GET', () => {
    expect(holds({ methods: ['get'] }, 'GET', '/')).toBe(true);
    expect(holds({ methods: ['GET'] }, 'HEAD', '/')).toBe(true);
    expect(holds({ methods: ['POST'] }, 'HEAD', '/')).toBe(false);
    expect(holds({ methods: ['POST'], paths: ['/a'] }, 'POST', '/b')).toBe(false);
    expect(holds({ methods: ['POST'], paths: ['/a'] }, 'POST', '/a')).toBe(true);
  });
});

describe('what is no condition', () => {
  test.each([
    [{ path: ['/x'] }, /has no "path"/],
    [{ paths: '/x' }, /"paths" must be a list/],
    [{ methods: [] }, /nothing would ever meet it/],
    [{ methods: ['FETCH'] }, /"FETCH" is not a method/],
    [{ plugins: ['!shop'] }, /"!shop" is not the name of a plugin/],
    [{ paths: ['shop/**'] }, /begins with "\/"/],
    [{ paths: ['/shop/*.json'] }, /whole segment/],
    [{ paths: ['/**/admin'] }, /at the end/],
    [{ paths: ['/shop/../admin'] }, /plain form/],
    [{ paths: ['/shop//admin'] }, /plain form/],
    [{ paths: ['/a%2Fb'] }, /plain form/],
    [{ paths: ['/a?b=1'] }, /query/],
    [{ paths: ['/%zz'] }, /not encoded/],
    ['/shop', /must be an object/],
  ])('%j is refused with the reason', (when, reason) => {
    expect(parseCondition(when as never)).toMatch(reason);
  });
});
