import type { Answer } from '../traffic/client.ts';
import type { Duty, Epoch } from './outlook.ts';

export type Serving = Extract<Duty, { kind: 'serves' }>;

/** Why the answer cannot be that version's; `undefined` when it can. */
export type Fits = (answer: Answer, duty: Serving) => string | undefined;

/** The first stretch that can have given the answer, or why none can. */
export function fittingEpoch(
  possible: readonly Epoch[],
  answer: Answer,
  fits: Fits,
): { readonly epoch: Epoch } | { readonly why: readonly string[] } {
  const why: string[] = [];
  for (const epoch of possible) {
    const problem = misfit(epoch, answer, fits);
    if (problem === undefined) return { epoch };
    why.push(problem);
  }
  return { why };
}

function misfit(epoch: Epoch, answer: Answer, fits: Fits): string | undefined {
  const { duty } = epoch;
  if (duty.kind !== 'serves') return refusalMisfit(duty.kind, answer);
  const { 'x-build': build, 'x-instance': instance } = answer.headers;
  if (build !== String(duty.build)) return `build ${build}, not ${duty.build}`;
  if (epoch.instance !== undefined && instance !== String(epoch.instance))
    return `instance ${instance}, not ${epoch.instance} which answered before`;
  const problem = fits(answer, duty);
  if (problem === undefined) epoch.instance ??= Number(instance);
  return problem;
}

const REFUSALS = {
  down: { status: 503, code: 'BP_PLUGIN_UNAVAILABLE' },
  absent: { status: 404, code: 'BP_HTTP_NOT_FOUND' },
} as const;

function refusalMisfit(kind: keyof typeof REFUSALS, { method, status, headers, body }: Answer): string | undefined {
  const wanted = REFUSALS[kind];
  if (status !== wanted.status) return `not ${wanted.status}`;
  if (headers['content-type'] !== 'application/problem+json') return `content-type ${headers['content-type']}`;
  const { code } = JSON.parse(body.toString() || '{}') as { code?: string };
  if (code !== wanted.code && method !== 'HEAD') return `code ${code}, not ${wanted.code}`;
  const retryAfter = headers['retry-after'];
  if (kind === 'down' && !/^[1-9]\d*$/.test(String(retryAfter))) return `retry-after ${retryAfter}`;
  return undefined;
}
