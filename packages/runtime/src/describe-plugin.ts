import { fork } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { BackplaneError, type ErrorFields, isBackplaneError, messageOf } from '@backplane/base';
import type { PluginCandidate } from '@backplane/discovery';
import { guardLifeline, LIFELINE } from '@backplane/isolation';
import { findPlugin, type Loader } from '@backplane/loader';
import type { ConfigSchema } from '@backplane/plugin-api';
import type { PluginData } from '@backplane/ports';
import { dataOf } from './data-of.ts';
import { errors } from './errors.ts';

/** What a plugin says of itself, read in a process of its own. */
export interface PluginDescription {
  readonly data: PluginData;
  readonly digest: string;
  /** The files that went in. */
  readonly inputs: readonly string[];
}

type Answer =
  | { readonly ok: true; readonly description: PluginDescription }
  | { readonly ok: false; readonly message: string; readonly fields?: ErrorFields };

/** Longer than the loader's own limit, which names what is wrong. This one ends endless loops. */
const LIMIT_MS = 35_000;

/**
 * Reads a plugin's metadata without running its code in this process. The configuration schema comes along where it is plain data.
 * @throws BP_PLUGIN_UNDESCRIBED, and whatever keeps the plugin from being loaded
 */
export async function describePlugin(
  candidate: PluginCandidate,
  child: { readonly entry: URL; readonly execArgv: readonly string[]; readonly env: Readonly<Record<string, string>> },
): Promise<PluginDescription> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const output: string[] = [];
  const undescribed = (reason: string) => errors.BP_PLUGIN_UNDESCRIBED({ plugin: candidate.name, reason });
  const worker = fork(child.entry, {
    serialization: 'advanced',
    execArgv: [...child.execArgv],
    env: { ...child.env, BACKPLANE_DESCRIBE: '1' } as NodeJS.ProcessEnv,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc', 'pipe'],
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  // Should this process go first, the child must not stay behind in an endless loop.
  const lifeline = worker.stdio[LIFELINE] as Duplex | undefined;
  lifeline?.on('error', () => {}).resume();
  worker.stderr?.setEncoding('utf8').on('data', (text) => output.push(text));
  worker.once('error', (error) => reject(undescribed(messageOf(error))));
  worker.once('message', (answer) => resolve(answer as Answer));
  worker.once('exit', (code, signal) => {
    const end = worker.killed ? `it was not done after ${LIMIT_MS} ms` : `it ended with ${signal ?? `code ${code}`}`;
    const ended = () => reject(undescribed(`${end}. ${output.join('').trim().slice(-2000)}`));
    // The end may be told before the answer has been read; the channel closes behind it.
    if (worker.connected) worker.once('disconnect', ended);
    else ended();
  });
  try {
    worker.send(candidate);
    const answer = await promise;
    if (answer.ok) return answer.description;
    throw answer.fields ? new BackplaneError(answer.fields, answer.message) : undescribed(answer.message);
  } finally {
    worker.kill('SIGKILL');
  }
}

/** The other side of `describePlugin`. */
export function describeInChild(self: NodeJS.Process, loader: Loader): void {
  guardLifeline(self);
  self.once('message', (message) => {
    void answerFor(message as PluginCandidate, loader).then((answer) => self.send?.(answer, () => self.exit(0)));
  });
}

async function answerFor(candidate: PluginCandidate, loader: Loader): Promise<Answer> {
  try {
    const { exports, digest, inputs } = await loader.load(candidate.entry);
    const data = dataOf(findPlugin(exports, candidate.exportName, candidate.entry), candidate, candidate.name);
    const description = { data: { ...data, config: plainSchema(data.config) }, digest, inputs };
    return { ok: true, description };
  } catch (error) {
    const message = messageOf(error);
    if (!isBackplaneError(error)) return { ok: false, message };
    const { code, status } = error;
    return { ok: false, message, fields: { code, status, details: {} } };
  }
}

/** A schema that is data; a Standard Schema is code, and stays behind. */
function plainSchema(schema: ConfigSchema | undefined): ConfigSchema | undefined {
  if (schema === undefined || '~standard' in schema) return undefined;
  return JSON.parse(JSON.stringify(schema)) as ConfigSchema;
}
