import { BackplaneError, isBackplaneError, messageOf } from '@backplane/base';
import { PROBLEM_MEDIA_TYPE, type Problem, type ProblemIssue, problemOf } from '@backplane/wire';
import { OwnAnswer } from './answer.ts';
import { errors } from './errors.ts';
import { pathOf } from './request-target.ts';

/** What a problem says about where it happened. */
export interface ProblemPlace {
  /** The request target as sent. */
  readonly url: string;
  readonly method: string;
  readonly traceId: string | undefined;
  /** The plugin that was asked; `undefined` for the host. */
  readonly plugin: string | undefined;
  /** Tells the message of an unexpected error; off in production. */
  readonly exposeErrors: boolean;
}

/** A refusal with what goes beside it. */
export interface Refusal {
  readonly error: BackplaneError;
  readonly issues?: readonly ProblemIssue[];
  readonly headers?: Readonly<Record<string, string>>;
}

interface ForeignError {
  readonly code?: unknown;
  readonly statusCode?: unknown;
  readonly status?: unknown;
  readonly headers?: unknown;
}

/** Gives any thrown thing a stable code. The message of one that nobody foresaw is kept only where errors are exposed. */
export function refusalFor(thrown: unknown, place: ProblemPlace): Refusal {
  return readably(place, () => refusalOf(thrown, place));
}

/** Whatever is thrown while something thrown is read, is what a client hears of it: an author's getters may do anything. */
export function readably(place: ProblemPlace, read: () => Refusal): Refusal {
  try {
    return read();
  } catch (cause) {
    const problem = place.exposeErrors ? 'what it threw cannot be read' : undefined;
    return { error: errors.BP_PLUGIN_ERROR({ plugin: place.plugin ?? 'The host', problem }, { cause }) };
  }
}

function refusalOf(thrown: unknown, place: ProblemPlace): Refusal {
  if (isBackplaneError(thrown)) {
    const status =
      Number.isInteger(thrown.status) && thrown.status >= 400 && thrown.status <= 599 ? thrown.status : 500;
    const { code, details = {}, title } = thrown;
    const fields = { code, status, details, ...(title !== undefined && { title }) };
    return { error: new BackplaneError(fields, thrown.message, { cause: thrown }) };
  }
  const plugin = place.plugin ?? 'The host';
  const foreign = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as ForeignError;
  const status = [foreign.statusCode, foreign.status].find(
    (s): s is number => typeof s === 'number' && s >= 400 && s <= 599,
  );
  if (status !== undefined && status < 500) {
    // An author who sets a status below 500 speaks to the client.
    const { code, details, message } = errors.BP_PLUGIN_REFUSED({ problem: messageOf(thrown) });
    return { error: new BackplaneError({ code, details, status }, message, { cause: thrown }) };
  }
  const problem = place.exposeErrors ? messageOf(thrown) : undefined;
  const { code, details, message } = errors.BP_PLUGIN_ERROR({ plugin, problem });
  return { error: new BackplaneError({ code, details, status: status ?? 500 }, message, { cause: thrown }) };
}

/** The RFC 9457 body of a refusal. */
export function bodyOf({ error, issues }: Refusal, { url, traceId }: Pick<ProblemPlace, 'url' | 'traceId'>): Problem {
  return problemOf(error, { path: pathOf(url), traceId, issues });
}

/** RFC 9110 wants a challenge beside every 401. */
export const challengeFor = ({ error }: Refusal): Readonly<Record<string, string>> =>
  error.status === 401 ? { 'www-authenticate': 'Bearer' } : {};

/** The answer to a refused or failed request. */
export function problemAnswer(refusal: Refusal, place: ProblemPlace): OwnAnswer {
  return new OwnAnswer({
    status: refusal.error.status,
    headers: {
      'content-type': PROBLEM_MEDIA_TYPE,
      'cache-control': 'no-store',
      ...challengeFor(refusal),
      ...refusal.headers,
    },
    body: JSON.stringify(bodyOf(refusal, place)),
  });
}
