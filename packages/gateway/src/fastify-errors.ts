import { messageOf } from '@backplane/base';
import type { ProblemIssue } from '@backplane/wire';
import type { FastifySchemaValidationError } from 'fastify';
import { errors } from './errors.ts';
import { type ProblemPlace, type Refusal, readably, refusalFor } from './problem-answer.ts';
import { RequestIssues } from './request-issues.ts';
import { pathOf } from './request-target.ts';

interface FastifyFailure {
  readonly code?: unknown;
  readonly statusCode?: unknown;
  readonly validation?: readonly FastifySchemaValidationError[];
  readonly validationContext?: string;
}

/** Gives what Fastify refuses a code of ours, so that clients never depend on Fastify's; other errors pass to `refusalFor`. */
export function refusalForFastify(thrown: unknown, place: ProblemPlace, contentType: string | undefined): Refusal {
  return readably(place, () => refusalOf(thrown, place, contentType));
}

function refusalOf(thrown: unknown, place: ProblemPlace, contentType: string | undefined): Refusal {
  if (thrown instanceof RequestIssues) {
    const { issues, message } = thrown;
    return { error: errors.BP_HTTP_VALIDATION({ problem: message }, { cause: thrown }), issues };
  }
  if (typeof thrown !== 'object' || thrown === null) return refusalFor(thrown, place);
  const failure = thrown as FastifyFailure;
  const cause = { cause: thrown };
  if (failure.validation !== undefined) {
    const issues = failure.validation.map((entry) => issueOf(entry, failure.validationContext ?? 'body'));
    return { error: errors.BP_HTTP_VALIDATION({ problem: messageOf(thrown) }, cause), issues };
  }
  switch (failure.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return { error: errors.BP_HTTP_BODY_TOO_LARGE({}, cause) };
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
    case 'FST_ERR_ROUTE_MISSING_CONTENT_TYPE':
      return { error: errors.BP_HTTP_UNSUPPORTED_MEDIA_TYPE({ contentType }, cause) };
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return { error: errors.BP_HTTP_BAD_JSON({ problem: 'it is not valid JSON' }, cause) };
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return { error: errors.BP_HTTP_BAD_JSON({ problem: 'it is empty' }, cause) };
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return {
        error: errors.BP_HTTP_BAD_REQUEST({ problem: 'the body is not as long as content-length says' }, cause),
      };
    case 'FST_ERR_BAD_URL':
      return { error: errors.BP_HTTP_BAD_URL({ url: pathOf(place.url) }, cause) };
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return { error: errors.BP_HTTP_URL_TOO_LONG({ limit: 100 }, cause) };
    case 'FST_ERR_HANDLER_TIMEOUT':
      return { error: errors.BP_HTTP_HANDLER_TIMEOUT({ path: pathOf(place.url) }, cause) };
    case 'FST_ERR_NOT_FOUND':
      return { error: errors.BP_HTTP_NOT_FOUND({ method: place.method, path: pathOf(place.url) }, cause) };
  }
  const foreseen = typeof failure.statusCode === 'number' && failure.statusCode < 500;
  if (foreseen && typeof failure.code === 'string' && failure.code.startsWith('FST_ERR_')) {
    return { error: errors.BP_HTTP_BAD_REQUEST({ problem: messageOf(thrown) }, cause) };
  }
  return refusalFor(thrown, place);
}

function issueOf(entry: FastifySchemaValidationError, part: string): ProblemIssue {
  const missing = entry.keyword === 'required' ? entry.params.missingProperty : undefined;
  return {
    in: part,
    pointer: typeof missing === 'string' ? `${entry.instancePath}/${missing}` : entry.instancePath,
    keyword: entry.keyword,
    message: entry.message ?? 'is not accepted',
  };
}
