import { apiErrors } from './errors.ts';

type Check = (value: unknown) => string | undefined;

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** Checks for the values of options. Each gives what is wrong, as the end of a sentence. */
export const check = {
  text: (value) => (isText(value) ? undefined : 'is no text'),
  flag: (value) => (typeof value === 'boolean' ? undefined : 'is neither true nor false'),
  object: (value) => (typeof value === 'object' && value !== null ? undefined : 'is no object'),
  // Nobody would pass an empty list, and everybody would pass one that was left out: it is refused before somebody guesses which it is.
  names: (value) =>
    Array.isArray(value) && value.length > 0 && value.every(isText) ? undefined : 'is no list of names',
  numbers: (value) =>
    Array.isArray(value) && value.every((one) => typeof one === 'number') ? undefined : 'is no list of numbers',
} satisfies Record<string, Check>;

/**
 * Refuses options that are not what they should be. A key that is unknown is refused as well: misspelt, it would mean that nothing is asked.
 * @throws BP_DECORATOR_OPTIONS
 */
export function checkOptions(
  decorator: string,
  options: unknown,
  checks: Readonly<Record<string, Check>>,
  required?: string,
): void {
  const refuse = (problem: string) => apiErrors.BP_DECORATOR_OPTIONS({ decorator, problem });
  if (typeof options !== 'object' || options === null) throw refuse('it takes an object with options');
  if (required !== undefined && (options as Record<string, unknown>)[required] === undefined)
    throw refuse(`"${required}" is missing`);
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const test = Object.hasOwn(checks, key) ? checks[key] : undefined;
    if (test === undefined) throw refuse(`there is no option "${key}", but ${Object.keys(checks).join(', ')}`);
    const wrong = test(value);
    if (wrong !== undefined) throw refuse(`"${key}" ${wrong}`);
  }
}
