import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { errors } from './errors.ts';
import { type GuardOptions, guardName } from './guard.ts';
import { hasTag } from './has-tag.ts';

const PATH = '/api/v1/docs';
/** Next to the sources and what was built of them. */
const FOLDER = new URL('../docs-page/', import.meta.url);
const INDEX = 'index.html';
const ASSETS = [
  'page.css',
  'icon.svg',
  'page.js',
  'dom.js',
  'operation-view.js',
  'schema-view.js',
  'schema.js',
  'try-it.js',
];
const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

/** Nothing from outside, nothing inline, nothing that could make markup of what a plugin says. */
const HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-cache',
} as const;

interface PageFile {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly type: string;
}

/**
 * Adds the page that shows the OpenAPI document. It tells nothing of the host by itself: it fetches the document, and asks its reader for
 * the token where the document is closed. So it is open, under the host's own names.
 */
export function addDocsPage(app: FastifyInstance, options: GuardOptions): void {
  const files = new Map<string, Promise<PageFile>>();
  const send = async (name: string, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    let file = files.get(name);
    if (file === undefined) {
      file = readPageFile(name);
      files.set(name, file);
      file.catch(() => files.delete(name));
    }
    const { bytes, etag, type } = await file;
    reply.headers({ ...HEADERS, etag });
    return hasTag(request, etag) ? reply.code(304).send() : reply.header('content-type', type).send(bytes);
  };
  const onRequest = async ({ raw }: FastifyRequest) => guardName(raw, options);
  app.get(PATH, { onRequest }, (request, reply) => {
    // What the page is made of stands beside it, wherever that is: with a slash at the end it would look one step too deep.
    if (request.url.split('?', 1)[0]?.endsWith('/')) return reply.headers(HEADERS).redirect('../docs');
    return send(INDEX, request, reply);
  });
  app.get<{ Params: { file: string } }>(`${PATH}/:file`, { onRequest }, (request, reply) => {
    const { file } = request.params;
    if (ASSETS.includes(file)) return send(file, request, reply);
    throw errors.BP_MANAGEMENT_NOT_FOUND({ method: request.method, path: request.url.split('?', 1)[0] as string });
  });
}

async function readPageFile(name: string): Promise<PageFile> {
  const bytes = await readFile(new URL(name, FOLDER));
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
  return { bytes, etag, type: TYPES[name.slice(name.lastIndexOf('.') + 1)] as string };
}
