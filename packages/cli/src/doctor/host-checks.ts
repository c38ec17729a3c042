import { once } from 'node:events';
import { createServer } from 'node:net';
import { messageOf } from '@backplane/base';
import { type HostOptions, readConfiguration } from '@backplane/runtime';
import type { PluginsStatusBody } from '@backplane/wire';
import type { HostSession } from '../host-session.ts';
import { type Check, type Finding, fine, note, problem, warning } from './finding.ts';

/** A clock that is this much off confuses whoever compares logs. */
const MOST_OFF_MS = 5000;

/** Whether a host answers, and how it is; else whether one could. */
export function hostCheck(session: HostSession | undefined, options: HostOptions): Check {
  return {
    name: 'Host',
    async run() {
      if (session === undefined || session.offline) return portFinding(options);
      const { body, headers } = await session.ask({ path: '/plugins/status' });
      const { plugins, generation } = body as PluginsStatusBody;
      const running = plugins.filter(({ state }) => state === 'running').length;
      const findings: Finding[] = [
        fine(`A host runs ${running} of ${plugins.length} plugins, generation ${generation}`),
      ];
      for (const { name, state } of plugins)
        if (!['running', 'disabled', 'stopped', 'dormant'].includes(state))
          findings.push(warning(`Plugin "${name}" is ${state}.`, `backplane plugin why ${name}`));
      const off = Math.abs(Date.parse(headers.get('date') ?? '') - Date.now());
      if (off > MOST_OFF_MS)
        findings.push(warning(`The host’s clock is ${Math.round(off / 1000)} s off.`, 'Synchronise the clocks.'));
      return findings;
    },
  };
}

async function portFinding({ listen }: HostOptions): Promise<Finding[]> {
  const { host = '127.0.0.1', port = 8080 } = listen || {};
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    return [note(`No host runs. ${host}:${port} is free for one.`)];
  } catch (error) {
    return [
      problem(
        `No host runs, and none could at ${host}:${port}: ${messageOf(error)}.`,
        'Choose another port with --port.',
      ),
    ];
  } finally {
    server.close();
  }
}

/** Whether what a host keeps can be opened. `failure` is why no host could be reached and none opened. */
export function storeCheck(session: HostSession | undefined, failure: unknown): Check {
  return {
    name: 'Database',
    async run() {
      if (session === undefined && failure === undefined) return [note('There is none yet; the first start makes it.')];
      if (session === undefined) return [problem(messageOf(failure), 'See the code in docs/errors.md.')];
      const { status, body } = await session.ask({ path: '/api/v1/admin/environment' });
      if (status >= 400)
        return [
          problem(
            `The host refuses to tell: ${body.detail}`,
            'Give the token of the host: BACKPLANE_ADMIN_TOKEN, or --data.',
          ),
        ];
      return [
        fine(
          `${body.database === 'libsql' ? 'embedded and encrypted' : 'PostgreSQL'}, opens and has the newest schema`,
        ),
      ];
    },
  };
}

/** Whether what plugins are configured with is right. */
export function configurationCheck(options: HostOptions): Check {
  return {
    name: 'Configuration',
    async run() {
      const { plugins, strangers } = await readConfiguration(options);
      const findings: Finding[] = plugins.flatMap(({ plugin, issues, failure }) => [
        ...issues.map(({ place, message }) => problem(`${place ?? plugin}: ${message}`, 'backplane config validate')),
        ...(failure === undefined
          ? []
          : [problem(`${plugin}: ${failure.message.split('\n', 1)[0]}`, 'backplane config validate')]),
      ]);
      for (const { name, nearest } of strangers)
        if (nearest !== undefined)
          findings.push(problem(`No plugin "${name}" is found.`, `Write "${nearest}", if that is meant.`));
      return findings.length > 0 ? findings : [fine(`of ${plugins.length} plugins, right`)];
    },
  };
}

/** What production asks for. */
export function productionCheck({ environment, masterKey, databaseUrl, adminToken }: HostOptions): Check {
  return {
    name: 'Production',
    async run() {
      if (environment !== 'production') return [note(`The environment is ${environment}: errors are told in full.`)];
      const findings: Finding[] = [];
      if (masterKey === undefined)
        findings.push(
          warning(
            'The master key lies in the data folder, beside what it protects.',
            'Give it as BACKPLANE_MASTER_KEY from wherever you keep secrets.',
          ),
        );
      if (databaseUrl !== undefined && masterKey === undefined)
        findings.push(
          problem('Hosts that share a database need the same master key.', 'Give BACKPLANE_MASTER_KEY to each.'),
        );
      if (adminToken === undefined) findings.push(note('The management token lies in the data folder.'));
      return findings.length > 0 ? findings : [fine('asks for nothing more')];
    },
  };
}
