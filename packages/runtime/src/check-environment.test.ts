import { describe, expect, it } from 'vitest';
import { checkEnvironment } from './check-environment.ts';

describe('the name of the environment', () => {
  it.each(['development', 'test', 'staging', 'production', 'qa', 'eu-west', 'canary', 'acceptance'])(
    'takes "%s"',
    (name) => {
      expect(checkEnvironment(name)).toBe(name);
    },
  );

  it.each([
    ['prod', 'production'],
    ['Production', 'production'],
    ['prodution', 'production'],
    ['dev', 'development'],
    ['tests', 'test'],
  ])('refuses "%s", which is nearly "%s"', (environment, nearest) => {
    expect(() => checkEnvironment(environment)).toThrow(
      expect.objectContaining({ code: 'BP_ENVIRONMENT_MISTAKABLE', details: { environment, nearest } }),
    );
  });
});
