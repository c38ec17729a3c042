import { describe, expect, it } from 'vitest';
import { isPluginName, nameFromPath } from './plugin-name.ts';
import { isReservedName } from './reserved-names.ts';

describe('plugin names', () => {
  it.each(['payment', 'payment_processing', 'a', 'a1-b2'])('allows %s', (name) =>
    expect(isPluginName(name)).toBe(true),
  );
  it.each(['', '1', '42', 'Payment', '-a', 'a.b', 'ä', `a${'b'.repeat(63)}`])('refuses %s', (name) =>
    expect(isPluginName(name)).toBe(false),
  );
  it.each(['api', 'config_dir', 'config-dir', 'extension_points', 'security', 'docs'])('reserves %s', (name) =>
    expect(isReservedName(name)).toBe(true),
  );
  it('does not reserve names that only begin like a reserved one', () => {
    expect(isReservedName('api-gateway')).toBe(false);
  });
  it.each([
    ['PaymentPlugin', 'payment-plugin'],
    ['payment_plugin', 'payment-plugin'],
    ['HTTPProxy', 'http-proxy'],
    ['jwt.auth', 'jwt-auth'],
  ])('reads the file name %s as %s', (stem, name) => expect(nameFromPath(stem)).toBe(name));
});
