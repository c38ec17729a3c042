import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Writes `count` plugins of one file and one route each, plain JavaScript for both sides alike. */
export async function writePlugins(folder: string, count: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (let i = 0; i < count; i++) await writeFile(join(folder, `plugin-${i}.js`), pluginText(i));
}

const pluginText = (i: number): string => `import { definePlugin } from '@backplane/plugin-api';

const greetings = ['hello', 'good day', 'welcome'];

function greet(name) {
  return { plugin: ${i}, text: greetings[name.length % greetings.length] + ', ' + name };
}

export default definePlugin({
  name: 'plugin-${i}',
  version: '1.0.${i}',
  initialize(context) {
    context.http.routes((app) => {
      app.get('/hello/:name', async (request) => greet(request.params.name));
    });
  },
});
`;
