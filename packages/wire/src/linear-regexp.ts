import { RE2JS } from 're2js';

/** What Ajv needs of a regular expression. */
export interface LinearRegExp {
  test(text: string): boolean;
  /** Tells patterns apart. */
  toString(): string;
}

/** A regular expression that takes time in proportion to the text, whatever the pattern. Throws where the pattern has look-around or back-references. */
export function linearRegExp(pattern: string, flags: string): LinearRegExp {
  const compiled = RE2JS.compile(RE2JS.translateRegExp(pattern));
  return { test: (text) => compiled.test(text), toString: () => `/${pattern}/${flags}` };
}

/** Ajv writes this name into the code it makes. */
linearRegExp.code = 'linearRegExp';
