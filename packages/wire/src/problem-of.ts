import { STATUS_CODES } from 'node:http';
import { type ErrorFields, publishedCatalogues } from '@backplane/base';
import type { Problem, ProblemIssue } from './problem.ts';

/** The media type of every refusal. */
export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** The `type` member of the problem with this code. */
export const problemType = (code: string): string => `urn:backplane:problem:${code}`;

const titles = new Map<string, string>();

function titleOf(code: string, status: number): string {
  let title = titles.get(code);
  if (title === undefined) {
    for (const { entries } of publishedCatalogues()) title ??= entries[code as `BP_${string}`]?.title;
    title ??= STATUS_CODES[status] ?? 'Error';
    titles.set(code, title);
  }
  return title;
}

/** Where a problem happened, and what is wrong in detail. */
export interface ProblemCircumstances {
  /** The path that was asked for. */
  readonly path: string;
  readonly traceId?: string | undefined;
  readonly issues?: readonly ProblemIssue[] | undefined;
}

/** The RFC 9457 body of an error with a code. */
export function problemOf(error: Error & ErrorFields, { path, traceId, issues }: ProblemCircumstances): Problem {
  return {
    type: problemType(error.code),
    title: error.title ?? titleOf(error.code, error.status),
    status: error.status,
    detail: error.message,
    code: error.code,
    instance: path,
    ...(traceId !== undefined && { trace_id: traceId }),
    ...(issues !== undefined && { errors: [...issues] }),
  };
}
