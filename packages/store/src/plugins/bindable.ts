import { errors } from '../errors.ts';

const LEAST = -(2n ** 63n);
const MOST = 2n ** 63n - 1n;

/**
 * A value as libSQL's driver takes it without harm: flags would end the process, numbers would all become fractions, and parts of buffers
 * other parts.
 * @throws BP_DATABASE_VALUE
 */
export function bindable(value: unknown, index: number): string | number | bigint | Buffer | null {
  const refuse = (problem: string) => errors.BP_DATABASE_VALUE({ place: `Parameter $${index + 1}`, problem });
  switch (typeof value) {
    case 'string':
      if (value.includes('\0')) throw refuse('a text cannot hold the character 0');
      return value;
    case 'number':
      return Number.isSafeInteger(value) ? BigInt(value) : value;
    case 'bigint':
      if (value < LEAST || value > MOST) throw refuse('it has more than 64 bits');
      return value;
    case 'boolean':
      return value ? 1n : 0n;
    case 'undefined':
      return null;
    default:
      if (value === null) return null;
      if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      throw refuse('it is neither text, number, flag, bytes nor null');
  }
}
