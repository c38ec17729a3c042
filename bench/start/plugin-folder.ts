import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Writes `count` plugins of one file and one route each, plain JavaScript for both sides alike. */
export async function writePlugins(folder: string, count: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (let i = 0; i < count; i++) await writeFile(join(folder, `plugin-${i}.js`), pluginText(i));
}

/** The same, each in a folder of its own, and gives those. */
export async function writePluginFolders(folder: string, count: number): Promise<string[]> {
  const folders = Array.from({ length: count }, (_, i) => join(folder, `plugin-${i}`));
  for (const [i, own] of folders.entries()) {
    await mkdir(own, { recursive: true });
    await writeFile(join(own, 'plugin.js'), pluginText(i));
  }
  return folders;
}

/** The same routes for `@fastify/autoload`: one file each, loaded from a folder, its name in its path. */
export async function writeAutoload(folder: string, count: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (let i = 0; i < count; i++) await writeFile(join(folder, `plugin-${i}.js`), autoloadText(i));
}

/** The same routes for NestJS: a module with a controller each. The decorators are called, as a compiler would have it. */
export async function writeNest(folder: string, count: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (let i = 0; i < count; i++) await writeFile(join(folder, `plugin-${i}.js`), nestText(i));
}

const greetText = (i: number): string => `const greetings = ['hello', 'good day', 'welcome'];

function greet(name) {
  return { plugin: ${i}, text: greetings[name.length % greetings.length] + ', ' + name };
}
`;

const autoloadText = (i: number): string => `${greetText(i)}
export default async function (app) {
  app.get('/plugin-${i}/hello/:name', async (request) => greet(request.params.name));
}
`;

const nestText = (i: number): string => `import { Controller, Get, Module, Param } from '@nestjs/common';

${greetText(i)}
class Plugin${i}Controller {
  hello(name) {
    return greet(name);
  }
}
const { prototype } = Plugin${i}Controller;
Param('name')(prototype, 'hello', 0);
Get('hello/:name')(prototype, 'hello', Object.getOwnPropertyDescriptor(prototype, 'hello'));
Controller('plugin-${i}')(Plugin${i}Controller);

export default class Plugin${i}Module {}
Module({ controllers: [Plugin${i}Controller] })(Plugin${i}Module);
`;

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
