import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { HeldEffect, LeakReceipt } from '@backplane/ports';
import { createTestHost, type TestHost } from '@backplane/testing';
import { type PluginFiles, writePlugins } from './plugin-files.ts';

/** Starts a host with these plugins, as files. */
export const hostOf = (files: PluginFiles): Promise<TestHost> =>
  createTestHost({
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
