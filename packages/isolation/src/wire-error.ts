import { BackplaneError, isBackplaneError } from '@backplane/base';

const MAX_CAUSES = 8;
const MAX_TEXT = 16 * 1024;

/** An error as plain data. `cause` chains hold at most eight links, texts at most 16 KiB. */
export interface WireError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly status?: number;
  readonly title?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly stack?: string;
  readonly cause?: WireError;
}

const clip = (value: unknown): string => {
  let text: string;
  try {
    text = String(value);
  } catch {
    return 'a value that has no text';
  }
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
};

/** Anything thrown, as plain data; never throws itself. Chains that are circular or longer than eight are cut. */
export function encodeError(thrown: unknown, room: number = MAX_CAUSES): WireError {
  if (typeof thrown !== 'object' || thrown === null) return { name: 'Error', message: clip(thrown) };
  try {
    const { name, message, code, status, statusCode, title, details, stack, cause } = thrown as Record<string, unknown>;
    return {
      name: typeof name === 'string' ? clip(name) : 'Error',
      message: clip(message ?? thrown),
      ...((typeof code === 'string' || typeof code === 'number') && { code: clip(code) }),
      ...(typeof status === 'number' ? { status } : typeof statusCode === 'number' && { status: statusCode }),
      ...(isBackplaneError(thrown) && { details: details as Record<string, unknown> }),
      ...(typeof title === 'string' && { title: clip(title) }),
      ...(typeof stack === 'string' && { stack: clip(stack) }),
      ...(cause !== undefined && room > 1 && { cause: encodeError(cause, room - 1) }),
    };
  } catch (error) {
    return { name: 'Error', message: `an error that cannot be read (${clip(error)})` };
  }
}

/** The same without what an author put into it that may not be plain data. */
export function withoutDetails(error: WireError): WireError {
  const { details: _, cause, ...rest } = error;
  return { ...rest, ...(cause && { cause: withoutDetails(cause) }) };
}

/** An Error again: a BackplaneError where the code is one of Backplane's. Name, stack and causes are those of the other side. */
export function decodeError(wire: WireError): Error {
  const options = wire.cause ? { cause: decodeError(wire.cause) } : {};
  const { code, status, title } = wire;
  const error = code?.startsWith('BP_')
    ? new BackplaneError(
        { code, status: status ?? 500, details: wire.details ?? {}, ...(title !== undefined && { title }) },
        wire.message,
        options,
      )
    : Object.assign(new Error(wire.message, options), {
        ...(code !== undefined && { code }),
        ...(status !== undefined && { status, statusCode: status }),
      });
  if (error.name !== wire.name)
    Object.defineProperty(error, 'name', { value: wire.name, configurable: true, writable: true });
  if (wire.stack !== undefined) error.stack = wire.stack;
  return error;
}
