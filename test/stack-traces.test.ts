import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HostProcess } from './testing/host-process.ts';
import { type PluginFiles, writePlugins } from './testing/plugin-files.ts';

/** TypeScript that loses lines when it is compiled, above and between what throws. */
const types = (lines: number) =>
  Array.from({ length: lines }, (_, at) => `interface Gone${at} { readonly n: number }`).join('\n');

const crash = (above: number, version: string): PluginFiles => ({
  'crash/plugin.ts': `${types(above)}
import { definePlugin } from '@backplane/plugin-api';
import { deeper } from './deeper.ts';
interface Query { readonly how?: string }
export default definePlugin({
  name: 'crash',
  version: '${version}',
  initialize(context) {
    context.http.routes((app) => {
      app.get<{ Querystring: Query }>('/', async () => {
        const value: string = 'here' as string;
        throw new TypeError(value);
      });
      app.get('/deeper', async () => deeper('far' as const));
      app.get('/later', async () => {
        await Promise.resolve();
        throw new RangeError('afterwards');
      });
    });
  },
});
`,
  'crash/deeper.ts': `${types(above * 2)}
export function deeper(where: string): never {
  throw new Error(\`it is \${where}\`);
}
`,
});

const PLACES = [
  { path: '/crash', message: 'here', file: 'crash/plugin.ts', part: 'throw new TypeError' },
  { path: '/crash/deeper', message: 'it is far', file: 'crash/deeper.ts', part: 'throw new Error' },
  { path: '/crash/later', message: 'afterwards', file: 'crash/plugin.ts', part: 'throw new RangeError' },
] as const;

describe('an error of a route written in TypeScript', () => {
  let host: HostProcess;
  beforeAll(async () => {
    host = await HostProcess.start(crash(3, '1.0.0'));
  });
  afterAll(() => host[Symbol.asyncDispose]());

  const errors = () => host.log.filter(({ level, error }) => level === 'error' && error !== undefined);

  /** Asks, and gives the first line of the stack that is logged for it. */
  const firstFrame = async (path: string, message: string): Promise<string | undefined> => {
    const before = errors().length;
    expect((await fetch(host.url + path)).status).toBe(500);
    await expect.poll(() => errors().length).toBe(before + 1);
    const line = errors().at(-1) as { msg: string; plugin: string; trace_id: string; error: { stack: string } };
    expect(line).toMatchObject({ plugin: 'crash', trace_id: expect.stringMatching(/^[0-9a-f]{32}$/) });
    expect(line.msg).toBe(`GET ${path} failed: ${message}`);
    return line.error.stack.split('\n').find((frame) => /^\s+at /.test(frame));
  };

  it.each([
    ['at first', 3],
    ['after a reload that moved it down', 40],
    ['after one that moved it up', 1],
  ])('is logged with the file and line of its source, %s', async (_, above) => {
    const files = crash(above, `1.0.${above}`);
    await writePlugins(host.plugins, files);
    expect((await host.reload('crash')).status).toBe(200);
    for (const { path, message, file, part } of PLACES) {
      const source = files[file] as string;
      const [upTo] = source.split(part) as [string];
      const line = upTo.split('\n').length;
      const column = upTo.length - upTo.lastIndexOf('\n') + 'throw '.length;
      const place = `${join(host.plugins, file)}:${line}:${column}`;
      const frame = await firstFrame(path, message);
      expect(frame?.replace(pathToFileURL('/').href, '/')).toContain(place);
    }
  });
});
