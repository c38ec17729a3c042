import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { definePlugin, service } from '@backplane/plugin-api';
import { createHost, type Host } from '@backplane/runtime';
import { type Benchmark, type Figure, ratioVerdict } from './harness/benchmark.ts';
import { type Contender, interleave } from './harness/interleave.ts';

interface Greeter {
  greet(name: string): Promise<string>;
}

const bare: Greeter = { greet: async (name) => name };
const Greeter = service<Greeter>('greeter.greeter');
const SERVICES = 100;
const ROUNDS = 15;
const RESOLUTIONS = 2_000_000;
const CALLS = 200_000;

const provider = definePlugin({
  name: 'greeter',
  version: '1.0.0',
  provides: [Greeter],
  initialize(context) {
    context.provide(Greeter, { greet: async (name) => name });
  },
});

interface Loops {
  resolve(count: number): Promise<number>;
  call(count: number): Promise<number>;
}
const Loops = service<Loops>('caller.loops');

/** Does both within one call of its own, as a request would. */
const caller = definePlugin({
  name: 'caller',
  version: '1.0.0',
  needs: { greeter: Greeter },
  provides: [Loops],
  initialize(context) {
    context.provide(Loops, {
      async resolve(count) {
        let found = 0;
        for (let i = 0; i < count; i++) if (context.services.greeter !== undefined) found++;
        return found;
      },
      call: (count) => callOverAndOver(context.services.greeter, count),
    });
  },
});

async function callOverAndOver(greeter: Greeter, count: number): Promise<number> {
  let length = 0;
  for (let i = 0; i < count; i++) length += (await greeter.greet('ada')).length;
  return length;
}

async function startHost(folder: string, environment: string): Promise<Host> {
  const host = await createHost({
    plugins: [provider, caller],
    configDir: join(folder, 'config'),
    dataDir: join(folder, environment),
    environment,
    logLevel: 'error',
    listen: false,
  });
  await host.start();
  return host;
}

const through = (host: Host, method: keyof Loops) => (count: number) => host.callService(Loops.id, method, count);

/** What resolving is without any container: one look into a map of as many services. */
function mapLookups(): (count: number) => number {
  const services = new Map<string, object>([[Greeter.id, bare]]);
  for (let i = 1; i < SERVICES; i++) services.set(`plugin-${i}.service`, {});
  return (count) => {
    let found = 0;
    for (let i = 0; i < count; i++) if (services.get(Greeter.id) !== undefined) found++;
    return found;
  };
}

export default {
  title: 'resolving a service beside Map.get, and calling its method through a handle beside a bare async call',
  async run() {
    const folder = await mkdtemp(join(tmpdir(), 'backplane-bench-'));
    const hosts = [await startHost(folder, 'production'), await startHost(folder, 'development')] as const;
    try {
      const [production, development] = hosts;
      const resolving: Contender[] = [
        { name: 'Map.get', run: mapLookups() },
        { name: 'context.services.NAME', run: through(production, 'resolve') },
      ];
      const calling: Contender[] = [
        { name: 'bare async call', run: (count) => callOverAndOver(bare, count) },
        { name: 'through a handle, production', run: through(production, 'call') },
        { name: 'through a handle, development (checks what crosses)', run: through(development, 'call') },
      ];
      const resolved = await interleave(resolving, { rounds: ROUNDS, warmUp: 3, operations: RESOLUTIONS, unit: 'ns' });
      const called = await interleave(calling, { rounds: ROUNDS, warmUp: 3, operations: CALLS, unit: 'ns' });
      const [map, handle] = resolved as [Figure, Figure];
      const [direct, inProduction] = called as [Figure, Figure, Figure];
      return {
        figures: [...resolved, ...called],
        verdicts: [
          ratioVerdict('resolving / Map.get', handle, map, 'at most', 2),
          ratioVerdict('calling in production / a bare async call', inProduction, direct, 'at most', 14),
        ],
        notes: [
          'a handle finds its provider anew for each call, in the generation of the call: that is part of calling',
        ],
      };
    } finally {
      for (const host of hosts) await host.stop();
      await rm(folder, { recursive: true });
    }
  },
} satisfies Benchmark;
