import { expect, test } from 'vitest';
import { isBackplaneError, messageOf } from './backplane-error.ts';

const trap = () => {
  throw new Error('looked at');
};

test.each([
  ['a proxy whose traps throw', new Proxy({}, { get: trap, has: trap, getPrototypeOf: trap })],
  ['an object without a prototype', Object.create(null)],
  ['a message that cannot be text', { message: Object.create(null) }],
  ['a getter that throws', Object.defineProperty({}, 'message', { get: trap })],
])('what a plugin throws can be told about and sorted: %s', (_what, thrown) => {
  expect(messageOf(thrown)).toMatch(/./);
  expect(isBackplaneError(thrown)).toBe(false);
});
