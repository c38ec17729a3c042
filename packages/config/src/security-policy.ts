import { nearestPosition, pointerOf, type SourceProblem, sourceProblem } from '@backplane/wire';
import { isPlainMap, type PlainMap } from '@backplane/wire/schema';
import { errors } from './errors.ts';
import type { HostFile } from './host-files.ts';
import { type ConfigOrigin, mergeLayers } from './merge-layers.ts';

/** What the host's files ask of every plugin that is found: `plugins.security`. */
export interface SecurityPolicy {
  /** Where `require_signature: true` is written, if it is. */
  readonly signatures: PolicyPlace | undefined;
  /** Where `sandboxing.enabled: true` is written, if it is: plugins run in processes of their own unless their configuration says `trusted: true`. */
  readonly sandbox: PolicyPlace | undefined;
  /** Where `sandboxing.resource_limits` are written, if there are any. */
  readonly limits: (PolicyPlace & { readonly values: Readonly<Record<string, number>> }) | undefined;
  /** With any of these, what is meant is not known, and nothing may run. */
  readonly problems: readonly SourceProblem[];
}

/** Without the layer. */
export type PolicyPlace = Omit<ConfigOrigin, 'layer'>;

interface PolicyKey {
  readonly path: readonly string[];
  readonly expected: string;
  fits(value: unknown): boolean;
}

const isBoolean = (value: unknown) => typeof value === 'boolean';
const isPositive = (value: unknown) => typeof value === 'number' && Number.isFinite(value) && value > 0;

const SIGNATURE = ['require_signature'];
const SANDBOX = ['sandboxing', 'enabled'];
const LIMITS = ['sandboxing', 'resource_limits'];

const KEYS: readonly PolicyKey[] = [
  { path: SIGNATURE, expected: 'true or false', fits: isBoolean },
  { path: ['sandboxing'], expected: 'a map of keys', fits: isPlainMap },
  { path: SANDBOX, expected: 'true or false', fits: isBoolean },
  { path: LIMITS, expected: 'a map of keys', fits: isPlainMap },
  { path: [...LIMITS, 'memory_mb'], expected: 'a number above 0', fits: isPositive },
  { path: [...LIMITS, 'cpu_percent'], expected: 'a number above 0', fits: isPositive },
];

const SECTION = ['plugins', 'security'] as const;

/** Reads the policy, the environment's file over `base.yaml`. A key that it does not know is a problem, for it was meant to protect somebody. */
export function securityPolicy(files: readonly HostFile[]): SecurityPolicy {
  // What cannot be read may hold a demand.
  const problems: SourceProblem[] = files.flatMap((file) => (file.document === undefined ? file.problems : []));
  const layers = files.flatMap(({ name, path: file, document }) => {
    const section = at(document?.value, SECTION);
    if (document === undefined || section === undefined || section === null) return [];
    const place = (pointer: string) => ({ file, ...nearestPosition(document.positions, pointerOf(SECTION) + pointer) });
    if (isPlainMap(section)) return [{ name, value: section, place }];
    problems.push(invalid([], 'a map of keys', place('')));
    return [];
  });
  const { value, origins } = mergeLayers(layers);
  const placeOf = (path: readonly string[]): PolicyPlace => {
    const { layer: _, ...place } = origins.get(pointerOf(path)) ?? { layer: '' };
    return place;
  };
  for (const path of pathsIn(value)) {
    const known = KEYS.find((key) => key.path.join('.') === path.join('.'));
    const given = at(value, path);
    if (known === undefined) {
      const beside = KEYS.filter((key) => key.path.length === path.length).map((key) => key.path.at(-1));
      problems.push(invalid(path, `left out, or one of ${beside.join(', ')}`, placeOf(path)));
    } else if (!known.fits(given)) problems.push(invalid(path, known.expected, placeOf(path)));
  }
  const limits = at(value, LIMITS);
  return {
    signatures: at(value, SIGNATURE) === true ? placeOf(SIGNATURE) : undefined,
    sandbox: at(value, SANDBOX) === true ? placeOf(SANDBOX) : undefined,
    limits:
      isPlainMap(limits) && Object.keys(limits).length > 0
        ? { ...placeOf(LIMITS), values: limits as Record<string, number> }
        : undefined,
    problems,
  };
}

function invalid(path: readonly string[], expected: string, { file, line, column }: PolicyPlace): SourceProblem {
  const error = errors.BP_CONFIG_SETTING_INVALID({ key: [...SECTION, ...path].join('.'), expected });
  return sourceProblem(error, { file, ...(line !== undefined && { position: { line, column: column ?? 1 } }) });
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (isPlainMap(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined),
    value,
  );
}

/** The path of every key, but for what lies in a key that is not known. */
function pathsIn(map: Readonly<PlainMap>, above: readonly string[] = []): string[][] {
  return Object.entries(map).flatMap(([key, value]) => {
    const path = [...above, key];
    const within = isPlainMap(value) && KEYS.some((known) => known.path.join('.') === path.join('.'));
    return [path, ...(within ? pathsIn(value, path) : [])];
  });
}
