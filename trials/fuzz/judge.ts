import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { type ApiDocument, type Operation, type ResponseObject, resolved, type Schema } from './api-document.ts';

/** An answer as it came. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

const PROBLEM = 'application/problem+json';

/** Says what is wrong with an answer, by the document alone. */
export class Judge {
  readonly #document: ApiDocument;
  readonly #ajv: Ajv2020;
  readonly #checks = new Map<Schema, ValidateFunction>();

  constructor(document: ApiDocument) {
    this.#document = document;
    this.#ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
    this.#ajv.addSchema(document as object, 'api');
  }

  /** What an operation answered. */
  answered({ responses }: Operation, answer: Answer): string | undefined {
    const declared = responses[String(answer.status)];
    if (declared === undefined && answer.status < 400) return `status ${answer.status} is not documented`;
    if (declared === undefined && answer.status >= 500) return `status ${answer.status}`;
    const response = resolved<ResponseObject>(this.#document, declared ?? responses.default ?? {});
    const type = String(answer.headers['content-type'] ?? '').split(';')[0] as string;
    if (answer.status >= 400 && type !== PROBLEM && declared === undefined) return `a refusal as "${type}"`;
    const { content } = response;
    if (content === undefined || Object.keys(content).length === 0)
      return answer.text === '' ? undefined : 'a body where none is documented';
    if (!Object.hasOwn(content, type)) return `"${type}" where ${Object.keys(content).join(' or ')} is documented`;
    const schema = content[type]?.schema;
    return schema === undefined || !type.endsWith('json') ? undefined : this.#fits(schema, answer.text);
  }

  /** What was answered to a method that is not documented for a path. */
  refusedMethod(allowed: readonly string[], answer: Answer, method: string): string | undefined {
    if (answer.status !== 405) return `status ${answer.status} to a method that is not documented`;
    const allow = String(answer.headers.allow ?? '')
      .split(', ')
      .sort();
    if (allow.join() !== [...allowed].sort().join()) return `"allow: ${allow}" where ${allowed} are documented`;
    return method === 'HEAD' ? undefined : this.problem(answer);
  }

  /** Whether a refusal is a problem document, with a code. */
  problem(answer: Answer): string | undefined {
    const response = resolved<ResponseObject>(this.#document, { $ref: '#/components/responses/Problem' });
    const type = String(answer.headers['content-type'] ?? '').split(';')[0] as string;
    if (type !== PROBLEM) return `a refusal as "${type}"`;
    return this.#fits(response.content?.[PROBLEM]?.schema ?? {}, answer.text);
  }

  #fits(schema: Schema, text: string): string | undefined {
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      return `a body that is no JSON: ${text.slice(0, 200)}`;
    }
    const check = this.#checkOf(schema);
    if (check(body)) return undefined;
    return (check.errors ?? []).map(({ instancePath, message }) => `${instancePath || '/'} ${message}`).join('; ');
  }

  #checkOf(schema: Schema): ValidateFunction {
    let check = this.#checks.get(schema);
    if (check === undefined) {
      check = this.#ajv.compile(absolute(schema) as object);
      this.#checks.set(schema, check);
    }
    return check;
  }
}

/** References of a document are looked up in it. */
function absolute(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(absolute);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === '$ref' && String(inner).startsWith('#') ? `api${inner}` : absolute(inner),
    ]),
  );
}
