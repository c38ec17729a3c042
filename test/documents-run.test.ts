import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);

/** The programs printed on a page, in order. */
async function programsOf(page: string): Promise<string[]> {
  const text = await readFile(join(root, page), 'utf8');
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, program = '']) => program);
}

describe('the programs of docs/embedding.md', async () => {
  const programs = await programsOf('docs/embedding.md');
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'backplane-documents-'));
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    await mkdir(join(folder, 'plugins'));
    await cp(join(root, 'examples/hello'), join(folder, 'plugins/hello'), { recursive: true });
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    await Promise.all(programs.map((text, index) => writeFile(join(folder, `program-${index}.ts`), text)));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('compile', async () => {
    const config = {
      extends: join(root, 'tsconfig.base.json'),
      compilerOptions: { noEmit: true, typeRoots: [join(root, 'node_modules/@types')] },
      include: ['*.ts'],
    };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const compiled = run(process.execPath, [compiler, '-p', folder]).catch((error) => error);
    expect((await compiled).stdout).toBe('');
  });

  it.each(programs.map((_, index) => index + 1))('run and end by themselves: number %i', async (number) => {
    const { stdout } = await run(process.execPath, [`program-${number - 1}.ts`], { cwd: folder, timeout: 30_000 });
    if (programs[number - 1]?.includes('getService<{ count()')) expect(stdout).toContain('\n7\n');
    if (programs[number - 1]?.includes('listPlugins')) expect(stdout).toContain("[ 'hello' ]");
  });
});
