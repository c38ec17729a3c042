import type { ConditionValue, HookCondition } from '@backplane/plugin-api';

/** Says whether a payload meets a condition. */
export type PayloadTest = (payload: unknown) => boolean;

type ValueTest = (value: unknown) => boolean;

/** Conditions may be this deep, and have so many parts. */
const MOST_DEPTH = 8;
const MOST_PARTS = 100;

const OPERATORS: Readonly<Record<string, (operand: unknown) => ValueTest | undefined>> = {
  $eq: (operand) => (isScalar(operand) ? (value) => value === operand : undefined),
  $ne: (operand) => (isScalar(operand) ? (value) => value !== operand : undefined),
  $in: (operand) => oneOf(operand),
  $nin: (operand) => {
    const within = oneOf(operand);
    return within && ((value) => !within(value));
  },
  $gt: (operand) => comparison(operand, (value, other) => value > other),
  $gte: (operand) => comparison(operand, (value, other) => value >= other),
  $lt: (operand) => comparison(operand, (value, other) => value < other),
  $lte: (operand) => comparison(operand, (value, other) => value <= other),
  $exists: (operand) => (typeof operand === 'boolean' ? (value) => (value !== undefined) === operand : undefined),
};

/** Makes a condition ready. Gives what is wrong with it where it cannot be read. */
export function compileCondition(
  condition: HookCondition,
): { readonly test: PayloadTest } | { readonly problem: string } {
  try {
    return { test: new ConditionReader().read(condition, 0) };
  } catch (error) {
    if (error instanceof ConditionProblem) return { problem: error.message };
    throw error;
  }
}

class ConditionProblem extends Error {}

class ConditionReader {
  #parts = 0;

  read(condition: unknown, depth: number): PayloadTest {
    if (depth > MOST_DEPTH) throw new ConditionProblem(`it is nested more than ${MOST_DEPTH} times`);
    if (!isMap(condition)) throw new ConditionProblem('a condition is a map of paths');
    const tests = Object.entries(condition).map(([key, value]) => this.#part(key, value, depth));
    const [only] = tests;
    if (only !== undefined && tests.length === 1) return only;
    return (payload) => tests.every((test) => test(payload));
  }

  #part(key: string, value: unknown, depth: number): PayloadTest {
    this.#parts++;
    if (this.#parts > MOST_PARTS) throw new ConditionProblem(`it has more than ${MOST_PARTS} parts`);
    if (key === '$and' || key === '$or') {
      if (!Array.isArray(value)) throw new ConditionProblem(`"${key}" takes a list of conditions`);
      const tests = value.map((one) => this.read(one, depth + 1));
      return key === '$and'
        ? (payload) => tests.every((test) => test(payload))
        : (payload) => tests.some((test) => test(payload));
    }
    if (key === '$not') {
      const test = this.read(value, depth + 1);
      return (payload) => !test(payload);
    }
    if (key.startsWith('$')) throw new ConditionProblem(`"${key}" is not known; there are $and, $or and $not`);
    const path = key.split('.');
    if (path.some((segment) => segment === '')) throw new ConditionProblem(`"${key}" is no path`);
    const test = valueTest(key, value);
    return (payload) => test(fieldOf(payload, path));
  }
}

function valueTest(path: string, condition: unknown): ValueTest {
  if (isScalar(condition)) return (value) => value === condition;
  const list = oneOf(condition);
  if (list) return list;
  if (!isMap(condition))
    throw new ConditionProblem(`"${path}" is compared with a value, a list of values, or operators`);
  const tests = Object.entries(condition).map(([operator, operand]) => {
    const make = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined;
    if (make === undefined)
      throw new ConditionProblem(
        `"${operator}" at "${path}" is not known; there are ${Object.keys(OPERATORS).join(', ')}`,
      );
    const test = make(operand);
    if (test === undefined) throw new ConditionProblem(`"${operator}" at "${path}" does not take this operand`);
    return test;
  });
  return (value) => tests.every((test) => test(value));
}

/** Own fields only: what every object inherits is no part of a payload. */
function fieldOf(payload: unknown, path: readonly string[]): unknown {
  let value = payload;
  for (const segment of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return undefined;
    value = (value as Record<string, unknown>)[segment];
  }
  return value;
}

function oneOf(operand: unknown): ValueTest | undefined {
  if (!Array.isArray(operand) || !operand.every(isScalar)) return undefined;
  const values = new Set<unknown>(operand);
  return (value) => values.has(value);
}

function comparison<T extends number | string>(
  operand: unknown,
  holds: (value: T, other: T) => boolean,
): ValueTest | undefined {
  if (typeof operand !== 'number' && typeof operand !== 'string') return undefined;
  return (value) => typeof value === typeof operand && holds(value as T, operand as T);
}

const isScalar = (value: unknown): value is ConditionValue =>
  value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
