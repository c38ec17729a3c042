import type { CallContext, Principal } from '@backplane/plugin-api';

/** A call context as it crosses. `token` names the host's own call, so that calls made in it go on in the same generation. */
export type WireCall = readonly [
  token: number,
  principal: Principal,
  traceId: string,
  spanId: string,
  sampled: boolean,
  deadline: number | undefined,
  generation: number,
];

export function encodeCall(call: CallContext, token: number): WireCall {
  const { traceId, spanId, sampled } = call.trace;
  return [token, call.principal, traceId, spanId, sampled, call.deadline, call.generation];
}

/** Header that carries a call from the host to the HTTP server of an isolated plugin. */
export const CALL_HEADER = 'x-backplane-call';

/** The value of that header: only who knows `secret` can make it. */
export function callHeader(wire: WireCall, secret: string): string {
  return `${secret}.${Buffer.from(JSON.stringify(wire)).toString('base64url')}`;
}

/** What the header says; `undefined` when it was not made with `secret`. */
export function readCallHeader(value: unknown, secret: string): WireCall | undefined {
  if (typeof value !== 'string' || !value.startsWith(`${secret}.`)) return undefined;
  const [token, principal, traceId, spanId, sampled, deadline, generation] = JSON.parse(
    Buffer.from(value.slice(secret.length + 1), 'base64url').toString(),
  );
  return [token, principal, traceId, spanId, sampled, deadline ?? undefined, generation];
}
