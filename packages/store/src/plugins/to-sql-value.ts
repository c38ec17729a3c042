import { isBackplaneError, messageOf } from '@backplane/base';
import type { DatabaseParams, DatabaseValue } from '@backplane/plugin-api';
import type { SqlValue } from '@backplane/ports';
import { errors } from '../errors.ts';

/** What an author gives, as a database takes it: times as ISO 8601, objects and arrays as JSON. @throws BP_DATABASE_VALUE naming its place */
export function toSqlValue(value: unknown, place: string | number): SqlValue {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'bigint':
    case 'boolean':
      return value;
    case 'undefined':
      return null;
    case 'object':
      if (value === null || value instanceof Uint8Array) return value;
      return textOf(value, place);
    default:
      throw refusal(place, `it is a ${typeof value}`);
  }
}

/** Values one by one, or all in one list. */
export function paramsOf(params: DatabaseParams): SqlValue[] {
  const [only] = params;
  const list = (params.length === 1 && Array.isArray(only) ? only : params) as readonly DatabaseValue[];
  return list.map((value, index) => toSqlValue(value, index));
}

function textOf(value: object, place: string | number): string {
  try {
    if (value instanceof Date) return value.toISOString();
    if (value instanceof ArrayBuffer || ArrayBuffer.isView(value))
      throw refusal(place, 'bytes are given as Uint8Array');
    const text = JSON.stringify(value);
    if (typeof text === 'string') return text;
  } catch (cause) {
    if (isBackplaneError(cause)) throw cause;
    throw refusal(place, messageOf(cause));
  }
  throw refusal(place, 'it has no JSON');
}

const refusal = (place: string | number, problem: string) =>
  errors.BP_DATABASE_VALUE({ place: typeof place === 'number' ? `Parameter $${place + 1}` : place, problem });
