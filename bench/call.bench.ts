/**
 * Resolving a service beside Map.get, and calling its method through a handle beside a bare async call.
 * An operation is 1,000 of them within one call, as a request would make them; so a row's figure is a thousand times that of one.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { definePlugin, requiresAuth, service, trackMetrics } from '@backplane/plugin-api';
import { createHost, type Host } from '@backplane/runtime';
import { defineBenchmark } from './harness.ts';

interface Greeter {
  greet(name: string): Promise<string>;
}
interface Loops {
  resolve(count: number): Promise<number>;
  call(count: number): Promise<number>;
  callDecorated(count: number): Promise<number>;
}

const TIMES = 1_000;
const SERVICES = 100;
const Greeter = service<Greeter>('greeter.greeter');
const Decorated = service<Greeter>('greeter.decorated');
const Loops = service<Loops>('caller.loops');
const bare: Greeter = { greet: async (name) => name };

const provider = definePlugin({
  name: 'greeter',
  version: '1.0.0',
  provides: [Greeter, Decorated],
  initialize(context) {
    context.provide(Greeter, { greet: async (name) => name });
    const guarded = requiresAuth({ system: true });
    const counted = trackMetrics({ metricName: 'greetings', timing: true, labels: { status: ({ status }) => status } });
    context.provide(Decorated, { greet: guarded(counted(async (name: string) => name)) });
  },
});

const caller = definePlugin({
  name: 'caller',
  version: '1.0.0',
  needs: { greeter: Greeter, decorated: Decorated },
  provides: [Loops],
  initialize(context) {
    context.provide(Loops, {
      async resolve(count) {
        let found = 0;
        for (let i = 0; i < count; i++) if (context.services.greeter !== undefined) found++;
        return found;
      },
      call: (count) => callOverAndOver(context.services.greeter, count),
      callDecorated: (count) => callOverAndOver(context.services.decorated, count),
    });
  },
});

async function callOverAndOver(greeter: Greeter, count: number): Promise<number> {
  let length = 0;
  for (let i = 0; i < count; i++) length += (await greeter.greet('ada')).length;
  return length;
}

/** What resolving is without any container: a look into a map of as many services as a host may have. */
function lookUpOverAndOver(): () => Promise<number> {
  const services = new Map<string, object>([[Greeter.id, bare]]);
  for (let i = 1; i < SERVICES; i++) services.set(`plugin-${i}.service`, {});
  return async () => {
    let found = 0;
    for (let i = 0; i < TIMES; i++) if (services.get(Greeter.id) !== undefined) found++;
    return found;
  };
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

const through = (host: Host, method: keyof Loops) => () => host.callService(Loops.id, method, TIMES);

export default defineBenchmark({
  name: 'call',
  description: 'resolving a service beside Map.get, and calling it beside a bare async call',
  async run(harness) {
    const folder = await mkdtemp(join(tmpdir(), 'backplane-bench-'));
    const production = await startHost(folder, 'production');
    const development = await startHost(folder, 'development');
    try {
      const resolving = await harness.compareCalls({
        baseline: 'Map.get',
        variants: { 'Map.get': lookUpOverAndOver(), 'context.services.NAME': through(production, 'resolve') },
      });
      const calling = await harness.compareCalls({
        baseline: 'bare async call',
        variants: {
          'bare async call': () => callOverAndOver(bare, TIMES),
          'handle, production': through(production, 'call'),
          'handle, production, requiresAuth and trackMetrics': through(production, 'callDecorated'),
          'handle, development (checks what crosses)': through(development, 'call'),
        },
      });
      harness.promise({
        text: 'resolving <= 2 x Map.get',
        limit: 2,
        measured: harness.ratio(resolving, 'context.services.NAME'),
      });
      harness.promise({
        text: 'a call, identity, deadline and counting included <= 14 x bare',
        limit: 14,
        measured: harness.ratio(calling, 'handle, production'),
      });
      harness.promise({
        text: 'a call that is guarded, counted by outcome and measured <= 14 x bare',
        limit: 14,
        measured: harness.ratio(calling, 'handle, production, requiresAuth and trackMetrics'),
      });
      return harness.report();
    } finally {
      await production.stop();
      await development.stop();
      await rm(folder, { recursive: true });
    }
  },
});
