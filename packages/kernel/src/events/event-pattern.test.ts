import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePattern, isEventType } from './event-pattern.ts';

const matches = (pattern: string, type: string) => compilePattern(pattern)?.(type);

describe('patterns of event types', () => {
  it.each([
    ['user.login', 'user.login', true],
    ['user.login', 'user.logout', false],
    ['user.*', 'user.login', true],
    ['user.*', 'user.login.failed', false],
    ['user.*', 'user', false],
    ['*.login', 'user.login', true],
    ['logs.#', 'logs', true],
    ['logs.#', 'logs.app.error', true],
    ['logs.#', 'log', false],
    ['#', 'anything.at.all', true],
    ['*.#', 'one', true],
  ])('"%s" and "%s": %s', (pattern, type, expected) => {
    expect(matches(pattern, type)).toBe(expected);
  });

  it.each(['', '.', 'a..b', 'a.', 'a.#.b', 'us*', '#a', 'a b', `${'a.'.repeat(200)}b`])('refuses "%s"', (pattern) => {
    expect(compilePattern(pattern)).toBeUndefined();
  });

  it('agrees with a regular expression made from the pattern', () => {
    const segment = fc.constantFrom('a', 'b', 'c');
    const pattern = fc
      .tuple(fc.array(fc.oneof(segment, fc.constant('*')), { minLength: 1, maxLength: 4 }), fc.boolean())
      .map(([parts, open]) => (open ? [...parts, '#'] : parts).join('.'));
    const type = fc.array(segment, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('.'));
    fc.assert(
      fc.property(pattern, type, (written, candidate) => {
        const source = written
          .replace(/\.#$/, '(\\.[abc])*')
          .replace(/(?<!\))\.(?![[(])/g, '\\.')
          .replace(/(?<![\])])\*(?!\))/g, '[abc]');
        expect(matches(written, candidate)).toBe(new RegExp(`^${source}$`).test(candidate));
        expect(isEventType(candidate)).toBe(true);
      }),
    );
  });
});
