import { BackplaneError } from '@backplane/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeError, encodeError } from './wire-error.ts';

const across = (thrown: unknown) => decodeError(structuredClone(encodeError(thrown)));

describe('an error that crosses', () => {
  it('keeps code, status, details, name, stack and cause', () => {
    const cause = Object.assign(new RangeError('too far'), { statusCode: 400 });
    const error = new BackplaneError({ code: 'BP_X', status: 409, details: { a: [1] } }, 'No.', { cause });
    const arrived = across(error);
    expect(arrived).toBeInstanceOf(BackplaneError);
    expect(arrived).toMatchObject({ code: 'BP_X', status: 409, details: { a: [1] }, stack: error.stack });
    expect(arrived.cause).toMatchObject({ name: 'RangeError', message: 'too far', statusCode: 400 });
  });

  it('is an error whatever was thrown', () => {
    const circular = new Error('round');
    circular.cause = circular;
    const hostile = {
      get message() {
        throw new Error('no');
      },
    };
    for (const thrown of [
      circular,
      hostile,
      null,
      undefined,
      'text',
      Symbol('s'),
      Object.create(null),
      Proxy.revocable({}, {}).proxy,
    ])
      expect(across(thrown)).toBeInstanceOf(Error);
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    expect(across(revoked.proxy)).toBeInstanceOf(Error);
    fc.assert(fc.property(fc.anything(), (thrown) => across(thrown) instanceof Error));
  });

  it('is bounded in size', () => {
    const error = new Error('x'.repeat(1e6));
    expect(JSON.stringify(encodeError(error)).length).toBeLessThan(40_000);
  });
});
