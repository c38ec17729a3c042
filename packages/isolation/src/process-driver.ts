import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, withTimeLimit } from '@backplane/base';
import type { CallContext, Handover, HealthAnswer } from '@backplane/plugin-api';
import type { HeldEffect, InstanceDriver, InstanceHost } from '@backplane/ports';
import { CallLedger } from './call-ledger.ts';
import { type EndLimits, endProcess } from './end-process.ts';
import { errors } from './errors.ts';
import { HostSide, type RunInCall } from './host-side.ts';
import type { PluginProcess, ProcessEnd } from './plugin-process.ts';
import { ProcessLink } from './process-link.ts';
import { type ChildInit, type InitializeAnswer, SAY } from './protocol.ts';
import { CALL_HEADER, callHeader, encodeCall } from './wire-call.ts';
import { encodeError } from './wire-error.ts';

export interface ProcessDriverOptions {
  readonly host: InstanceHost;
  readonly entry: ChildInit['entry'];
  readonly childEntry: URL | string;
  readonly execArgv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly socketRoot: string;
  readonly clock: Clock;
  readonly limits: EndLimits;
  readonly run: RunInCall;
  /** A process that has read the plugin already, if there is one. */
  readonly take: () => ProcessLink | undefined;
}

interface Running {
  readonly link: ProcessLink;
}

type State =
  | { readonly phase: 'idle' }
  | ({ readonly phase: 'initializing' | 'running' | 'ending' } & Running)
  | { readonly phase: 'ended'; readonly reason: Error };

/** `sun_path` of the smallest system we run on (macOS), with its closing zero. */
const MAX_SOCKET_PATH = 103;

/** Runs one instance in a child process. The process is made by `initialize` and gone when `dispose` resolves. */
export class ProcessDriver implements InstanceDriver {
  readonly #options: ProcessDriverOptions;
  readonly #ledger = new CallLedger();
  readonly #secret = randomBytes(16).toString('hex');
  #state: State = { phase: 'idle' };
  #folder: string | undefined;
  #fatal: Error | undefined;
  #reconfigurable = false;

  constructor(options: ProcessDriverOptions) {
    this.#options = options;
  }

