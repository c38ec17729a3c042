import { inspect } from 'node:util';
import { messageOf } from '@backplane/base';
import { decodeError, encodeError, type WireError } from './wire-error.ts';

const ERROR_KEY = '$backplane.error';
type Fields = Readonly<Record<string, unknown>>;

/** Fields of a log line with their errors as plain data: a structured clone would lose code, status and details. Never throws. */
export function encodeFields(fields: Fields | undefined): Fields | undefined {
  try {
    return withErrors(fields);
  } catch (thrown) {
    return unreadable(thrown);
  }
}

const unreadable = (thrown: unknown): Fields => ({ fields_unreadable: messageOf(thrown) });

function withErrors(fields: Fields | undefined): Fields | undefined {
  if (fields === undefined) return undefined;
  let encoded: Record<string, unknown> | undefined;
  for (const [key, value] of Object.entries(fields)) {
    if (!(value instanceof Error)) continue;
    encoded ??= { ...fields };
    encoded[key] = { [ERROR_KEY]: encodeError(value) };
  }
  return encoded ?? fields;
}

/** The same with every value that is no plain text, number or error printed, for fields that cannot be copied. Never throws. */
export function printFields(fields: Fields): Fields {
  try {
    return printed(fields);
  } catch (thrown) {
    return unreadable(thrown);
  }
}

function printed(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => {
      const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
      return [
        key,
        isPlain ? value : value instanceof Error ? { [ERROR_KEY]: encodeError(value) } : inspect(value, { depth: 3 }),
      ];
    }),
  );
}

/** The fields again, errors as errors. */
export function decodeFields(fields: Fields | undefined): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields ?? {}).map(([key, value]) => {
      const isError = typeof value === 'object' && value !== null && ERROR_KEY in value;
      return [key, isError ? decodeError(value[ERROR_KEY] as WireError) : value];
    }),
  );
}
