import { isMap, isValueOf, type JsonMap, KEYWORDS, TYPES } from './schema-keywords.ts';

/** Schemas nest no deeper in the document; what lies below is left open. */
const DEEPEST = 64;
/** Parts of one schema that are copied; what follows is left open. */
const MOST_PARTS = 20_000;
/** Names of properties that readers of the document stumble over. */
const UNSAID: ReadonlySet<string> = new Set(['__proto__', '$ref', '$id', '$anchor', '$dynamicAnchor']);

/** What a copy asks for when it comes upon a reference. */
export interface References {
  /** Says where it leads in the document; `undefined` where it leads nowhere. */
  resolve(reference: string): string | undefined;
  /** Told of every schema in the copy that bears a `$ref`. */
  made(holder: { $ref?: unknown }): void;
}

/**
 * A copy of a JSON Schema that OpenAPI 3.1 accepts, whatever its author wrote: keywords that make no sense are left out, older drafts are
 * brought up to date, references lead into the document.
 */
export function copySchema(schema: unknown, references: References): unknown {
  return new SchemaCopy(references).schema(schema, 0);
}

class SchemaCopy {
  readonly #references: References;
  #parts = 0;

  constructor(references: References) {
    this.#references = references;
  }

  schema(schema: unknown, depth: number): unknown {
    if (typeof schema === 'boolean') return schema;
    if (!isMap(schema) || depth > DEEPEST || ++this.#parts > MOST_PARTS) return {};
    const copy: Record<string, unknown> = {};
    for (const [keyword, value] of Object.entries(modernized(schema))) {
      const copied = this.#keyword(keyword, value, depth);
      if (copied !== undefined) copy[keyword] = copied;
    }
    if (copy.$ref === undefined) return copy;
    // What stands beside a reference counts since 2020-12; many readers have not noticed.
    const { $ref, ...beside } = copy;
    const holder = { $ref };
    this.#references.made(holder);
    return Object.keys(beside).length === 0 ? holder : { ...beside, allOf: [holder, ...((beside.allOf ?? []) as [])] };
  }

  #keyword(keyword: string, value: unknown, depth: number): unknown {
    if (keyword === '$ref') return typeof value === 'string' ? this.#references.resolve(value) : undefined;
    if (keyword === 'type') return typeOf(value);
    const kind = Object.hasOwn(KEYWORDS, keyword) ? KEYWORDS[keyword] : undefined;
    switch (kind) {
      case undefined:
        return keyword.startsWith('x-') ? withoutReferences(value) : undefined;
      case 'schema':
        return this.schema(value, depth + 1);
      case 'schemas':
        if (!Array.isArray(value) || value.length === 0) return undefined;
        return value.map((item) => this.schema(item, depth + 1));
      case 'map':
        if (!isMap(value)) return undefined;
        return Object.fromEntries(
          Object.entries(value)
            .filter(([key]) => !UNSAID.has(key))
            .map(([key, item]) => [key, this.schema(item, depth + 1)]),
        );
      default:
        return isValueOf(kind, value) ? withoutReferences(value) : undefined;
    }
  }
}

/** Data that looks as if it referred to something is left out: readers of the document would follow it. */
const withoutReferences = (value: unknown): unknown =>
  typeof value === 'object' && /"\$(ref|id|anchor|dynamicAnchor)"/.test(JSON.stringify(value)) ? undefined : value;

function typeOf(value: unknown): unknown {
  if (!Array.isArray(value)) return TYPES.has(value) ? value : undefined;
  const types = [...new Set(value)].filter((type) => TYPES.has(type));
  return types.length > 0 ? types : undefined;
}

/** Lists of items as 2020-12 writes them, and `nullable` as a type. */
function modernized(schema: JsonMap): JsonMap {
  const { items, additionalItems, nullable, ...rest } = schema;
  const modern: Record<string, unknown> = rest;
  if (Array.isArray(items)) {
    modern.prefixItems = items;
    if (additionalItems !== undefined) modern.items = additionalItems;
  } else if (items !== undefined) modern.items = items;
  if (nullable === true && typeof rest.type === 'string') modern.type = [rest.type, 'null'];
  return modern;
}
