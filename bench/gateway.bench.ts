import { type Benchmark, type BenchmarkResult, ratioVerdict } from './harness/benchmark.ts';
import { Child } from './harness/child.ts';
import { type Contender, interleave } from './harness/interleave.ts';
import { LoadConnection } from './harness/load-connection.ts';

/** Each server is started anew this often: where V8 and the kernel lay things differs from process to process by some per cent. */
const LAUNCHES = 3;
const ROUNDS = 7;
const REQUESTS = 8_000;
const CONNECTIONS = 16;

const VARIANTS = [
  { name: 'bare Fastify', args: ['fastify', '0'] },
  { name: 'Fastify, 10 async hooks', args: ['fastify', '10'] },
  { name: 'host without middleware', args: ['host', '0'] },
  { name: 'host, 1 middleware plugin', args: ['host', '1'] },
  { name: 'host, 10 middleware plugins', args: ['host', '10'] },
] as const;

class Served implements Contender {
  readonly name: string;
  readonly child: Child;
  readonly connections: readonly LoadConnection[];

  constructor(name: string, child: Child, port: number) {
    this.name = name;
    this.child = child;
    this.connections = Array.from(
      { length: CONNECTIONS },
      () => new LoadConnection(port, '/hello/world', { 'x-client': 'abc' }),
    );
  }

  async run(requests: number): Promise<void> {
    await Promise.all(this.connections.map((connection) => connection.repeat(requests / CONNECTIONS)));
  }
}

async function launch(): Promise<BenchmarkResult['figures']> {
  await using started = new AsyncDisposableStack();
  const served: Served[] = [];
  for (const { name, args } of VARIANTS) {
    const child = started.use(new Child(new URL('./gateway.server.ts', import.meta.url), args));
    const variant = new Served(name, child, await child.next<number>());
    started.defer(() => {
      for (const connection of variant.connections) connection.close();
    });
    served.push(variant);
  }
  return await interleave(served, {
    rounds: ROUNDS,
    warmUp: 4,
    operations: REQUESTS,
    cpu: (contender) => (contender as Served).child.ask<number>('cpu'),
  });
}

export default {
  title:
    'CPU time of the server for one request, bare Fastify beside a whole host; each middleware or hook reads and sets a header',
  async run() {
    const launches: BenchmarkResult['figures'][] = [];
    for (let i = 0; i < LAUNCHES; i++) launches.push(await launch());
    const figures = VARIANTS.map(({ name }, index) => ({
      name,
      unit: 'µs',
      values: launches.flatMap((launched) => launched[index]?.values ?? []),
    }));
    const [bare, hooks, none, one, ten] = figures as [(typeof figures)[0], ...typeof figures];
    const versus = (name: string, ours = bare, peer = bare, limit = 0) =>
      ratioVerdict(name, ours, peer, 'at most', limit);
    return {
      figures,
      verdicts: [
        versus('host without middleware / bare Fastify', none, bare, 1.03),
        versus('host with 10 / Fastify with 10 hooks', ten, hooks, 1),
      ],
      notes: [
        `beside bare Fastify: 10 hooks ${versus('', hooks).measured.toFixed(3)} x, 1 middleware ${versus('', one).measured.toFixed(3)} x, 10 middleware ${versus('', ten).measured.toFixed(3)} x`,
        `${LAUNCHES} launches of ${ROUNDS} rounds of ${REQUESTS} requests over ${CONNECTIONS} connections; ratios within each round`,
      ],
    };
  },
} satisfies Benchmark;
