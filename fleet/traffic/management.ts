import type { World } from '../world.ts';

/** What a reload was answered with, read. */
export interface ReloadAnswer {
  readonly status: number;
  readonly toVersion: string | undefined;
  /** The code of what was wrong; `undefined` when nothing was. */
  readonly failure: string | undefined;
  /** The version that serves on after a failure. */
  readonly serving: string | undefined;
  readonly text: string;
}

interface Body {
  readonly to_version?: string;
  readonly code?: string;
  readonly details?: { readonly failure?: { readonly code: string }; readonly serving?: string };
}

/** `POST /plugins/NAME/reload`. */
export async function askForReload({ client, host }: World, name: string): Promise<ReloadAnswer> {
  const headers = { authorization: `Bearer ${host.settings.token}` };
  const { status, body } = await client.ask(`/plugins/${name}/reload`, { method: 'POST', headers });
  const text = body.toString();
  const { to_version: toVersion, code, details } = JSON.parse(text) as Body;
  return { status, toVersion, failure: details?.failure?.code ?? code, serving: details?.serving, text };
}
