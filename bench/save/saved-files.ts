import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../../tools/child-env.mjs';

const FUNCTIONS = 10;

/** What is saved over and over, and what tells the version. */
export interface SavedFile {
  readonly file: string;
  textOf(version: number): string;
}

/** How a framework writes a module that serves the routes: what stands before the routes, and behind. */
export interface Frame {
  readonly before: string;
  readonly after: string;
}

/** Writes an entry with a route, and beside it the modules that it imports; with one file in all, that file is saved, else a small one. */
export async function writeEntry(folder: string, files: number, { before, after }: Frame): Promise<SavedFile> {
  await mkdir(folder, { recursive: true });
  const parts = Array.from({ length: Math.max(0, files - 2) }, (_, n) => n);
  for (const n of parts) await writeFile(join(folder, `part-${n}.ts`), partText(n));
  const entry = (version: string) => `${before}
${parts.map((n) => `import { weigh0 as w${n} } from './part-${n}.ts';`).join('\n')}
${version}
const weight: number = [${parts.map((n) => `w${n}`).join(', ')}].length;
const routes = async (app: FastifyInstance): Promise<void> => {
  app.get('/', async () => ({ version, weight }));
};
${after}
`;
  const small: SavedFile = {
    file: join(folder, 'version.ts'),
    textOf: (version) => `export const version: number = ${version};\n`,
  };
  const whole: SavedFile = {
    file: join(folder, 'index.ts'),
    textOf: (version) => entry(`const version: number = ${version};`),
  };
  const saved = files === 1 ? whole : small;
  if (saved === small) await writeFile(whole.file, entry("import { version } from './version.ts';"));
  await writeFile(saved.file, saved.textOf(0));
  return saved;
}

/** Lets what lies in the folder import what this repository has installed. */
export const shareModules = (folder: string): Promise<void> =>
  symlink(join(root, 'node_modules'), join(folder, 'node_modules'));

function partText(part: number): string {
  const functions = Array.from(
    { length: FUNCTIONS },
    (_, n) => `
export interface Input${n} { readonly id: number; readonly tags: readonly string[] }
export function weigh${n}({ id, tags }: Input${n}): number {
  return tags.map((tag) => tag.length * ${n + 1}).reduce((sum, one) => sum + one, id + ${part});
}`,
  );
  return `${functions.join('\n')}\n`;
}
