import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createTestHost } from '@backplane/testing';
import { describe, expect, it } from 'vitest';

const example = fileURLToPath(new URL('../examples/hello', import.meta.url));

const start = () =>
  createTestHost({ prepare: (folder) => cp(example, join(folder, 'plugins', 'hello'), { recursive: true }) });
const json = async (url: string) => (await fetch(url)).json();

describe('the hello example', () => {
  it('greets, keeps its count over a reload with another configuration, and reports its health', async () => {
    await using test = await start();
    expect(test.start.plugins).toMatchObject([{ name: 'hello', displayName: 'Hello', state: { phase: 'running' } }]);
    expect(await json(`${test.url}/hello/Ada`)).toEqual({ text: 'Hello, Ada.', greeted: 1 });

    await mkdir(join(test.folder, 'config', 'plugins'), { recursive: true });
    await writeFile(join(test.folder, 'config', 'plugins', 'hello.yaml'), 'default:\n  greeting: Welcome\n');
    await test.host.reload('hello');
    expect(await json(`${test.url}/hello/Ada`)).toEqual({ text: 'Welcome, Ada.', greeted: 2 });
    expect(await test.host.control.health('hello')).toMatchObject({ status: 'healthy', details: { greeted: 2 } });
  });

  it('refuses to greet nobody with an error of its own', async () => {
    await using test = await start();
    const answer = await fetch(`${test.url}/hello/%20`);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: 'BP_HELLO_NOBODY', title: 'Nobody is greeted' });
  });

  it('imports nothing but the plugin API', async () => {
    const text = await readFile(join(example, 'plugin.ts'), 'utf8');
    expect([...text.matchAll(/from '([^']+)'/g)].map(([, from]) => from)).toEqual(['@backplane/plugin-api']);
  });
});
