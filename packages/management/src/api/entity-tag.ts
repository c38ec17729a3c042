import { createHash } from 'node:crypto';
import type { WantedState } from '@backplane/ports';
import { errors } from '../errors.ts';

/** The entity tag of what is desired of a plugin: another as soon as somebody has changed it. */
export function tagOf({ plugins }: WantedState, name: string): string {
  const wanted = Object.hasOwn(plugins, name) ? plugins[name] : {};
  const text = JSON.stringify([name, wanted]);
  return `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
}

/** Refuses a change that was made for something else than what is there (RFC 9110, 13.1.1). @throws BP_API_STALE */
export function refuseStale(ifMatch: readonly string[] | undefined, tag: string, what: string): void {
  if (ifMatch !== undefined && !ifMatch.includes(tag)) throw errors.BP_API_STALE({ what, current: tag });
}
