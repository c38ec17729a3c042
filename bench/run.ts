/**
 * Runs one benchmark, or lists them.
 *   npm run bench [-- NAME [--json FILE]]
 */
import { glob, readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Benchmark, Harness } from './harness.ts';
import { printReport } from './report.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));
const { values, positionals } = parseArgs({ options: { json: { type: 'string' } }, allowPositionals: true });

async function names(): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const file of glob('*.bench.ts', { cwd: folder })) found.push(basename(file, '.bench.ts'));
  return found.sort();
}

/** The first sentence of a file's first docstring: the list must not run what it lists. */
async function summary(name: string): Promise<string> {
  const text = await readFile(`${folder}${name}.bench.ts`, 'utf8');
  const doc = /\/\*\*([\s\S]*?)\*\//.exec(text)?.[1] ?? '';
  return (
    doc
      .replaceAll(/\s*\n\s*\*?\s?/g, ' ')
      .trim()
      .split(/(?<=\.)\s/, 1)[0] ?? ''
  );
}

async function list(): Promise<void> {
  const all = await names();
  const width = Math.max(...all.map((name) => name.length));
  for (const name of all) console.log(`${name.padEnd(width)}  ${await summary(name)}`);
}

async function runOne(name: string): Promise<void> {
  if (!(await names()).includes(name)) throw new Error(`There is no benchmark "${name}". npm run bench lists them.`);
  // A script without a default export has done its work, and printed it, when the import resolves.
  const module: { default?: Benchmark } = await import(`./${name}.bench.ts`);
  if (module.default === undefined) return;
  const report = await module.default.run(new Harness(module.default.name));
  console.log(printReport(report));
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(report, null, 2)}\n`);
  if (report.promises.some((promise) => !promise.ok)) process.exitCode = 1;
}

const [name] = positionals;
await (name === undefined ? list() : runOne(name));
