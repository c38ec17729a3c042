import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { systemClock } from '@backplane/base';
import { createProcessUnit } from '@backplane/isolation';
import type { CallContext } from '@backplane/plugin-api';
import type { InstanceHost, PluginData, RemoteService } from '@backplane/ports';
import { defineBenchmark, type Harness } from './harness.ts';
import { inRounds } from './rounds.ts';
import { median } from './statistics.ts';

/**
 * A service call into an isolated plugin beside the bare IPC channel it goes over: CPU of both processes, and wall time, since a channel is
 * waited for.
 * Both carry the same 100 bytes there and back; ours carries caller, trace, deadline and cancellation besides.
 */

const LATENCY_CALLS = 10_000;
const THROUGHPUT_CALLS = 40_000;
const ROUNDS = 9;
const IN_FLIGHT = 64;
const payload = { text: 'x'.repeat(80), n: 12345 };
const childEntry = new URL('./isolated-call.child.ts', import.meta.url);
const execArgv = ['--conditions=backplane-source'];
const ticksPerSecond = 100;

type Echo = (value: unknown, call: CallContext) => Promise<unknown>;
interface Contender {
  readonly echo: Echo;
  readonly pid: number;
  end(): Promise<void>;
}

async function rawChannel(): Promise<Contender> {
  const child: ChildProcess = fork(childEntry, ['raw'], { serialization: 'advanced', execArgv });
  const waiting: ((value: unknown) => void)[] = [];
  // The channel keeps order, so the oldest waiter gets each answer: less than any framing could do.
  child.on('message', (message) => waiting.shift()?.(message));
  const echo: Echo = (value) =>
    new Promise((resolve) => {
      waiting.push(resolve);
      child.send(value as object);
    });
  const end = () =>
    new Promise<void>((resolve) => {
      child.on('exit', () => resolve());
      child.disconnect();
    });
  return { echo, pid: child.pid ?? 0, end };
}

async function isolatedService(): Promise<Contender> {
  let service: RemoteService | undefined;
  const never = new AbortController().signal;
  const host = {
    info: {
      identity: { name: 'echo', version: '1.0.0', instance: 1, level: 'process' },
      data: { name: 'echo', needs: [], provides: ['echo.echo'] } as unknown as PluginData,
      draining: never,
      ended: never,
    },
    environment: 'bench',
    config: {},
    logger: { info: console.log, warn: console.error },
    provide: (_: string, implementation: RemoteService) => {
      service = implementation;
    },
    fail: console.error,
  } as unknown as InstanceHost;
  const options = { digest: '', origin: '', entry: { path: '' }, childEntry, execArgv, clock: systemClock };
  const driver = createProcessUnit({ data: host.info.data, ...options }).create(host);
  await driver.initialize();
  const remote = service as unknown as RemoteService;
  const echo: Echo = (value, call) => remote.invoke('echo', [value], call);
  return { echo, pid: Number(await remote.invoke('pid', [], newCall())), end: () => driver.dispose() };
}

/** A context of its own for each caller, as a request has one in the host. */
function newCall(): CallContext {
  const controller = new AbortController();
  return {
    principal: { kind: 'user', id: 'ada', roles: ['signer'], permissions: [] },
    trace: { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', sampled: false },
    deadline: Date.now() + 30_000,
    signal: controller.signal,
    draining: controller.signal,
    generation: 1,
  };
}

async function run(echo: Echo, calls: number, inFlight: number): Promise<void> {
  let left = calls;
  const caller = async () => {
    const call = newCall();
    while (left-- > 0) await echo(payload, call);
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
}

/** User and system time of another process, in microseconds, in steps of 10,000. */
function childCpu(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1e6;
}

/** Microseconds a call. */
interface Cost {
  readonly wall: number;
  readonly cpu: number;
}

async function measure({ echo, pid }: Contender, calls: number, inFlight: number): Promise<Cost> {
  const cpu = () => {
    const { user, system } = process.cpuUsage();
    return user + system + childCpu(pid);
  };
  const [wallBefore, cpuBefore] = [performance.now(), cpu()];
  await run(echo, calls, inFlight);
  return { wall: ((performance.now() - wallBefore) * 1000) / calls, cpu: (cpu() - cpuBefore) / calls };
}

interface Pair {
  readonly raw: Contender;
  readonly ours: Contender;
}

/** Round by round, so that both meet the same moods of the machine. Gives the median ratio of the wall times, ours by raw. */
async function compare(harness: Harness, pair: Pair, title: string, calls: number, inFlight: number): Promise<number> {
  for (const { echo } of [pair.raw, pair.ours]) await run(echo, 2 * calls, inFlight);
  const wall: Record<keyof Pair, number[]> = { raw: [], ours: [] };
  const rows = await inRounds(['raw', 'ours'], 'raw', ROUNDS, 'µs', async (variant) => {
    const who = variant as keyof Pair;
    const figure = await measure(pair[who], calls, inFlight);
    wall[who].push(figure.wall);
    return figure.cpu;
  });
  harness.add(
    rows.map((row) => ({
      ...row,
      variant: `${row.variant}, ${title}`,
      notes: { 'wall µs': median(wall[row.variant as keyof Pair]).toFixed(1) },
    })),
  );
  return median(wall.ours.map((value, round) => value / (wall.raw[round] ?? Number.NaN)));
}

export default defineBenchmark({
  name: 'isolated-call',
  description: 'a service call into an isolated plugin beside the bare IPC channel',
  async run(harness) {
    const pair = { raw: await rawChannel(), ours: await isolatedService() };
    try {
      const latency = await compare(harness, pair, '1 in flight', LATENCY_CALLS, 1);
      harness.promise({ text: 'latency <= 1.3 x the raw channel', limit: 1.3, measured: latency });
      const time = await compare(harness, pair, `${IN_FLIGHT} in flight`, THROUGHPUT_CALLS, IN_FLIGHT);
      harness.promise({
        text: 'throughput >= 1.5 x the raw channel',
        limit: 1.5,
        measured: 1 / time,
        direction: 'at least',
      });
      return harness.report();
    } finally {
      await Promise.all([pair.raw.end(), pair.ours.end()]);
    }
  },
});
