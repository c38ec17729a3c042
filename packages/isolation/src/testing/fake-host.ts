import { createHash, createSign, createVerify, generateKeyPairSync } from 'node:crypto';
import {
  type CallContext,
  type CallOptions,
  type KeyInfo,
  type Logger,
  type SecurityService,
  type SignableData,
  WITH_OPTIONS,
} from '@backplane/plugin-api';
import type { ForwardTarget, InstanceHost, NeedData, PluginData, RemoteService } from '@backplane/ports';

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: Record<string, unknown>;
  readonly call: CallContext | undefined;
}

/** A question that reached the host's own service. */
export interface Asked {
  readonly question: unknown;
  readonly options: CallOptions;
}

/** The kernel's side of one instance, recorded. */
export interface FakeHost {
  readonly host: InstanceHost;
  readonly lines: LogLine[];
  readonly provided: Map<string, RemoteService>;
  readonly asked: Asked[];
  readonly forwarded: ForwardTarget[];
  /** Settles at the first `fail`. */
  readonly failed: Promise<Error>;
  readonly failures: Error[];
  readonly draining: AbortController;
  readonly ended: AbortController;
  /** Settles with the next line whose message holds the text. */
  line(text: string): Promise<LogLine>;
  /** Runs an action in a call, as the kernel would. */
  readonly run: <R>(call: CallContext, action: () => R) => R;
  /** What the host's own service does. */
  answer: (question: unknown, options: CallOptions) => unknown;
  /** Most bytes of a stream that were on their way and not yet asked for. */
  readonly pieces: number[];
}

const need = (key: string, serviceId: string, mode: NeedData['mode']): NeedData => ({
  key,
  serviceId,
  range: '*',
  mode,
});

export function probeData(): PluginData {
  const limits = { initialize: 30_000, start: 30_000, stop: 10_000, health: 5000, reconfigure: 10_000, drain: 30_000 };
  return {
    name: 'probe',
    version: '1.0.0',
    displayName: 'Probe',
    description: '',
    author: '',
    license: '',
    aliases: [],
    kinds: ['service'],
    type: 'custom',
    phase: 'business',
    priority: 100,
    dependencies: [],
    needs: [
      need('peer', 'answers.answers', 'required'),
      need('later', 'answers.answers', 'lazy'),
      need('missing', 'absent.absent', 'optional'),
    ],
    provides: ['probe.probe'],
    replace: 'beside',
    limits,
    metricsPrefix: 'probe',
    migrations: [],
    mounted: true,
    autoLoad: true,
    config: undefined,
  };
}

export function call(init: Partial<CallContext> = {}): CallContext {
  return {
    principal: { kind: 'user', id: 'ada', roles: ['signer'], permissions: ['sign'] },
    trace: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true },
    deadline: undefined,
    signal: new AbortController().signal,
    draining: new AbortController().signal,
    generation: 42,
    ...init,
  };
}

function fakeSecurity(pieces: number[]): SecurityService {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const digest = async (data: SignableData) => {
    const hash = createHash('sha256');
    for await (const piece of data instanceof Uint8Array ? [data] : data) {
      pieces.push(piece.length);
      hash.update(piece);
    }
    return hash.digest();
  };
  const info: KeyInfo = {
    keyId: 'key-1',
    name: 'k',
    spec: { type: 'ec', curve: 'P-256' },
    publicKey: String(publicKey.export({ type: 'spki', format: 'pem' })),
    createdAt: new Date(0).toISOString(),
  };
  return {
    ensureKey: async () => info,
    getKey: async () => info,
    sign: async ({ data }) =>
      createSign('sha256')
        .update(await digest(data))
        .sign(privateKey),
    verify: async ({ data, signature }) =>
      createVerify('sha256')
        .update(await digest(data))
        .verify(publicKey, signature),
  };
}

export function createFakeHost(config: unknown = {}): FakeHost {
  const lines: LogLine[] = [];
  const waiters: { text: string; resolve: (line: LogLine) => void }[] = [];
  let current: CallContext | undefined;
  const write =
    (level: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}) => {
      const line = { level, message, fields, call: current };
      lines.push(line);
      for (const waiter of waiters.filter(({ text }) => message.includes(text))) waiter.resolve(line);
    };
  const levels = ['trace', 'debug', 'info', 'warn', 'error'] as const;
  const logger = Object.fromEntries(levels.map((level) => [level, write(level)])) as unknown as Logger;
  const { promise: failed, resolve: fail } = Promise.withResolvers<Error>();
  const draining = new AbortController();
  const ended = new AbortController();
  const handle = (options: CallOptions): object => ({
    answer: async (question: unknown) => {
      fake.asked.push({ question, options });
      return fake.answer(question, options);
    },
    [WITH_OPTIONS]: (more: CallOptions) => handle({ ...options, ...more }),
  });
  const http = {
    routes: () => {},
    middleware: () => {},
    webSocket: () => {},
    forward: (target: ForwardTarget) => fake.forwarded.push(target),
  };
  const fake: FakeHost = {
    lines,
    provided: new Map(),
    asked: [],
    forwarded: [],
    failed,
    failures: [],
    draining,
    ended,
    pieces: [],
    line(text) {
      const known = lines.find(({ message }) => message.includes(text));
      if (known) return Promise.resolve(known);
      return new Promise((resolve) => waiters.push({ text, resolve }));
    },
    run(inCall, action) {
      current = inCall;
      try {
        return action();
      } finally {
        current = undefined;
      }
    },
    answer: (question) => `answer to ${question}`,
    host: {
      info: {
        identity: { name: 'probe', version: '1.0.0', instance: 1, level: 'process' },
        data: probeData(),
        scope: undefined as never,
        draining: draining.signal,
        ended: ended.signal,
      },
      scope: undefined as never,
      environment: 'test',
      config,
      http: http as unknown as InstanceHost['http'],
      logger,
      events: undefined as never,
      health: undefined as never,
      metrics: undefined as never,
      database: { dialect: 'libsql' } as never,
      registry: undefined as never,
      extensionPoints: undefined as never,
      cache: { limits: { maxEntries: 10, maxBytes: 1000 } } as InstanceHost['cache'],
      get security() {
        return security;
      },
      handle: ({ serviceId }) => (serviceId === 'answers.answers' ? handle({}) : undefined),
      provide: (id, implementation) => {
        fake.provided.set(id, implementation as RemoteService);
      },
      fail: (reason) => {
        fake.failures.push(reason as Error);
        fail(reason as Error);
      },
    },
  };
  const security = fakeSecurity(fake.pieces);
  return fake;
}
