import type { SignableData } from '@backplane/plugin-api';
import { errors } from './errors.ts';

/** Bytes of a document that comes in JSON. Larger ones are streamed. */
export const LARGEST_IN_JSON = 1024 * 1024;

/** A request about a document: JSON holds everything, a streamed document has the rest in the query. */
export class DocumentRequest {
  readonly document: SignableData;
  readonly #fields: object;

  /** @throws BP_TRUST_REQUEST, BP_TRUST_BASE64, BP_TRUST_DOCUMENT_TOO_LARGE */
  constructor(body: unknown, query: unknown) {
    if (isStream(body)) {
      this.document = body;
      this.#fields = query as object;
      return;
    }
    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
      throw errors.BP_TRUST_REQUEST({ problem: 'The body is not a JSON object' });
    }
    this.#fields = body;
    const document = decodeBase64('document', this.text('document'));
    if (document.byteLength > LARGEST_IN_JSON) throw errors.BP_TRUST_DOCUMENT_TOO_LARGE({ limit: LARGEST_IN_JSON });
    this.document = document;
  }

  /** @throws BP_TRUST_REQUEST when it is missing or not a text */
  text(name: string): string {
    const value = this.optionalText(name);
    if (value === undefined) throw errors.BP_TRUST_REQUEST({ problem: `"${name}" is missing` });
    return value;
  }

  /** @throws BP_TRUST_REQUEST when it is not a text */
  optionalText(name: string): string | undefined {
    const value: unknown = Object.hasOwn(this.#fields, name) ? Reflect.get(this.#fields, name) : undefined;
    if (value === undefined || typeof value === 'string') return value;
    throw errors.BP_TRUST_REQUEST({ problem: `"${name}" is not one text` });
  }

  /** Takes base64 and base64url, which a query needs. @throws BP_TRUST_REQUEST, BP_TRUST_BASE64 */
  signature(): Uint8Array {
    const text = this.text('signature').replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '');
    return decodeBase64('signature', text.padEnd(Math.ceil(text.length / 4) * 4, '='));
  }
}

/** Every byte has one spelling; anything else is refused, where `Buffer.from` would skip what it cannot read. */
function decodeBase64(field: string, text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw errors.BP_TRUST_BASE64({ field });
  return bytes;
}

function isStream(body: unknown): body is AsyncIterable<Uint8Array> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}
