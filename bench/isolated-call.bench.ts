import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { systemClock } from '@backplane/base';
import { createProcessUnit } from '@backplane/isolation';
import type { CallContext } from '@backplane/plugin-api';
import type { InstanceHost, PluginData, RemoteService } from '@backplane/ports';

/**
 * A service call into an isolated plugin beside the bare IPC channel it goes over: run with
 * `node --conditions=backplane-source bench/isolated-call.bench.ts`.
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

interface Figure {
  /** Microseconds a call. */
  readonly wall: number;
  readonly cpu: number;
}

async function measure({ echo, pid }: Contender, calls: number, inFlight: number): Promise<Figure> {
  const cpu = () => {
    const { user, system } = process.cpuUsage();
    return user + system + childCpu(pid);
  };
  const [wallBefore, cpuBefore] = [performance.now(), cpu()];
  await run(echo, calls, inFlight);
  return { wall: ((performance.now() - wallBefore) * 1000) / calls, cpu: (cpu() - cpuBefore) / calls };
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** Round by round, so that both meet the same moods of the machine; gives the medians of the rounds' ratios, ours by raw. */
async function compare(title: string, calls: number, inFlight: number): Promise<Figure> {
  const rounds: { raw: Figure; ours: Figure }[] = [];
  for (const { echo } of [raw, ours]) await run(echo, 2 * calls, inFlight);
  for (let round = 0; round < ROUNDS; round++)
    rounds.push({ raw: await measure(raw, calls, inFlight), ours: await measure(ours, calls, inFlight) });
  for (const who of ['raw', 'ours'] as const) {
    const wall = median(rounds.map((round) => round[who].wall));
    const cpu = median(rounds.map((round) => round[who].cpu));
    const rate = Math.round(1e6 / wall);
    console.log(`${title}  ${who.padEnd(4)}  ${wall.toFixed(1)} µs wall, ${cpu.toFixed(1)} µs CPU, ${rate} calls/s`);
  }
  const ratio = (of: keyof Figure) => median(rounds.map((round) => round.ours[of] / round.raw[of]));
  return { wall: ratio('wall'), cpu: ratio('cpu') };
}

const raw = await rawChannel();
const ours = await isolatedService();
const latency = await compare(' 1 in flight', LATENCY_CALLS, 1);
const cost = await compare(`${IN_FLIGHT} in flight`, THROUGHPUT_CALLS, IN_FLIGHT);
await Promise.all([raw.end(), ours.end()]);

const inverse = (value: number) => (1 / value).toFixed(2);
console.log(`latency     ${latency.wall.toFixed(2)} x raw (CPU ${latency.cpu.toFixed(2)} x); promised: at most 1.30`);
console.log(`throughput  ${inverse(cost.wall)} x raw (by CPU ${inverse(cost.cpu)} x); promised: at least 1.50`);
process.exitCode = latency.wall <= 1.3 && 1 / cost.wall >= 1.5 ? 0 : 1;
