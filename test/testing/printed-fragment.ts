import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A fragment of the reference documents, to the letter; `docs/reference-ledger.yaml` says where it stands there. */
export const printed = (name: string): string => readFileSync(join(import.meta.dirname, 'fragments', name), 'utf8');

/** The same with one thing changed, to see what that does. Throws where the fragment does not hold it. */
export function changed(name: string, before: string, after: string): string {
  const text = printed(name);
  if (!text.includes(before)) throw new Error(`${name} does not hold "${before}".`);
  return text.replace(before, after);
}

/** The code of a plugin that answers with its configuration. `more` are further options of its definition. */
export const echo = (name: string, more = ''): string => `
import { definePlugin } from '@backplane/plugin-api';
export default definePlugin({
  name: '${name}',
  version: '1.0.0',
  ${more}
  initialize({ http, config }) {
    http.routes((app) => app.get('/', async () => ({ ...config, pid: process.pid })));
  },
});
`;
