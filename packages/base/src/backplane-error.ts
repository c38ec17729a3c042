/** What every Backplane error carries besides its message. All of it survives a structured clone. */
export interface ErrorFields {
  /** Stable, never reused: `BP_` and capitals. Errors are recognised by it, not by `instanceof`. */
  readonly code: string;
  /** The HTTP status that answers for this error where it ends a request. */
  readonly status: number;
  /** Facts for programs; JSON values only. */
  readonly details: Readonly<Record<string, unknown>>;
  /** What the code means, in one sentence; the same for every error of that code. */
  readonly title?: string;
}

/** The one error class: a message that says what happened, to whom and what to do, with a stable code. */
export class BackplaneError extends Error implements ErrorFields {
  readonly code: string;
  readonly status: number;
  readonly details: Readonly<Record<string, unknown>>;
  declare readonly title?: string;

  constructor(fields: ErrorFields, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BackplaneError';
    this.code = fields.code;
    this.status = fields.status;
    this.details = fields.details;
    // Not enumerable: it says nothing of this error that its code does not say, so logs and copies leave it out.
    if (fields.title !== undefined) Object.defineProperty(this, 'title', { value: fields.title });
  }
}

/** True for a Backplane error, also one that came from another process or a duplicate of this package. Never throws. */
export function isBackplaneError(value: unknown, code?: string): value is Error & ErrorFields {
  try {
    if (!(value instanceof Error) && !(typeof value === 'object' && value !== null && 'message' in value)) return false;
    const candidate = (value as Partial<ErrorFields>).code;
    return typeof candidate === 'string' && candidate.startsWith('BP_') && (code === undefined || candidate === code);
  } catch {
    return false;
  }
}

/** The message of anything that was thrown. Never throws, whatever its getters and conversions do: it runs where failures are handled. */
export function messageOf(thrown: unknown): string {
  try {
    if (typeof thrown === 'object' && thrown !== null && 'message' in thrown) return String(thrown.message);
    return String(thrown);
  } catch {
    return 'Something was thrown that has no message.';
  }
}
