import type { Effect, HandlerOptions } from '@backplane/plugin-api';
import type { InstanceHost } from '@backplane/ports';
import { errors } from '../errors.ts';
import type { AnyHandler } from './handler.ts';

type Facets = Pick<InstanceHost, 'health' | 'http' | 'metrics' | 'scope' | 'info'>;
type Register = (facets: Facets, handler: AnyHandler, options: HandlerOptions) => Effect;

/** Points of the host that have a form of their own in the context: a handler there is the same as one registered by that form. */
const FORMS: Readonly<Record<string, Register>> = {
  'health.check': ({ health }, handler, { name = 'health.check', timeoutMs }) =>
    health.check(name, timeoutMs === undefined ? {} : { timeoutMs }, handler as never),
  'metrics.collect': ({ metrics }, handler) => metrics.collect({}, handler as never),
  'middleware.pre_request': (facets, handler, options) => middleware(facets, 'onRequest', handler, options),
  'middleware.post_response': (facets, handler, options) => middleware(facets, 'onResponse', handler, options),
};

/** What each form can do. */
const KNOWN: Readonly<Record<string, readonly (keyof HandlerOptions)[]>> = {
  'health.check': ['name', 'timeoutMs'],
  'metrics.collect': [],
  'middleware.pre_request': ['name', 'priority'],
  'middleware.post_response': ['name', 'priority'],
};

/** Registers a handler of such a point; `undefined` for any other. @throws BP_HANDLER_INVALID, and what the form throws */
export function registerAtHostPoint(
  facets: Facets,
  point: string,
  handler: AnyHandler,
  options: HandlerOptions,
): Effect | undefined {
  const register = Object.hasOwn(FORMS, point) ? FORMS[point] : undefined;
  if (register === undefined) return undefined;
  const known = KNOWN[point] ?? [];
  for (const option of Object.keys(options)) {
    if (known.includes(option as keyof HandlerOptions)) continue;
    const { name: plugin } = facets.info.identity;
    const taken = known.length === 0 ? 'no options' : `only ${known.join(' and ')}`;
    throw errors.BP_HANDLER_INVALID({ plugin, point, problem: `this point takes ${taken}, not "${option}"` });
  }
  return register(facets, handler, options);
}

function middleware(
  { http, scope }: Facets,
  hook: 'onRequest' | 'onResponse',
  handler: AnyHandler,
  options: HandlerOptions,
): Effect {
  let active = true;
  const { name, priority } = options;
  const place = { ...(name !== undefined && { name }), ...(priority !== undefined && { priority }) };
  http.middleware({ ...place, [hook]: (...args: unknown[]) => (active ? handler(...args) : undefined) });
  return scope.add(`handler of ${hook}`, () => {
    active = false;
  });
}
