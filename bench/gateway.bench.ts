/**
 * CPU time per request of the gateway beside bare Fastify. Run with
 * `node --conditions=backplane-source bench/gateway.bench.ts`.
 *
 * One process serves every variant, another drives them over keep-alive loopback connections, turn by turn, so that what disturbs the
 * machine disturbs all alike. The server measures its own CPU time. Ratios are medians of the ratios within a round.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { fork } from 'node:child_process';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createGateway, type MountTable } from '@backplane/gateway';
import type { Logger, MiddlewareDefinition } from '@backplane/plugin-api';
import type { Call, Entrances, InstanceInfo, View } from '@backplane/ports';
import { type FastifyInstance, fastify } from 'fastify';

const MIDDLEWARE = 10;
const VARIANTS = [
  'bare Fastify',
  'Fastify, 10 async onRequest hooks',
  'Fastify, 10 async onRequest + onSend hooks',
  'gateway, no middleware',
  'gateway, 1 middleware',
  'gateway, 10 middleware',
] as const;
type Variant = (typeof VARIANTS)[number];

// --- what is served: the same route everywhere; each hook or middleware reads a request header and sets a response header ---

const headerName = (i: number): string => `x-plugin-${i}`;

function addRoute(app: FastifyInstance, path: string): void {
  app.get(path, async () => ({ hello: 'world' }));
}

async function serveFastify(hooks: 'none' | 'onRequest' | 'both'): Promise<number> {
  const app = fastify();
  for (let i = 0; i < (hooks === 'none' ? 0 : MIDDLEWARE); i++) {
    const name = headerName(i);
    app.addHook('onRequest', async (request, reply) => {
      const value = request.headers['x-client'] as string;
      if (hooks === 'onRequest') reply.header(name, value);
    });
    if (hooks === 'both') {
      app.addHook('onSend', async (request, reply) => {
        reply.header(name, request.headers['x-client'] as string);
      });
    }
  }
  addRoute(app, '/hello/world');
  await app.listen({ host: '127.0.0.1', port: 0 });
  return (app.server.address() as AddressInfo).port;
}

const middleware = (i: number): MiddlewareDefinition => {
  const name = headerName(i);
  return {
    async handle(request, next) {
      const value = request.headers['x-client'] as string;
      const response = await next();
      response.headers.set(name, value);
      return response;
    },
  };
};

/** Entries and leaves as the kernel has them: a counter, one entry into the storage, lazy signals. */
class CountingHost implements Entrances {
  inFlight = 0;
  table: MountTable | undefined;
  readonly #storage = new AsyncLocalStorage<Call>();

  part<T>(): T {
    return this.table as T;
  }
  run<R>(call: Call, action: () => R): R {
    return this.#storage.run(call, action);
  }
  view(generation: number): View {
    const host = this;
    const principal = { kind: 'anonymous', id: 'anonymous', roles: [], permissions: [] } as const;
    class CountedCall {
      readonly generation = generation;
      readonly principal = principal;
      readonly deadline = undefined;
      #controller: AbortController | undefined;
      constructor() {
        host.inFlight++;
      }
      get signal(): AbortSignal {
        this.#controller ??= new AbortController();
        return this.#controller.signal;
      }
      cancel(reason: unknown): void {
        this.#controller?.abort(reason);
      }
      leave(): void {
        host.inFlight--;
      }
    }
    return { generation, enter: () => new CountedCall() as unknown as Call };
  }
}

const silent = (): void => {};
const logger: Logger = { trace: silent, debug: silent, info: silent, warn: silent, error: console.error };

function instanceOf(name: string): InstanceInfo {
  const never = new AbortController().signal;
  return {
    data: { name, aliases: [], phase: 'business', priority: 100 },
    scope: { add: silent },
    draining: never,
    ended: never,
  } as unknown as InstanceInfo;
}

async function serveGateway(count: number): Promise<number> {
  const host = new CountingHost();
  const gateway = createGateway({ entrances: host, logger });
  const instances: InstanceInfo[] = [];
  for (let i = 0; i < count; i++) {
    const instance = instanceOf(`plugin-${i}`);
    gateway.facet(instance).middleware(middleware(i));
    instances.push(instance);
  }
  const hello = instanceOf('hello');
  gateway.facet(hello).routes((app) => addRoute(app, '/world'));
  instances.push(hello);
  host.table = gateway.part.build({ id: 1, instances, unavailable: [], view: () => host.view(1) }, undefined);
  await gateway.part.warm?.(hello);
  return ((await gateway.listen({ host: '127.0.0.1', port: 0 })) as AddressInfo).port;
}

