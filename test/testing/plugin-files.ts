import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Contents of a plugin folder: text by path. */
export type PluginFiles = Readonly<Record<string, string>>;

/** Writes plugins, over those that are there. */
export async function writePlugins(folder: string, files: PluginFiles): Promise<void> {
  const write = async ([path, text]: [string, string]) => {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  };
  await Promise.all(Object.entries(files).map(write));
}
