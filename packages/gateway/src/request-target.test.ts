import fc from 'fast-check';
import { expect, test } from 'vitest';
import { firstSegment, originForm, pathOf, withFirstSegment } from './request-target.ts';

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/);
const rest = fc.constantFrom('', '/', '?', '?a=/b', '/x/y?z=1', '#f', '//');

test('the first segment that was put into a target is the one that is read, and the rest is kept', () => {
  fc.assert(
    fc.property(name, name, rest, (before, after, tail) => {
      const target = withFirstSegment(`/${before}${tail}`, after);
      expect(firstSegment(target)).toBe(after);
      expect(target.slice(after.length + 1)).toBe(tail);
    }),
  );
});

test('an encoded segment is decoded, and a broken one is none', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (text) => {
      expect(firstSegment(`/${encodeURIComponent(text)}/x`)).toBe(text);
    }),
  );
  expect(firstSegment('/%e0%a4%a')).toBeUndefined();
  expect(firstSegment('/')).toBe('');
});

test('a target that was sent whole is cut to its path', () => {
  expect(originForm('http://a.example:80/x?y')).toBe('/x?y');
  expect(originForm('http://a.example')).toBe('/');
  expect(originForm('http://a.example?x=/plugins/status')).toBe('/?x=/plugins/status');
  expect(originForm('*')).toBe('*');
  expect(pathOf('/x/y?z?')).toBe('/x/y');
});
