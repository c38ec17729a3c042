import type { PluginStatus } from '@backplane/ports';
import { createHost, type Host } from '@backplane/runtime';
import type { Answered, Asked, Holdings, HostSettings, Leftovers, PluginNow, Question } from './host-messages.ts';

/** The host that the fleet lies in: as `backplane start` makes it, and besides it tells its parent what it holds. Run with --expose-gc. */
const settings = JSON.parse(process.argv[2] as string) as HostSettings;

/** A file that is being read or written, such as the anchor of the audit trail, is no thing that is held. */
const UNDER_WAY: ReadonlySet<string> = new Set(['FSReqPromise', 'FSReqCallback']);

/** Where plugins that leave something behind on purpose say how it can be taken away. */
interface LeftByPlugin {
  readonly kind: keyof Leftovers;
  readonly plugin: { readonly name: string; readonly instance: number };
  take(): void;
}
const left: LeftByPlugin[] = [];
Object.assign(globalThis, { fleetLeftovers: left });

const host = await createHost({
  pluginPaths: [`${settings.folder}/plugins`],
  configDir: `${settings.folder}/config`,
  dataDir: `${settings.folder}/data`,
  adminToken: settings.token,
  listen: { port: 0 },
  loadLimit: settings.loadLimit,
  logFormat: 'json',
  logLevel: 'warn',
  stopGrace: 0,
});
process.on('unhandledRejection', (error) => {
  host.logger.error('A promise was rejected and nobody looked.', { error });
});
process.on('SIGTERM', () => void host.stop().then(() => process.exit(0)));
// The terminal sends Ctrl-C to both; the director ends the host when it is done itself.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(1));
process.on('message', (asked: Asked) => void reply(asked, host));

const { url } = await host.start();
process.send?.({ url });

async function reply({ id, question }: Asked, host: Host): Promise<void> {
  try {
    process.send?.({ id, answer: await answer(question, host) } satisfies Answered);
  } catch (thrown) {
    const { code = 'none', message } = thrown as { code?: string; message: string };
    process.send?.({ id, error: { code, message } } satisfies Answered);
  }
}

function answer(question: Question, host: Host): unknown {
  switch (question) {
    case 'rescan':
      return host.rescan();
    case 'states':
      return host.status().map(stateOf);
    case 'receipts':
      return host.receipts();
    case 'holdings':
      return holdings();
    case 'clearLeftovers':
      return clearLeftovers(host);
  }
}

async function holdings(): Promise<Holdings> {
  // Finalizers run in tasks of their own, after the collection that found their targets; what they let go is found by the next.
  for (let round = 0; round < 3; round++) {
    await globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const { heapUsed, rss } = process.memoryUsage();
  const listeners = process.eventNames().map((event) => [String(event), process.listenerCount(event)] as const);
  return {
    heapUsed,
    rss,
    resources: countEach(process.getActiveResourcesInfo().filter((one) => !UNDER_WAY.has(one))),
    listeners: Object.fromEntries(listeners),
  };
}

function countEach(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function stateOf(status: PluginStatus): PluginNow {
  const { name, version, state, reason, level, instance, inFlight, draining } = status;
  return {
    name,
    version,
    phase: state.phase,
    reason,
    level,
    instance,
    inFlight,
    draining: draining.map((one) => one.version),
  };
}

/** Of those that do not serve any more; the others have not left yet. */
function clearLeftovers(host: Host): Leftovers {
  const serving = new Map(host.status().map(({ name, instance }) => [name, instance]));
  const counts = { intervals: 0, sockets: 0, listeners: 0, patches: 0 };
  for (const leftover of left.splice(0)) {
    const { kind, plugin, take } = leftover;
    if (serving.get(plugin.name) === plugin.instance) left.push(leftover);
    else {
      counts[kind]++;
      take();
    }
  }
  return counts;
}
