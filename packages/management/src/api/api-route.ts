import type { JsonSchema } from '@backplane/plugin-api';
import type { SendEvent } from './event-answer.ts';

/** A request that has been checked. */
export interface ApiRequest {
  readonly params: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: the schemas of the route say what these are
  readonly query: any;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly body: any;
  /** Who asks: `admin`, with the name that was given, if one was. */
  readonly author: string;
  /** The address it came from. */
  readonly origin: string;
  readonly comment: string;
  /** The entity tags of `If-Match`; `undefined` where there is none, or `*`. */
  readonly ifMatch: readonly string[] | undefined;
}

export interface ApiAnswer {
  /** Default 200; 204 without a body. */
  readonly status?: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Server-sent events in place of a body. */
  readonly events?: (send: SendEvent, ended: AbortSignal) => void;
}

/** One operation of the API: how it is asked, what it answers, and what it does. One source for the router, the checks and the OpenAPI document. */
export interface ApiRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** As the router reads it: `/api/v1/plugins/:plugin_id`. */
  readonly url: string;
  readonly operationId: string;
  readonly summary: string;
  /** Schema of the query. */
  readonly query?: JsonSchema;
  /** Name of the schema of the body, without `Body`. */
  readonly body?: string;
  /** By status: what it means, and the name of the schema of the answer; `''` for one without. */
  readonly answers: Readonly<Record<number, readonly [description: string, schema: string, type?: string]>>;
  /** A change that takes `If-Match`. */
  readonly conditional?: boolean;
  handle(request: ApiRequest): Promise<ApiAnswer>;
}

const text = (description: string, maxLength = 200) => ({ type: 'string', maxLength, description });

/** The query of a list that comes in pages. */
export const pageQuery = (more: Readonly<Record<string, unknown>> = {}): JsonSchema =>
  ({
    type: 'object',
    properties: {
      limit: { type: 'integer', minimum: 1, maximum: 200, default: 50, description: 'At most so many.' },
      cursor: text('`next_cursor` of the page before.'),
      ...more,
    },
    additionalProperties: false,
  }) as unknown as JsonSchema;

/** The query of a change. */
export const changeQuery = {
  type: 'object',
  properties: {
    dry_run: { type: 'boolean', default: false, description: 'Says what would happen, and does nothing.' },
  },
  additionalProperties: false,
} as unknown as JsonSchema;

export const filter = text;
