import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const GIB = 2 ** 30;
const MIB = 2 ** 20;

let child: ChildProcess;
let origin: string;
beforeAll(async () => {
  child = fork(fileURLToPath(new URL('./testing/compressing-child.ts', import.meta.url)), {
    execArgv: ['--conditions=backplane-source'],
  });
  [origin] = (await once(child, 'message')) as [string];
});
afterAll(() => child.disconnect());

interface Report {
  readonly produced: number;
  readonly maxRss: number;
  readonly inFlight: number;
}

async function report(): Promise<Report> {
  child.send('report');
  return ((await once(child, 'message')) as [Report])[0];
}

async function open(path: string): Promise<IncomingMessage> {
  const [answer] = (await once(get(origin + path), 'response')) as [IncomingMessage];
  return answer.pause();
}

async function lengthOf(answer: IncomingMessage): Promise<number> {
  let bytes = 0;
  for await (const chunk of answer) bytes += (chunk as Buffer).length;
  return bytes;
}

test('middleware compresses 1 GiB while the host stays under 150 MiB', async () => {
  const bytes = await lengthOf(await open(`/big/plain/${GIB}`));
  const { produced, maxRss, inFlight } = await report();
  expect(bytes).toBeGreaterThan(MIB);
  expect(produced).toBe(GIB);
  expect(inFlight).toBe(0);
  expect(maxRss).toBeLessThan(150 * MIB);
}, 120_000);

test('a body that middleware compresses is produced only as fast as the client reads', async () => {
  const answer = await open(`/big/random/${64 * MIB}`);
  // Stalled: many reports in a row say the same.
  let stalled = await report();
  for (let same = 0; same < 20; ) {
    const now = await report();
    same = now.produced === stalled.produced ? same + 1 : 0;
    stalled = now;
  }
  expect(stalled.produced).toBeGreaterThan(0);
  expect(stalled.produced).toBeLessThan(32 * MIB);
  expect(await lengthOf(answer)).toBeGreaterThan(64 * MIB);
  expect(await report()).toMatchObject({ produced: 64 * MIB, inFlight: 0 });
}, 60_000);
