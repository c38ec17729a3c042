import { canonicalName } from '@backplane/base';
import { manifestPlace, sourceProblem } from '@backplane/wire';
import { errors } from './errors.ts';
import type { Discovery, DiscoveryProblem, PluginCandidate } from './plugin-candidate.ts';

/** Takes out every candidate that shares a name or alias with another: choosing one would make the order of files decide. */
export function settleClaims(candidates: readonly PluginCandidate[]): Discovery {
  const claims = new Map<string, PluginCandidate[]>();
  for (const candidate of candidates) {
    for (const name of claimedNames(candidate)) {
      const claimants = claims.get(name);
      if (claimants === undefined) claims.set(name, [candidate]);
      else claimants.push(candidate);
    }
  }
  const problems: DiscoveryProblem[] = [];
  const rivals = new Set<PluginCandidate>();
  const reported = new Set<string>();
  for (const [name, claimants] of claims) {
    if (claimants.length < 2) continue;
    for (const claimant of claimants) rivals.add(claimant);
    const places = claimants.map(shownPlace);
    const group = places.join('\0');
    // Rivals for a name and an alias are told once.
    if (reported.has(group)) continue;
    reported.add(group);
    problems.push(problemOf(name, claimants));
  }
  return {
    candidates: rivals.size === 0 ? candidates : candidates.filter((candidate) => !rivals.has(candidate)),
    problems,
  };
}

function claimedNames({ name, manifest }: PluginCandidate): Set<string> {
  return new Set([name, ...(manifest?.manifest.aliases ?? []).map(canonicalName)]);
}

const shownPlace = ({ manifest, entry }: PluginCandidate): string => manifest?.file ?? entry;

function problemOf(name: string, claimants: readonly PluginCandidate[]): DiscoveryProblem {
  const [first] = claimants;
  const error = errors.BP_DISCOVERY_NAME_TAKEN({ name, claimants: claimants.map(shownPlace) });
  const place = first?.manifest
    ? manifestPlace(first.manifest, [first.name === name ? 'name' : 'aliases'])
    : { file: first?.entry };
  return { ...sourceProblem(error, place), plugin: name, ...(first && { origin: first.origin }) };
}
