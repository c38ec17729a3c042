/** The parts of an OpenAPI 3.1 document that are read here. */
export interface ApiDocument {
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

type PathItem = Readonly<Record<string, OperationObject>>;

interface OperationObject {
  readonly operationId?: string;
  readonly parameters?: readonly ParameterObject[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, ResponseObject>>;
}

interface ParameterObject {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: Schema;
}

export interface ResponseObject {
  readonly $ref?: string;
  readonly content?: Content;
}

type Content = Readonly<Record<string, { readonly schema?: Schema }>>;

// biome-ignore lint/suspicious/noExplicitAny: JSON Schema as it comes
export type Schema = Readonly<Record<string, any>>;

/** One operation, ready to be asked. */
export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly ParameterObject[];
  readonly body: Schema | undefined;
  readonly responses: Readonly<Record<string, ResponseObject>>;
}

const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'options', 'head', 'trace'];

/** The operations below a path, in the order of the document. */
export function operationsOf(document: ApiDocument, below: RegExp): Operation[] {
  return Object.entries(document.paths)
    .filter(([path]) => below.test(path))
    .flatMap(([path, item]) =>
      METHODS.flatMap((method) => {
        const operation = item[method];
        if (operation === undefined) return [];
        return [
          {
            method: method.toUpperCase(),
            path,
            parameters: operation.parameters ?? [],
            body: operation.requestBody?.content['application/json']?.schema,
            responses: operation.responses,
          },
        ];
      }),
    );
}

/** What a reference within the document names. */
export function resolved<T>(document: ApiDocument, value: T | { readonly $ref: string }): T {
  const reference = (value as { readonly $ref?: unknown }).$ref;
  if (typeof reference !== 'string') return value as T;
  const [, , kind = '', name = ''] = reference.split('/');
  return document.components[kind]?.[name] as T;
}