const SERVE: Record<Variant, () => Promise<number>> = {
  'bare Fastify': () => serveFastify('none'),
  'Fastify, 10 async onRequest hooks': () => serveFastify('onRequest'),
  'Fastify, 10 async onRequest + onSend hooks': () => serveFastify('both'),
  'gateway, no middleware': () => serveGateway(0),
  'gateway, 1 middleware': () => serveGateway(1),
  'gateway, 10 middleware': () => serveGateway(MIDDLEWARE),
};

async function runServer(): Promise<void> {
  process.on('message', () => process.send?.(process.cpuUsage()));
  process.once('disconnect', () => process.exit());
  const ports: number[] = [];
  for (const variant of VARIANTS) ports.push(await SERVE[variant]());
  process.send?.(ports);
}

// --- the load: raw sockets, so that the driver is never the bottleneck ---

const REQUEST = Buffer.from(
  'GET /hello/world HTTP/1.1\r\nhost: 127.0.0.1\r\nx-client: abc\r\naccept: */*\r\nuser-agent: bench\r\n\r\n',
);

class LoadConnection {
  readonly #socket: Socket;
  #expected = 0;
  #received = 0;
  #answered: () => void = silent;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.length;
      if (this.#expected === 0) this.#learn(chunk);
      if (this.#received < this.#expected) return;
      this.#received = 0;
      this.#answered();
    });
  }
  /** Every answer has the length of the first. */
  #learn(first: Buffer): void {
    const text = first.toString('latin1');
    const head = text.indexOf('\r\n\r\n') + 4;
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1]);
    if (!text.startsWith('HTTP/1.1 200') || !text.includes('"hello":"world"')) throw new Error(text);
    this.#expected = head + length;
  }
  async send(count: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let left = count;
    this.#answered = () => {
      if (--left === 0) resolve();
      else this.#socket.write(REQUEST);
    };
    this.#socket.write(REQUEST);
    await promise;
  }
  close(): void {
    this.#socket.destroy();
  }
}

export interface GatewayMeasurement {
  /** CPU microseconds per request, by variant, one for each round. */
  readonly cpu: Readonly<Record<Variant, readonly number[]>>;
}

/** Measures every variant in turn, `rounds` times. */
export async function measureGateway(rounds: number, requestsPerTurn: number): Promise<GatewayMeasurement> {
  const server = fork(fileURLToPath(import.meta.url), ['serve'], { execArgv: ['--conditions=backplane-source'] });
  const message = <T>() => new Promise<T>((resolve) => server.once('message', (value) => resolve(value as T)));
  const ports = await message<number[]>();
  const cpuTime = async (): Promise<number> => {
    const answer = message<NodeJS.CpuUsage>();
    server.send('cpu');
    const { user, system } = await answer;
    return user + system;
  };
  const connections = ports.map((port) => Array.from({ length: 16 }, () => new LoadConnection(port)));
  const cpu = Object.fromEntries(VARIANTS.map((variant) => [variant, [] as number[]])) as Record<Variant, number[]>;
  const turn = async (index: number, requests: number): Promise<number> => {
    const own = connections[index] ?? [];
    const before = await cpuTime();
    await Promise.all(own.map((connection) => connection.send(requests / own.length)));
    return ((await cpuTime()) - before) / requests;
  };
  for (let round = -2; round < rounds; round++) {
    // Backwards every other round: no variant always runs in the wake of the same one.
    const order = VARIANTS.map((_, index) => index);
    if (round % 2 !== 0) order.reverse();
    for (const index of order) {
      const time = await turn(index, requestsPerTurn);
      if (round >= 0) cpu[VARIANTS[index] as Variant].push(time);
    }
  }
  for (const connection of connections.flat()) connection.close();
  server.disconnect();
  return { cpu };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** The median of the ratios within each round. */
export function ratio({ cpu }: GatewayMeasurement, variant: Variant, base: Variant): number {
  return median(cpu[variant].map((time, round) => time / (cpu[base][round] as number)));
}

function print(measured: GatewayMeasurement): void {
  const row = (variant: string, time: string, bare: string) =>
    console.log(variant.padEnd(46), time.padStart(8), bare.padStart(8));
  row('CPU per request', 'µs', 'x bare');
  for (const variant of VARIANTS) {
    row(variant, median(measured.cpu[variant]).toFixed(1), ratio(measured, variant, 'bare Fastify').toFixed(3));
  }
  const hooks = ratio(measured, 'gateway, 10 middleware', 'Fastify, 10 async onRequest hooks');
  const both = ratio(measured, 'gateway, 10 middleware', 'Fastify, 10 async onRequest + onSend hooks');
  console.log(
    `gateway with 10 / Fastify with 10 onRequest hooks: ${hooks.toFixed(3)}; with 10 onRequest + onSend: ${both.toFixed(3)}`,
  );
}

if (process.argv[2] === 'serve') await runServer();
else if (import.meta.main) print(await measureGateway(Number(process.argv[2] ?? 11), Number(process.argv[3] ?? 8000)));
