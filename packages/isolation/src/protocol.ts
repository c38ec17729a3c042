import { baseErrors, findUncloneable, messageOf } from '@backplane/base';
import type { DatabaseDialect, Handover, PluginIdentity } from '@backplane/plugin-api';
import type { CacheLimits, PluginData, RouteDescription } from '@backplane/ports';
import type { UncloneableFrame } from './peer.ts';
import type { WireCall } from './wire-call.ts';

/** What the two halves say to each other. The value is the subject of a request or note; its payload type stands beside it. */
export const SAY = {
  /** Host to child: what is to be read before it runs, answered by what it is. The payloads are those of the entry. */
  describe: 'describe',
  /** Host to child: `ChildInit`, answered by `InitializeAnswer`. */
  initialize: 'initialize',
  /** Host to child: `Handover`. */
  start: 'start',
  health: 'health',
  /** Answered by the state for the next version. */
  quiesce: 'quiesce',
  resume: 'resume',
  /** Host to child: `ReconfigurePayload`, answered by `accepted` or `replace`. */
  reconfigure: 'reconfigure',
  stop: 'stop',
  /** Host to child: its scope is undone. Answered by the effects that could not be. */
  undo: 'undo',
  /** The child ends by itself after its answer. */
  dispose: 'dispose',
  /** Host to child, `CallPayload`: a service the plugin provides is called. */
  invoke: 'invoke',
  /** Host to child, notes, `WireError`: `InstanceInfo.draining` and `.ended` have aborted, with the reason. */
  draining: 'draining',
  ended: 'ended',
  /** Child to host, `NeedPayload`: the plugin calls a service it needs. */
  call: 'call',
  /** Child to host, `SecurityPayload`. */
  security: 'security',
  /** Child to host, `FacetPayload`: cache, events, metrics, the registry or the database of the plugin's context are used. A note where nobody waits. */
  facet: 'facet',
  /** Host to child, `CallbackPayload`: something that the child registered is called. */
  callback: 'callback',
  /** Host to child, stream id: the next piece of a byte stream, `undefined` at its end. */
  pull: 'pull',
  /** Host to child, note, stream id: no more is wanted. */
  giveUp: 'give-up',
  /** Child to host, note, `LogPayload`. */
  log: 'log',
  /** Child to host, notes, `WireError`: the plugin said `fail`; nobody caught an exception. */
  fail: 'fail',
  fatal: 'fatal',
} as const;

/** Everything the child must know to make the instance. */
export interface ChildInit {
  /** Without the configuration schema, which is not plain data: the configuration has been validated. */
  readonly data: PluginData;
  readonly identity: PluginIdentity;
  readonly environment: string;
  readonly config: unknown;
  readonly entry: { readonly path: string; readonly exportName?: string };
  /** Where to listen when the plugin speaks HTTP. */
  readonly socketPath: string;
  /** Proves that a call header was written by the host. */
  readonly secret: string;
  /** Service ids of needs that are met. */
  readonly available: readonly string[];
  readonly draining: boolean;
  /** Of the plugin's database. */
  readonly dialect: DatabaseDialect;
  readonly cacheLimits: CacheLimits;
}

export interface InitializeAnswer {
  /** Services and the names of their methods, in the order they were provided. */
  readonly provides: readonly { readonly id: string; readonly methods: readonly string[] }[];
  readonly reconfigurable: boolean;
  /** Set when the child listens on its socket. */
  readonly http: ListenAnswer | undefined;
}

/** What the child serves. */
export interface ListenAnswer {
  /** True where it accepts WebSockets. */
  readonly upgrades: boolean;
  readonly routes: readonly RouteDescription[];
}

export type StartPayload = Handover;
export type ReconfigurePayload = readonly [next: unknown, previous: unknown];
export type CallPayload = readonly [service: string, method: string, args: readonly unknown[], call: WireCall];
/** `token` names the host's own call in which this one is made, 0 outside any; `deadline` is absolute. */
export type NeedPayload = readonly [
  service: string,
  method: string,
  args: readonly unknown[],
  token: number,
  deadline: number | undefined,
];

/** The services of a context that only the host can answer. */
export type FacetName = 'cache' | 'events' | 'extensionPoints' | 'metrics' | 'registry' | 'database';
/** What registers something gives the id of its callback first. `token` is as in `NeedPayload`. */
export type FacetPayload = readonly [facet: FacetName, method: string, args: readonly unknown[], token: number];
/** `call` where the callback acts for somebody. */
export type CallbackPayload = readonly [id: number, args: readonly unknown[], call: WireCall | undefined];

/** Bytes that fit into one message, or the number of a stream to pull from. */
export type WireBytes = Uint8Array | { readonly stream: number };
export type SecurityPayload =
  | readonly [method: 'ensureKey', name: string, spec: unknown]
  | readonly [method: 'getKey', keyId: string]
  | readonly [method: 'sign', keyId: string, algorithm: string, data: WireBytes]
  | readonly [method: 'verify', keyId: string, algorithm: string, data: WireBytes, signature: Uint8Array];

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogPayload = readonly [
  level: LogLevel,
  message: string,
  fields: Readonly<Record<string, unknown>> | undefined,
  token: number,
  traceId: string | undefined,
];

/** The error for a value that could not be copied, naming the service and method where there is one. */
export function notCloneable(frame: UncloneableFrame, cause?: unknown): Error {
  const { subject, payload, part, value } = frame;
  const isCall = subject === SAY.invoke || subject === SAY.call;
  const [service, method, args] = isCall ? (payload as CallPayload) : [];
  const called = isCall ? `${service}.${method}()` : `"${subject}"`;
  const offender = findUncloneable(part === 'payload' && isCall ? args : value);
  const what =
    part === 'reply' ? `The result of ${called}` : isCall ? `An argument of ${called}` : `What goes with ${called}`;
  const details = {
    what,
    path: offender?.path ?? '',
    reason: offender?.reason ?? messageOf(cause),
    ...(isCall && { service, method }),
  };
  return baseErrors.BP_NOT_CLONEABLE(details, cause === undefined ? {} : { cause });
}
