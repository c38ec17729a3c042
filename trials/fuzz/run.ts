import { readNumbers } from '../arguments.ts';
import { type Finding, type FuzzResult, fuzzApi } from './fuzz.ts';

const asked = readNumbers('npm run fuzz:api -- [--requests 20000] [--seed 42]', {
  requests: [20_000, 1, 1e7],
  seed: [42, 0, 2 ** 32 - 1],
});
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());

console.log(`seed ${asked.seed}, ${asked.requests} requests`);
const result = await fuzzApi({ ...asked, say: console.log, stop: stop.signal });
for (const finding of result.findings) console.log(textOf(finding));
console.log(summaryOf(result));
process.exit(result.findings.length > 0 ? 1 : stop.signal.aborted ? 130 : 0);

function textOf({ number, asked: { method, path, headers, body }, problem, answer }: Finding): string {
  const { authorization: _, ...shown } = headers;
  return [
    `\n${number}: ${problem}`,
    `  ${method} ${path} ${JSON.stringify(shown)}`,
    ...(body === undefined ? [] : [`  ${body.slice(0, 500)}`]),
    ...(answer === undefined ? [] : [`  -> ${answer.status} ${answer.text.slice(0, 500)}`]),
  ].join('\n');
}

function summaryOf({ requests, seconds, statuses, covered, findings }: FuzzResult): string {
  const answers = [...statuses].map(([status, count]) => `${status}: ${count}`).join(', ');
  const succeeded = [...covered].filter(([, seen]) => [...seen].some((status) => status < 300)).length;
  return `\n${requests} requests in ${seconds.toFixed(0)} s, ${findings.length} findings\nanswers ${answers}\n${succeeded} of ${covered.size} operations have done what they do`;
}
