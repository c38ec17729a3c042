import { text as textOf } from 'node:stream/consumers';
import type { ConfigurationPageBody } from '@backplane/wire';
import { parseYaml } from '@backplane/wire/yaml';
import type { ChangeFlags } from './change-command.ts';
import type { HostRequest } from './host-client.ts';
import { bodyOf, withHost } from './host-session.ts';
import { changeWith } from './plugin-life-command.ts';

export interface SetFlags extends ChangeFlags {
  readonly secret?: boolean;
}

const api = (name: string, key = ''): string =>
  `/api/v1/plugins/${encodeURIComponent(name)}/config${key === '' ? '' : `/${encodeURIComponent(key)}`}`;

/** `backplane config set NAME KEY VALUE`: a value is read as YAML reads it; `-` takes text from standard input, as it is. */
export async function setCommand(name: string, key: string, given: string, flags: SetFlags): Promise<void> {
  await withHost(flags, { offline: true }, async (host, output) => {
    const value = given === '-' ? (await textOf(process.stdin)).replace(/\r?\n$/, '') : await valueIn(given);
    const encrypted = flags.secret === true ? { encrypted: true } : {};
    const { items } = bodyOf<ConfigurationPageBody>(
      await host.ask({ path: `${api(name)}?limit=200&key=${encodeURIComponent(key)}` }),
    );
    const isSet = items.some((entry) => entry.key === key);
    const request: HostRequest = isSet
      ? { path: api(name, key), method: 'PUT', body: { value, ...encrypted } }
      : { path: api(name), method: 'POST', body: { key, value, ...encrypted } };
    return changeWith(host, output, flags, request);
  });
}

/** `backplane config unset NAME KEY`: what lies below counts again. */
export async function unsetCommand(name: string, key: string, flags: ChangeFlags): Promise<void> {
  await withHost(flags, { offline: true }, (host, output) =>
    changeWith(host, output, flags, { path: api(name, key), method: 'DELETE' }),
  );
}

async function valueIn(text: string): Promise<unknown> {
  const { document, problems } = await parseYaml(text, 'VALUE', { frames: false });
  return document === undefined || problems.length > 0 ? text : document.value;
}
