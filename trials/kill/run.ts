import { readNumbers } from '../arguments.ts';
import { killHosts } from './kill.ts';

const asked = readNumbers('npm run kill -- [--times 200] [--seed 42]', {
  times: [200, 1, 100_000],
  seed: [42, 0, 2 ** 32 - 1],
});
/** The promise of the design. */
const READY_MS = 5000;

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
console.log(`seed ${asked.seed}, ${asked.times} kills`);
const { kills, seconds, acknowledged, underWay, readyMs, findings } = await killHosts({
  ...asked,
  say: console.log,
  stop: stop.signal,
});
for (const finding of findings) console.log(finding);
const sorted = [...readyMs].sort((a, b) => a - b);
const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
const longest = sorted.at(-1) ?? 0;
console.log(
  `${kills} kills in ${seconds.toFixed(0)} s: ${acknowledged} writes acknowledged, ${underWay} cut off, ${findings.length} findings`,
);
console.log(`ready again after ${median.toFixed(0)} ms (median), ${longest.toFixed(0)} ms (longest)`);
if (longest > READY_MS) console.log(`That is longer than ${READY_MS} ms.`);
process.exit(findings.length > 0 || longest > READY_MS ? 1 : stop.signal.aborted ? 130 : 0);
