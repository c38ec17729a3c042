import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { Benchmark } from './harness/benchmark.ts';
import { reportData, reportLines, thisMachine } from './harness/report.ts';

/**
 * `npm run bench -- NAME... [--json FILE]`: runs benchmarks one after the other. Exit code 1 where a promise was missed.
 * Without a name it says which there are.
 */
const ENDING = '.bench.ts';
const known = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(ENDING))
  .map((file) => file.slice(0, -ENDING.length))
  .sort();

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'string' } } });
const unknown = positionals.filter((name) => !known.includes(name));
const load = async (name: string) => ((await import(`./${name}${ENDING}`)) as { default: Benchmark }).default;

if (unknown.length > 0) {
  console.error(
    `There is no benchmark ${unknown.map((name) => `"${name}"`).join(', ')}. There are: ${known.join(', ')}.`,
  );
  process.exitCode = 2;
} else if (positionals.length === 0) {
  console.log('npm run bench -- NAME... [--json FILE]\n');
  for (const name of known) console.log(`  ${name.padEnd(16)}${(await load(name)).title}`);
} else {
  const machine = thisMachine();
  const reports: object[] = [];
  console.log(`Node ${machine.node}, ${machine.cores} x ${machine.cpu}, ${machine.date}`);
  for (const name of positionals) {
    const { title, run } = await load(name);
    console.log(`\n${name}: ${title}\n`);
    const result = await run();
    for (const line of reportLines(result)) console.log(line);
    reports.push(reportData(name, machine, result));
    if (result.verdicts.some(({ held }) => !held)) process.exitCode = 1;
  }
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(reports, undefined, 2)}\n`);
}
