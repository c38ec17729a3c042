import type { ErrorFields } from '@backplane/base';
import { PROBLEM_MEDIA_TYPE, type ProblemIssue, problemOf } from '@backplane/wire';
import type { FastifyReply } from 'fastify';

/** The path of a request, without its query. */
export const pathOf = (url: string): string => url.split('?', 1)[0] as string;

/** Answers with the problem document of an error. */
export function sendProblem(reply: FastifyReply, error: Error & ErrorFields, path: string): FastifyReply {
  if (error.status === 401) reply.header('www-authenticate', 'Bearer realm="backplane"');
  const { issues, ...details } = error.details as { readonly issues?: readonly ProblemIssue[] };
  return (
    reply
      .status(error.status)
      .header('content-type', PROBLEM_MEDIA_TYPE)
      .header('cache-control', 'no-store')
      // As it is: Fastify would add a charset to the type, which JSON has none of.
      .serializer((body: unknown) => body as string)
      .send(
        JSON.stringify({
          ...problemOf(error, { path, issues: isProblemIssues(issues) ? issues : undefined }),
          details,
        }),
      )
  );
}

const isProblemIssues = (issues: unknown): issues is readonly ProblemIssue[] =>
  Array.isArray(issues) && issues.every((issue) => typeof issue === 'object' && issue !== null && 'pointer' in issue);

/** The methods that are offered at a path, of routes whose parameters are written `:name`. A path that is spelt out is not one of a parameter as well. */
export function methodsAt(
  routes: readonly { readonly method: string; readonly url: string }[],
  path: string,
): string[] {
  const isAt = (url: string) => new RegExp(`^${url.replaceAll('.', '\\.').replace(/:\w+/g, '[^/]+')}/?$`).test(path);
  const found = routes.filter(({ url }) => isAt(url));
  const spelt = found.filter(({ url }) => !url.includes(':'));
  const methods = new Set((spelt.length > 0 ? spelt : found).map(({ method }) => method));
  // RFC 9110, section 9.1: what answers GET answers HEAD.
  if (methods.has('GET')) methods.add('HEAD');
  return [...methods];
}
