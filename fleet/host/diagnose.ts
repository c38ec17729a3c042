import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FleetHost } from './fleet-host.ts';

const STATUS_LIMIT_MS = 5000;
const REPORT_LIMIT_MS = 10_000;

/** What can be told of a host that does not do what it should, be it stuck in a loop: where it is, what it says, what it wrote last. */
export async function diagnose(host: FleetHost): Promise<string> {
  if (!host.alive) return `It ended with ${await host.exited}.\n${host.output}`;
  const [stack, states] = await Promise.all([readStack(host), readStates(host)]);
  return [`Stack:\n${stack}`, `Plugins that do not run:\n${states}`, `Written last:\n${host.output}`].join('\n\n');
}

async function readStates(host: FleetHost): Promise<string> {
  try {
    const status = await host.ask('states', STATUS_LIMIT_MS);
    const lines = status
      .filter(({ phase, draining }) => phase !== 'running' || draining.length > 0)
      .map(({ name, phase, reason, draining }) => `${name}: ${phase} ${reason} ${JSON.stringify(draining)}`);
    return lines.join('\n') || 'none';
  } catch (error) {
    return String(error);
  }
}

/** Node writes a report when it is told to by a signal, also in the middle of a loop. */
async function readStack(host: FleetHost): Promise<string> {
  const { folder } = host.settings;
  host.process.kill('SIGUSR2');
  for (const end = performance.now() + REPORT_LIMIT_MS; performance.now() < end; await sleep(100)) {
    const file = readdirSync(folder).find((name) => /^report\..*\.json$/.test(name));
    const text = file === undefined ? '' : readFileSync(join(folder, file), 'utf8');
    if (!text.trimEnd().endsWith('}')) continue;
    const { javascriptStack, libuv } = JSON.parse(text) as Report;
    const active = libuv.filter(({ is_active, type }) => is_active && type !== 'loop').map(({ type }) => type);
    return `${javascriptStack.message}\n${javascriptStack.stack?.join('\n')}\nactive: ${active.join(' ')}`;
  }
  return `no report within ${REPORT_LIMIT_MS} ms`;
}

interface Report {
  readonly javascriptStack: { readonly message: string; readonly stack?: readonly string[] };
  readonly libuv: readonly { readonly type: string; readonly is_active?: boolean }[];
}
