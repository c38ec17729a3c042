import { type ProblemIssue, pointerOf, type SchemaIssue } from '@backplane/wire';
import type { OperationPart } from './declared-operation.ts';

/** Thrown where a request is not what an operation asks for: everything that is wrong with it, in all of its parts. */
export class RequestIssues extends Error {
  readonly issues: readonly ProblemIssue[];

  constructor(issues: readonly ProblemIssue[]) {
    const [first] = issues;
    const others = issues.length - 1;
    const more = others === 0 ? '' : `, and ${others} more ${others === 1 ? 'value is' : 'values are'} wrong`;
    super(`${first?.message.replace(/\.$/, '')} (${first?.in})${more}`);
    this.issues = issues;
  }
}

/** An issue as a problem document has it. */
export function problemIssue(part: OperationPart['key'], issue: SchemaIssue): ProblemIssue {
  const { path, message, keyword = 'custom', expected, nearest } = issue;
  return {
    // As Fastify calls it, so that clients learn one word.
    in: part === 'query' ? 'querystring' : part,
    pointer: pointerOf(path),
    keyword,
    message,
    ...(expected !== undefined && { expected }),
    ...(nearest !== undefined && { nearest }),
  };
}
