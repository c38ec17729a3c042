import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Editor } from './testing/editor.ts';
import { HostProcess } from './testing/host-process.ts';
import { type PluginFiles, writePlugins } from './testing/plugin-files.ts';

/** TypeScript that is gone when it is compiled, above and between what is stopped in. */
const hello = (version: string, above = 2): PluginFiles => ({
  'hello/plugin.ts': `${Array.from({ length: above }, (_, n) => `interface Gone${n} { readonly n: number }`).join('\n')}
import { definePlugin } from '@backplane/plugin-api';
import { twice } from './twice.ts';

interface Query { readonly n: string }

export default definePlugin({
  name: 'hello',
  version: '${version}',
  initialize({ http }) {
    const since: string = 'since ${version}';
    http.routes((app) => {
      app.get<{ Querystring: Query }>('/', async ({ query }) => {
        const given: number = Number(query.n);
        return { result: given + 1, since };
      });
      app.get<{ Querystring: Query }>('/twice', async ({ query }) => twice(Number(query.n)));
    });
  },
});
`,
  'hello/twice.ts': `
interface Answer { readonly result: number; readonly version: string }
export function twice(given: number): Answer {
  const result: number = given * 2;
  debugger;
  return { result, version: '${version}' };
}
`,
});

const lineOf = (text: string | undefined, part: string): number => {
  const [upTo, ...rest] = (text ?? '').split(part) as [string, ...string[]];
  if (rest.length !== 1) throw new Error(`"${part}" is not there once`);
  return upTo.split('\n').length;
};

describe('a debugger that is attached to a host', () => {
  let host: HostProcess;
  let editor: Editor;
  let file: string;
  beforeAll(async () => {
    host = await HostProcess.start(hello('1.0.0'), { execArgv: ['--inspect=127.0.0.1:0'] });
    file = join(await realpath(host.plugins), 'hello/plugin.ts');
    editor = await Editor.attach(host);
  });
  afterAll(async () => {
    await editor[Symbol.asyncDispose]();
    await host[Symbol.asyncDispose]();
  });

  const save = async (files: PluginFiles): Promise<number> => {
    await writePlugins(host.plugins, files);
    return (await host.reload('hello')).status;
  };
  const returned = (files: PluginFiles) => lineOf(files['hello/plugin.ts'], 'return { result: given + 1');

  it('stops at a breakpoint by file and line of the source, before and after reloads', async () => {
    const first = hello('1.0.0');
    expect(await editor.breakAt({ file, line: returned(first) })).toBe(0);
    // The second has the same lines; with the third the editor moves the breakpoint.
    for (const [version, above] of [
      ['1.0.0', 2],
      ['1.1.0', 2],
      ['1.2.0', 40],
    ] as const) {
      const files = hello(version, above);
      if (version !== '1.0.0') expect(await save(files)).toBe(200);
      if (above === 40) expect(await editor.breakAt({ file, line: returned(files) })).toBe(0);
      const answer = fetch(`${host.url}/hello?n=20`);
      const stop = await editor.stopped();
      expect(stop).toMatchObject({ reason: 'breakpoint', file, line: returned(files) });
      expect(stop.variables).toMatchObject({ given: 20, since: `since ${version}` });
      expect(stop.text?.trim()).toBe('return { result: given + 1, since };');
      await editor.resume();
      expect(await (await answer).json()).toEqual({ result: 21, since: `since ${version}` });
    }
    await editor.breakAt();
    expect(editor.unseen).toBe(0);
  });

  it('stops in initialize() of the version that a reload prepares', async () => {
    const files = hello('2.0.0');
    const line = lineOf(files['hello/plugin.ts'], 'http.routes(');
    await editor.breakAt({ file, line });
    const saved = save(files);
    const stop = await editor.stopped();
    expect(stop).toMatchObject({ file, line, variables: { since: 'since 2.0.0' } });
    await editor.resume();
    expect(await saved).toBe(200);
    await editor.breakAt();
  });

  it('stops at "debugger;" in any file of a plugin, before and after a reload', async () => {
    for (const version of ['3.0.0', '3.1.0']) {
      const files = hello(version);
      expect(await save(files)).toBe(200);
      const answer = fetch(`${host.url}/hello/twice?n=4`);
      const stop = await editor.stopped();
      expect(stop).toMatchObject({
        reason: 'statement',
        file: join(file, '../twice.ts'),
        line: lineOf(files['hello/twice.ts'], 'debugger;'),
        variables: { given: 4, result: 8 },
      });
      await editor.resume();
      expect(await (await answer).json()).toEqual({ result: 8, version });
    }
  });

  it('shows the text that runs, also when a broken one has been saved', async () => {
    const files = hello('4.0.0');
    expect(await save(files)).toBe(200);
    expect(await save({ 'hello/plugin.ts': 'interface Broken {{{' })).toBe(409);
    await editor.breakAt({ file, line: returned(files) });
    const answer = fetch(`${host.url}/hello?n=1`);
    expect((await editor.stopped()).text?.trim()).toBe('return { result: given + 1, since };');
    await editor.resume();
    expect((await answer).status).toBe(200);
    await editor.breakAt();
  });
});
