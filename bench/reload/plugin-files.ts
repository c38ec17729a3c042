import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const MODULES = 20;
const FUNCTIONS = 40;

/** Writes a plugin of 20 modules with about 100 KB of code, and a route that tells its version. Gives its entry file. */
export async function writePlugin(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const names = Array.from({ length: MODULES }, (_, i) => `part-${i}`);
  for (const [i, name] of names.entries()) await writeFile(join(folder, `${name}.js`), moduleText(i));
  await setVersion(folder, 0);
  const imports = names.map((name, i) => `import { value as v${i} } from './${name}.js';`);
  const entry = `import { definePlugin } from '@backplane/plugin-api';
${imports.join('\n')}
import { version } from './version.js';
const total = ${names.map((_, i) => `v${i}.size`).join(' + ')};
export default definePlugin({
  version: '1.0.0',
  initialize(context) {
    context.http.routes((app) => {
      app.get('/hello', async () => ({ version, total }));
    });
  },
});
`;
  await writeFile(join(folder, 'index.js'), entry);
  return join(folder, 'index.js');
}

/** The edit before each reload. */
export async function setVersion(folder: string, version: number): Promise<void> {
  await writeFile(join(folder, 'version.js'), `export const version = ${version};\n`);
}

/** Functions with data of their own, as real code has. */
function moduleText(index: number): string {
  const functions = Array.from(
    { length: FUNCTIONS },
    (_, i) => `
export function compute${i}(input) {
  const words = ['${`module ${index} function ${i}`}', String(input)];
  return words.map((word) => word.length * ${i + 1}).reduce((a, b) => a + b, 0);
}`,
  );
  const filled = `export const value = new Map(Array.from({ length: 200 }, (_, i) => ['key-' + i, { id: i, tags: ['tag-' + i] }]));`;
  return `${functions.join('')}\n${filled}\n`;
}
