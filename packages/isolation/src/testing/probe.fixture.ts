import { Readable } from 'node:stream';
import {
  BackplaneError,
  currentCall,
  definePlugin,
  lazy,
  optional,
  service,
  withCallOptions,
} from '@backplane/plugin-api';

/** What the probe offers: one method for each thing that can happen across the line. */
export interface Probe {
  echo(value: unknown): unknown;
  context(): unknown;
  askPeer(question: string): Promise<unknown>;
  askOutside(question: string): Promise<unknown>;
  askBriefly(question: string, timeout: number): Promise<unknown>;
  askWith(kind: 'function' | 'handle'): Promise<unknown>;
  hang(): Promise<string>;
  lastAbort(): unknown;
  failWith(kind: 'coded' | 'plain' | 'deep' | 'text'): never;
  giveBack(kind: 'function' | 'promise' | 'instance'): unknown;
  log(message: string, fields?: Record<string, unknown>): void;
  logOdd(): void;
  print(line: string): void;
  ticks(): number;
  end(how: 'exit' | 'throw' | 'reject' | 'loop' | 'disconnect' | 'stderr' | 'fail'): void;
  sign(bytes: number, piece: number): Promise<{ length: number; verified: boolean }>;
  slow(ms: number): Promise<void>;
  draining(): boolean;
  configIsFrozen(): boolean;
}

export interface Answers {
  answer(question: unknown): Promise<unknown>;
}

export const probe = service<Probe>('probe.probe');
export const answers = service<Answers>('answers.answers');
const absent = service<Answers>('absent.absent');

export default definePlugin({
  name: 'probe',
  version: '1.0.0',
  provides: [probe],
  needs: { peer: answers, later: lazy(answers), missing: optional(absent) },
  async initialize({ services, config, logger, http, security, scope, provide, fail, plugin }) {
    const settings = config as { middleware?: boolean; failInitialize?: boolean; greeting?: string };
    if (settings.failInitialize) throw new BackplaneError({ code: 'BP_PROBE', status: 418, details: { a: 1 } }, 'No.');
    if (settings.middleware) {
      try {
        http.middleware({ name: 'meddler', handle: (_, next) => next() });
      } catch {
        // A plugin that ignores the refusal is refused all the same.
      }
    }
    let ticks = 0;
    let lastAbort: unknown;
    scope.interval('tick', 5, () => {
      ticks++;
    });
    if (settings.greeting !== undefined) {
      http.routes((app) => {
        app.get('/stream', (request, reply) => {
          const pieces = async function* () {
            yield `${settings.greeting} ${request.call?.principal.id} `;
            yield String(await services.peer.answer('over http'));
          };
          return reply.header('content-type', 'text/plain').send(Readable.from(pieces()));
        });
      });
    }
    provide(probe, {
      echo: (value) => value,
      context() {
        const call = currentCall();
        return (
          call && { principal: call.principal, trace: call.trace, deadline: call.deadline, generation: call.generation }
        );
      },
      askPeer: (question) => services.peer.answer(question),
      askOutside: (question) =>
        new Promise((resolve, reject) => timerQueue.push(() => services.later.answer(question).then(resolve, reject))),
      askBriefly: (question, timeout) => withCallOptions(services.peer, { timeout }).answer(question),
      askWith: (kind) => services.peer.answer({ list: [1, kind === 'function' ? () => {} : services.peer] }),
      hang: () =>
        new Promise((_, reject) => {
          const signal = currentCall()?.signal;
          signal?.addEventListener('abort', () => {
            lastAbort = { code: signal.reason.code, message: signal.reason.message };
            reject(signal.reason);
          });
        }),
      lastAbort: () => lastAbort,
      failWith(kind) {
        if (kind === 'plain') throw Object.assign(new TypeError('plain trouble'), { code: 'E_PLAIN', statusCode: 409 });
        if (kind === 'text') throw 'just text';
        if (kind === 'deep') {
          let error: Error = new Error('bottom');
          for (let i = 0; i < 100; i++) error = new Error(`level ${i}`, { cause: error });
          throw error;
        }
        const cause = new Error('the disk is full');
        throw new BackplaneError({ code: 'BP_PROBE', status: 422, details: { at: 'here' } }, 'It did not work.', {
          cause,
        });
      },
      giveBack: (kind) =>
        kind === 'instance'
          ? { nested: new (class Point {})() }
          : kind === 'function'
            ? { nested: { act: () => {} } }
            : { nested: [new Map([['k', Promise.resolve()]])] },
      log: (message, fields) =>
        logger.info(message, {
          ...fields,
          error: new BackplaneError({ code: 'BP_PROBE', status: 500, details: {} }, 'logged'),
        }),
      logOdd: () => logger.warn('odd', { act: () => {}, n: 1 }),
      print: (line) => console.log(line),
      ticks: () => ticks,
      end(how) {
        if (how === 'exit') process.exit(7);
        if (how === 'throw')
          setImmediate(() => {
            throw new RangeError('nobody caught this');
          });
        if (how === 'reject') void Promise.reject(new RangeError('nobody awaited this'));
        if (how === 'disconnect') {
          process.removeAllListeners('disconnect');
          process.disconnect?.();
        }
        if (how === 'fail') fail(new BackplaneError({ code: 'BP_PROBE', status: 500, details: {} }, 'It gives up.'));
        if (how === 'stderr') {
          process.stderr.write('first line\nlast words\n');
          process.exit(3);
        }
        if (how === 'loop')
          setImmediate(() => {
            for (;;);
          });
      },
      async sign(bytes, piece) {
        const { keyId } = await security.ensureKey('k', { type: 'ec', curve: 'P-256' });
        const data = async function* () {
          for (let at = 0; at < bytes; at += piece) yield new Uint8Array(Math.min(piece, bytes - at)).fill(at & 255);
        };
        const signature = await security.sign({ keyId, algorithm: 'ECDSA-SHA256', data: data() });
        const verified = await security.verify({ keyId, algorithm: 'ECDSA-SHA256', data: data(), signature });
        return { length: signature.length, verified };
      },
      slow: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      draining: () => currentCall()?.draining.aborted ?? false,
      configIsFrozen: () => Object.isFrozen(config) && services.missing === undefined && plugin.level === 'process',
    });
    const timerQueue: (() => void)[] = [];
    const pump = setInterval(() => timerQueue.shift()?.(), 1);
    return {
      start: ({ state }) => {
        ticks = (state as { ticks: number } | undefined)?.ticks ?? 0;
      },
      health: () => ({ healthy: true, ticks }),
      handOver: () => ({ ticks, taken: new Date(0) }),
      reconfigure(next) {
        const asked = next as { exit?: boolean; refuse?: boolean; anew?: boolean };
        if (asked.exit) process.exit(7);
        if (asked.refuse)
          throw new BackplaneError(
            { code: 'BP_PROBE', status: 409, details: { frozen: Object.isFrozen(next) } },
            'No.',
          );
        if (asked.anew) return 'replace';
      },
      stop: () => clearInterval(pump),
    };
  },
});
