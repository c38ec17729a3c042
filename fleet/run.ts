import { readFileSync, writeFileSync } from 'node:fs';
import { type FleetArguments, readArguments, USAGE } from './arguments.ts';
import { type FleetResult, runFleet } from './fleet.ts';
import type { Operation } from './operations/operation.ts';
import { replayHint, reportLines } from './report.ts';

/** Besides the operations: to start and to empty the host, and for whatever hangs to be found out. Seconds. */
const GRACE_S = 420;

let asked: FleetArguments;
try {
  asked = readArguments(process.argv.slice(2));
} catch (error) {
  console.error(`${(error as Error).message}\n${USAGE}`);
  process.exit(2);
}

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(130);
    console.log('Ending after the operation under way; again to end at once.');
    stop.abort();
  });
}
const late = setTimeout(
  () => {
    console.error(`The run did not end within ${asked.seconds + GRACE_S} s (seed ${asked.seed}).`);
    process.exit(1);
  },
  (asked.seconds + GRACE_S) * 1000,
);

const { json, replay, ...options } = asked;
const script = replay === undefined ? undefined : operationsOf(replay);
console.log(`seed ${asked.seed}, ${asked.seconds} s, ${asked.neighbours} neighbours`);
const result = await runFleet({ ...options, script, stop: stop.signal, say: console.log });
clearTimeout(late);
for (const line of reportLines(result)) console.log(line);
if (json !== undefined) writeFileSync(json, `${JSON.stringify(asData(result), undefined, 1)}\n`);
if (result.findings.any) console.log(replayHint(asked));
process.exit(result.findings.any ? 1 : stop.signal.aborted ? 130 : 0);

function operationsOf(file: string): readonly Operation[] {
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly operations: readonly Operation[] }).operations;
}

function asData({ findings, figures, ...rest }: FleetResult) {
  const { operations, visits, others, latency } = figures;
  return {
    ...rest,
    findings: findings.list,
    figures: {
      operations: Object.fromEntries(operations),
      requests: Object.fromEntries(visits),
      others: Object.fromEntries(others),
      latency,
    },
  };
}
