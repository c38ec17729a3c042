import { expect, it } from 'vitest';
import { readArguments } from './arguments.ts';

it('reads what is asked for, and knows the rest', () => {
  expect(readArguments(['--seconds', '600', '--seed', '7'])).toEqual({
    seconds: 600,
    seed: 7,
    neighbours: 300,
    visitors: 20,
    patience: 120,
    json: undefined,
    replay: undefined,
  });
});

it('refuses what it does not know, and figures that cannot be used', () => {
  expect(() => readArguments(['--hours', '1'])).toThrow('--hours');
  expect(() => readArguments(['--seconds', 'many'])).toThrow(
    '--seconds takes a whole number from 1 to 86400, not "many".',
  );
  expect(() => readArguments(['--neighbours', '0'])).toThrow('--neighbours');
});
