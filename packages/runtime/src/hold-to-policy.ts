import type { ConfigSource, PolicyPlace } from '@backplane/config';
import type { PluginCandidate } from '@backplane/discovery';
import { placeName } from '@backplane/wire';
import { errors } from './errors.ts';
import { describe } from './loaded-plugin.ts';

/**
 * Whether a plugin has to run in a process of its own: `plugins.security.sandboxing` is on, and its configuration does not say `trusted: true`.
 * What the plugin says of itself counts for nothing.
 */
export async function isSandboxed(candidate: PluginCandidate, configs: ConfigSource): Promise<boolean> {
  const { sandbox } = await configs.securityPolicy();
  return sandbox !== undefined && !(await isTrusted(candidate, configs));
}

/**
 * Lets a plugin pass that may run under `plugins.security`, before any of its code does. What cannot be done is refused, so that nobody relies on
 * protection that is not there.
 * @throws BP_SECURITY_POLICY_INVALID, BP_SIGNATURE_REQUIRED, BP_LIMITS_UNAVAILABLE
 */
export async function holdToPolicy(candidate: PluginCandidate, configs: ConfigSource): Promise<void> {
  const { name: plugin } = candidate;
  const { problems, signatures, sandbox, limits } = await configs.securityPolicy();
  if (problems.length > 0) throw errors.BP_SECURITY_POLICY_INVALID({ plugin, problems: problems.map(describe) });
  if (signatures !== undefined) throw errors.BP_SIGNATURE_REQUIRED({ plugin, place: nameOf(signatures) });
  // Limits are those of the sandbox, and whoever is trusted is outside of it.
  if (limits === undefined || (sandbox !== undefined && (await isTrusted(candidate, configs)))) return;
  const listed = Object.entries(limits.values).map(([key, value]) => `${key}: ${value}`);
  throw errors.BP_LIMITS_UNAVAILABLE({ plugin, limits: listed.join(', '), place: nameOf(limits) });
}

async function isTrusted({ name, manifest }: PluginCandidate, configs: ConfigSource): Promise<boolean> {
  const { settings } = await configs.pluginConfig(name, manifest?.manifest.aliases);
  return settings.trusted === true;
}

const nameOf = ({ file, line }: PolicyPlace): string =>
  placeName({ ...(file !== undefined && { file }), ...(line !== undefined && { line }) });
