import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { HeldEffect, LeakReceipt } from '@backplane/ports';
import { createTestHost, type TestHost } from '@backplane/testing';
import { type PluginFiles, writePlugins } from './plugin-files.ts';

/** Starts a host with these plugins, as files. */
export const hostOf = (files: PluginFiles): Promise<TestHost> =>
  createTestHost({
    allowLeaks: true,
    prepare: async (folder) => {
      await mkdir(join(folder, 'plugins'), { recursive: true });
      await writePlugins(join(folder, 'plugins'), files);
    },
  });

/** Writes other files and replaces the plugin; gives the receipt of the version that was there. */
export async function replaced(test: TestHost, name: string, files: PluginFiles): Promise<LeakReceipt> {
  const before = receiptsOf(test, name).length;
  await writePlugins(join(test.folder, 'plugins'), files);
  const report = await test.host.reload(name);
  if (report.steps.some(({ outcome }) => outcome !== 'applied')) throw new Error(JSON.stringify(report.steps));
  return receiptNumber(test, name, before);
}

export const receiptsOf = (test: TestHost, name: string): readonly LeakReceipt[] =>
  test.host.status().find((status) => status.name === name)?.receipts ?? [];

async function receiptNumber(test: TestHost, name: string, index: number): Promise<LeakReceipt> {
  for (;;) {
    const receipt = receiptsOf(test, name)[index];
    if (receipt !== undefined) return receipt;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Where each `mark` stands in the files, as a receipt says it. */
export function placeOf(test: TestHost, files: PluginFiles, file: string, part: string): string {
  const [upTo = '', ...rest] = (files[file] ?? '').split(part);
  if (rest.length !== 1) throw new Error(`"${part}" is not there once: ${file}`);
  const line = upTo.split('\n').length;
  return `${join(test.folder, 'plugins', file)}:${line}:${upTo.length - upTo.lastIndexOf('\n')}`;
}

export const shown = ({ held }: LeakReceipt) =>
  held.map(({ kind, label, madeAt }: HeldEffect) => `${kind} ${label} @ ${madeAt}`).sort();

/** What a plugin does where; each is a statement or several. */
export interface Parts {
  /** Imports, and what runs when the module is evaluated. */
  readonly top?: string;
  readonly initialize?: string;
  readonly start?: string;
  readonly route?: string;
  readonly service?: string;
  readonly stop?: string;
}

const leaky = (version: number, parts: Parts) => `
interface Gone${version} { readonly n: number }
import { definePlugin, service } from '@backplane/plugin-api';
${parts.top ?? ''}
const worker = service<{ work(): Promise<void> }>('leaky.worker');
export default definePlugin({
  name: 'leaky',
  version: '${version}.0.0',
  provides: [worker],
  async initialize(context) {
    ${parts.initialize ?? ''}
    context.provide(worker, {
      async work() {
        ${parts.service ?? ''}
      },
    });
    context.http.routes((app) => {
      app.get('/', async () => {
        ${parts.route ?? ''}
        return 'done';
      });
    });
    return {
      async start() {
        ${parts.start ?? ''}
      },
      async stop() {
        ${parts.stop ?? ''}
      },
    };
  },
});
`;

/** Without columns, and without the numbers that differ from run to run. */
const roughly = (line: string): string =>
  line
    .replace(/(\.\w+:\d+):\d+/g, '$1')
    .replace(/\b(port|process|thread) \d+/, '$1 N')
    .replace(/ (of|file) \/\S*?(\/plugins\/)/, ' $1 $2')
    .replace(/(127\.0\.0\.1:)\d+/, '$1N');

/** The place of a piece of text that stands once in the file of a version. */
export type PlaceIn = (part: string, file?: string) => string;

export interface LeakCase {
  readonly parts: (version: number) => Parts;
  /** Other files beside `plugin.ts`, such as packages. */
  readonly files?: PluginFiles;
  /** Each line of a receipt, as `shown` gives it. */
  readonly expected: (at: PlaceIn, version: number) => readonly string[];
}

/** Runs a plugin in three versions, each replaced by the next; gives what stands on the receipts, and what should. */
export async function threeVersions({ parts, files, expected }: LeakCase) {
  const folder = (version: number): PluginFiles => {
    const own = Object.entries(files ?? {}).map(([path, text]) => [`leaky/${path}`, text]);
    return { ...Object.fromEntries(own), 'leaky/plugin.ts': leaky(version, parts(version)) };
  };
  await using test = await hostOf(folder(1));
  const seen: (readonly string[])[] = [];
  const wanted: (readonly string[])[] = [];
  for (const version of [1, 2, 3]) {
    const answer = await fetch(`${test.url}/leaky`);
    if (!answer.ok) throw new Error(test.log.join('\n'));
    await answer.text();
    await test.host.callService('leaky.worker', 'work');
    seen.push(
      shown(await replaced(test, 'leaky', folder(version + 1)))
        .map(roughly)
        .sort(),
    );
    const at: PlaceIn = (part, file = 'plugin.ts') =>
      placeOf(test, folder(version), `leaky/${file}`, part).replace(/:\d+$/, '');
    wanted.push([...expected(at, version)].sort());
  }
  return { seen, wanted };
}
