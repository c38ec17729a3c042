import type { JsonSchema } from '@backplane/plugin-api';
import { type ProblemIssue, pointerOf, type SchemaIssue } from '@backplane/wire';
import { normalizeSchema, type SchemaCheck } from '@backplane/wire/schema';
import { errors } from '../errors.ts';
import type { ApiRoute } from './api-route.ts';

/** Checks what was sent to a route. Schemas are compiled when they are first needed. */
export class RequestCheck {
  readonly #route: ApiRoute;
  readonly #schemaOf: (name: string) => JsonSchema;
  #query: Promise<SchemaCheck> | undefined;
  #body: Promise<SchemaCheck> | undefined;

  constructor(route: ApiRoute, schemaOf: (name: string) => JsonSchema) {
    this.#route = route;
    this.#schemaOf = schemaOf;
  }

  /** The query and the body with defaults filled in. @throws BP_API_INVALID with everything that is wrong */
  async check(path: string, query: unknown, body: unknown): Promise<{ query: unknown; body: unknown }> {
    if (!isText(decodedOrEmpty(path))) throw errors.BP_MANAGEMENT_BAD_PATH({ path });
    const { query: querySchema = NONE, body: bodyName } = this.#route;
    this.#query ??= normalizeSchema(querySchema).compile({ coerce: 'lists', bounded: true });
    const asked = await (await this.#query)({ ...(query as object) });
    const issues = (asked.issues ?? []).map((issue) => problemIssue('querystring', issue));
    let sent: unknown;
    if (bodyName !== undefined) {
      this.#body ??= normalizeSchema(this.#schemaOf(bodyName)).compile({ bounded: true });
      const outcome = await (await this.#body)(body);
      issues.push(...(outcome.issues ?? []).map((issue) => problemIssue('body', issue)));
      sent = outcome.value;
    }
    issues.push(...unstorable('querystring', asked.value ?? query), ...unstorable('body', body));
    if (issues.length > 0) throw errors.BP_API_INVALID({ path, issues });
    return { query: asked.value, body: sent };
  }
}

/** A route that says nothing of its query takes none. */
const NONE = { type: 'object', properties: {}, additionalProperties: false } as unknown as JsonSchema;

/** What every database keeps, and JSON can say. */
const isText = (text: string): boolean => text.isWellFormed() && !text.includes('\0');

function decodedOrEmpty(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return '';
  }
}

/** Texts and numbers anywhere in what was sent that no database keeps. */
function unstorable(part: ProblemIssue['in'], value: unknown, path: readonly string[] = []): ProblemIssue[] {
  const issue = (keyword: string, message: string) => [
    { in: part, pointer: pointerOf(path.map((segment) => segment.toWellFormed())), keyword, message },
  ];
  const noText = () =>
    issue('text', 'A text here holds a NUL character or half of a surrogate pair, which cannot be kept.');
  if (typeof value === 'string') return isText(value) ? [] : noText();
  // JSON can say more than a number holds: 1e400.
  if (typeof value === 'number' && !Number.isFinite(value))
    return issue('number', 'A number here is larger than any that can be kept.');
  if (typeof value !== 'object' || value === null) return [];
  const entries = Object.entries(value);
  if (entries.some(([key]) => !isText(key))) return noText();
  return entries.flatMap(([key, inner]) => unstorable(part, inner, [...path, key]));
}

function problemIssue(
  part: ProblemIssue['in'],
  { path, message, keyword, expected, nearest }: SchemaIssue,
): ProblemIssue {
  return {
    in: part,
    pointer: pointerOf(path),
    keyword: keyword ?? 'custom',
    message,
    ...(expected !== undefined && { expected }),
    ...(nearest !== undefined && { nearest }),
  };
}
