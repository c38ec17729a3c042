import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { Type } from 'typebox';
import { z } from 'zod';
import type { HttpService } from './http.ts';
import { reply } from './operation.ts';

/** Fails to compile where the two differ, in either direction. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : { found: A; wanted: B };
declare function same<A, B>(equal: Same<A, B>): void;
declare const http: HttpService;

// Types flow from maps of properties, and from the path where there is no schema.
http.operation({
  method: 'GET',
  path: '/orders/:id/items/:item',
  query: { limit: { type: 'integer', default: 20 }, after: { type: 'string' } },
  responses: {
    200: { schema: { id: { type: 'string', required: true }, note: { type: 'string' } } },
    404: { description: 'There is no such order.', schema: { missing: { type: 'string', required: true } } },
  },
  handler({ params, query, body, headers, request, call }) {
    same<typeof params, { readonly id: string; readonly item: string }>(true);
    same<typeof query, { readonly limit: number; readonly after?: string }>(true);
    same<typeof body, unknown>(true);
    same<typeof headers, IncomingHttpHeaders>(true);
    // @ts-expect-error the path has no such parameter
    params.name;
    if (call.principal.id === '') return reply(404, { missing: params.id }, { 'cache-control': 'no-store' });
    return { id: params.id, note: request.url };
  },
});

// TypeBox, in every part.
http.operation({
  method: 'POST',
  path: '/orders',
  params: Type.Object({}),
  headers: Type.Object({ 'x-tenant': Type.String() }),
  body: Type.Object({ lines: Type.Array(Type.Object({ sku: Type.String(), count: Type.Integer() })) }),
  responses: {
    201: { schema: Type.Object({ id: Type.String(), state: Type.Union([Type.Literal('new'), Type.Literal('paid')]) }) },
  },
  async handler({ headers, body }) {
    same<typeof headers, { readonly 'x-tenant': string }>(true);
    same<typeof body.lines, readonly { readonly sku: string; readonly count: number }[]>(true);
    if (body.lines.length === 0) return reply(201, { id: '0', state: 'paid' });
    return { id: '1', state: 'new' };
  },
});

// A Standard Schema: its output comes in, its input goes out.
http.operation({
  method: 'PUT',
  path: '/orders/:id',
  query: z.object({ since: z.string().transform((text) => new Date(text)) }),
  body: z.strictObject({ count: z.number().optional() }),
  responses: {
    200: { schema: z.object({ count: z.number().default(1), at: z.date().optional() }) },
    206: { schema: z.array(z.string()) },
  },
  handler({ query, body }) {
    same<typeof query.since, Date>(true);
    same<typeof body.count, number | undefined>(true);
    return body.count === 0 ? reply(206, ['a', 'b']) : { at: new Date() };
  },
});

// Bodies that are sent as they are, and answers without a body.
http.operation({
  method: 'GET',
  path: '/report',
  responses: { 200: { contentType: 'text/csv' }, 404: {} },
  handler: ({ query }) => (query.empty === undefined ? Readable.from(['a,b\n']) : reply(404)),
});
http.operation({
  method: 'DELETE',
  path: '/orders/:id',
  responses: { 204: {} },
  async handler() {},
});

// Without `responses` anything may be given.
http.operation({ method: 'GET', path: '/any', handler: () => ({ anything: [1, 'b'] }) });

http.operation({
  method: 'GET',
  path: '/wrong-body',
  responses: { 200: { schema: { count: { type: 'integer', required: true } } } },
  // @ts-expect-error the schema asks for a number
  handler: () => ({ count: 'many' }),
});
http.operation({
  method: 'GET',
  path: '/wrong-status',
  responses: { 200: { schema: { count: { type: 'integer', required: true } } } },
  // @ts-expect-error 409 is not declared
  handler: () => reply(409, { count: 1 }),
});
http.operation({
  method: 'GET',
  path: '/wrong-reply',
  responses: { 200: {}, 404: { schema: { missing: { type: 'string', required: true } } } },
  // @ts-expect-error the body of a 404 is another
  handler: () => reply(404, { absent: 'x' }),
});
http.operation({
  // @ts-expect-error no such method
  method: 'FETCH',
  path: '/x',
  handler() {},
});
