import { Value } from 'typebox/value';
import { expect, test } from 'vitest';
import { Problem } from './problem.ts';
import { problemType } from './problem-of.ts';

test('a problem carries a type for its code, and may carry more than the schema names', () => {
  const code = 'BP_HTTP_NOT_FOUND';
  const problem = { type: problemType(code), title: 'x', status: 404, detail: 'y', code, instance: '/z', more: 1 };
  expect(Value.Check(Problem, problem)).toBe(true);
  expect(Value.Check(Problem, { ...problem, code: 'not_found' })).toBe(false);
  expect(Value.Check(Problem, { ...problem, status: 200 })).toBe(false);
});
