import { describe, expect, it } from 'vitest';
import { decodeFields, encodeFields, printFields } from './wire-log.ts';

const trap = new Proxy(
  {},
  {
    ownKeys: () => {
      throw new Error('Nobody reads me.');
    },
  },
);

describe('fields of a log line', () => {
  it('keep errors as errors', () => {
    const { error, size } = decodeFields(structuredClone(encodeFields({ error: new TypeError('odd'), size: 3 })));
    expect(error).toMatchObject({ name: 'TypeError', message: 'odd' });
    expect(size).toBe(3);
  });

  it('say so where they cannot be read, copied or printed, and throw nothing', () => {
    expect(encodeFields(trap)).toEqual({ fields_unreadable: 'Nobody reads me.' });
    expect(printFields(trap)).toEqual({ fields_unreadable: 'Nobody reads me.' });
  });
});