  async initialize(): Promise<void> {
    const { host } = this.#options;
    const socketPath = this.#makeFolder();
    const link = this.#options.take() ?? new ProcessLink({ ...this.#options, plugin: host.info.identity.name });
    const { process, peer } = link;
    this.#connect(link);
    this.#state = { phase: 'initializing', link };
    void process.ended.then((end) => this.#onEnd(link, end));
    const answer = (await peer.request(SAY.initialize, this.#init(socketPath))) as InitializeAnswer;
    for (const { id, methods } of answer.provides) host.provide(id, this.#remote(id, methods));
    if (answer.http) host.http.forward({ socketPath, ...answer.http, carry: (call) => this.#carry(call) });
    this.#reconfigurable = answer.reconfigurable;
    this.#orThrow();
    this.#state = { phase: 'running', link };
  }

  async start(handover: Handover): Promise<void> {
    await this.#ask(SAY.start, handover);
  }

  async health(): Promise<HealthAnswer> {
    return (await this.#ask(SAY.health)) as HealthAnswer;
  }

  quiesce(): Promise<unknown> {
    return this.#ask(SAY.quiesce);
  }

  async resume(): Promise<void> {
    await this.#ask(SAY.resume);
  }

  reconfigurable(): boolean {
    return this.#reconfigurable;
  }

  async reconfigure(next: unknown, previous: unknown): Promise<'accepted' | 'replace'> {
    return (await this.#ask(SAY.reconfigure, [next, previous])) as 'accepted' | 'replace';
  }

  /** Resolves also when the process has ended by itself: there is nothing left to stop. */
  async stop(): Promise<void> {
    if (this.#state.phase === 'idle' || this.#state.phase === 'ended') return;
    await this.#ask(SAY.stop);
  }

  /** Where its process has ended, so has all that it held. */
  async undo(): Promise<readonly HeldEffect[]> {
    if (this.#state.phase !== 'running') return [];
    const { clock, host } = this.#options;
    const { name, version } = host.info.identity;
    // Each effect there has the limit of `stop`, and the answer is on its way.
    const limitMs = 2 * host.info.data.limits.stop + 500;
    return withTimeLimit(
      clock,
      limitMs,
      () => this.#ask(SAY.undo) as Promise<readonly HeldEffect[]>,
      () => new Error(`Plugin "${name}" ${version} did not undo its effects within ${limitMs} ms.`),
    );
  }

  async dispose(): Promise<void> {
    const { info } = this.#options.host;
    info.draining.removeEventListener('abort', this.#onDraining);
    info.ended.removeEventListener('abort', this.#onEnded);
    const state = this.#state;
    try {
      if (state.phase === 'idle') this.#state = { phase: 'ended', reason: this.#gone(undefined) };
      else if (state.phase !== 'ended') await this.#end(state.link);
    } finally {
      if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true });
    }
  }

  readonly #onDraining = (): void => this.#tell(SAY.draining, this.#options.host.info.draining);
  readonly #onEnded = (): void => this.#tell(SAY.ended, this.#options.host.info.ended);

  /** The step that is under way may have been overtaken by `dispose`, or by the end of the process. */
  #orThrow(): void {
    if (this.#state.phase === 'ended') throw this.#state.reason;
  }

  #makeFolder(): string {
    this.#folder = mkdtempSync(join(this.#options.socketRoot, 'bp-'));
    const path = join(this.#folder, 's');
    if (Buffer.byteLength(path) > MAX_SOCKET_PATH)
      throw errors.BP_SOCKET_PATH_TOO_LONG({ path, limit: MAX_SOCKET_PATH });
    return path;
  }

  #connect(link: ProcessLink): void {
    const { host, run, clock } = this.#options;
    const side = new HostSide({
      host,
      run,
      clock,
      ledger: this.#ledger,
      peer: () => link.peer,
      callBack: (id, args, call) => this.#callBack(id, args, call),
      fatal: (error) => {
        this.#fatal = error;
      },
    });
    void link.process.ended.then(() => side.end());
    link.attach({
      request: (request) => side.request(request),
      note: (subject, payload) => side.note(subject, payload),
      stray: (message, error) => side.stray(message, error),
      line(stream, line) {
        host.logger[stream === 'stdout' ? 'info' : 'warn'](line, { stream, pid: link.process.pid });
      },
    });
    host.info.draining.addEventListener('abort', this.#onDraining);
    host.info.ended.addEventListener('abort', this.#onEnded);
  }

  #init(socketPath: string): ChildInit {
    const { host, entry } = this.#options;
    const { data, identity, draining } = host.info;
    return {
      data: { ...data, config: undefined },
      identity,
      environment: host.environment,
      config: host.config,
      entry,
      socketPath,
      secret: this.#secret,
      available: data.needs.filter((need) => host.handle(need) !== undefined).map(({ serviceId }) => serviceId),
      draining: draining.aborted,
      dialect: host.database.dialect,
      cacheLimits: host.cache.limits,
    };
  }

  #remote(service: string, methods: readonly string[]) {
    return {
      remote: true,
      methods,
      invoke: async (method: string, args: readonly unknown[], call: CallContext): Promise<unknown> => {
        const state = this.#state;
        if (state.phase === 'ended') throw state.reason;
        if (state.phase === 'idle') throw this.#gone(undefined);
        const token = this.#ledger.open(call);
        try {
          return await state.link.peer.request(
            SAY.invoke,
            [service, method, args, encodeCall(call, token)],
            call.signal,
          );
        } finally {
          this.#ledger.close(token);
        }
      },
    } as const;
  }

  async #callBack(id: number, args: readonly unknown[], call: CallContext | undefined): Promise<unknown> {
    if (call === undefined) return this.#ask(SAY.callback, [id, args, undefined]);
    const token = this.#ledger.open(call);
    try {
      return await this.#ask(SAY.callback, [id, args, encodeCall(call, token)]);
    } finally {
      this.#ledger.close(token);
    }
  }

  #carry(call: CallContext) {
    const token = this.#ledger.open(call);
    return {
      headers: { [CALL_HEADER]: callHeader(encodeCall(call, token), this.#secret) },
      release: () => this.#ledger.close(token),
    };
  }

  #ask(subject: string, payload?: unknown): Promise<unknown> {
    const state = this.#state;
    if (state.phase === 'ended') return Promise.reject(state.reason);
    if (state.phase === 'idle') return Promise.reject(this.#gone(undefined));
    return state.link.peer.request(subject, payload);
  }

  #tell(subject: string, { reason }: AbortSignal): void {
    if (this.#state.phase !== 'idle' && this.#state.phase !== 'ended')
      this.#state.link.peer.note(subject, encodeError(reason));
  }

  /** The process is gone, expected or not: whoever waits for it is told why. */
  #onEnd({ process, peer }: ProcessLink, end: ProcessEnd): void {
    const before = this.#state.phase;
    const reason = before === 'ending' ? this.#gone(process.pid) : this.#crash(process, end);
    this.#state = { phase: 'ended', reason };
    peer.close(reason);
    // While it initializes, the step itself fails with the same reason.
    if (before === 'running') this.#options.host.fail(reason);
  }

  #crash(process: PluginProcess, end: ProcessEnd): Error {
    const plugin = this.#options.host.info.identity.name;
    const { pid, stderr } = process;
    if (end.spawnError)
      return errors.BP_PROCESS_SPAWN_FAILED({ plugin, reason: end.spawnError.message }, { cause: end.spawnError });
    if (end.disconnected) return errors.BP_PROCESS_DISCONNECTED({ plugin, pid });
    const options = this.#fatal === undefined ? {} : { cause: this.#fatal };
    return errors.BP_PROCESS_EXITED({ plugin, pid, exitCode: end.exitCode, signal: end.signal, stderr }, options);
  }

  #gone(pid: number | undefined): Error {
    return errors.BP_PROCESS_ENDED({ plugin: this.#options.host.info.identity.name, pid });
  }

  async #end(link: ProcessLink): Promise<void> {
    const { limits, clock, host } = this.#options;
    this.#state = { phase: 'ending', link };
    const unclean = (error: unknown): void => {
      if (this.#state.phase !== 'ended') host.logger.warn('The plugin could not be disposed cleanly', { error });
    };
    await endProcess(link, { plugin: host.info.identity.name, clock, limits, unclean });
  }
}
