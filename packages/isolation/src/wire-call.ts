import type { CallContext, Principal, TraceContext } from '@backplane/plugin-api';

/**
 * A call context as it crosses: one string, `TOKEN DEADLINE GENERATION SAMPLED TRACE-ID SPAN-ID PRINCIPAL-JSON`. As nested values it would cost
 * more to copy than everything else of a small call together; read it is only where somebody looks.
 */
export type WireCall = string;

const principals = new WeakMap<Principal, string>();

function principalJson(principal: Principal): string {
  let json = principals.get(principal);
  if (json === undefined) {
    const { kind, id, roles, permissions } = principal;
    json = JSON.stringify({ kind, id, roles, permissions });
    principals.set(principal, json);
  }
  return json;
}

/** `token` names the host's own call, so that calls made in it go on in the same generation. */
export function encodeCall(call: CallContext, token: number): WireCall {
  const { traceId, spanId, sampled } = call.trace;
  const { deadline, generation, principal } = call;
  return `${token} ${deadline ?? '-'} ${generation} ${sampled ? 1 : 0} ${traceId} ${spanId} ${principalJson(principal)}`;
}

/** What a wire call says. */
export interface DecodedCall {
  readonly token: number;
  readonly deadline: number | undefined;
  readonly generation: number;
  readonly trace: TraceContext;
  readonly principal: Principal;
}

export function decodeCall(wire: WireCall): DecodedCall {
  const [token, deadline, generation, sampled, traceId = '', spanId = ''] = wire.split(' ', 6);
  return {
    token: Number(token),
    deadline: deadline === '-' ? undefined : Number(deadline),
    generation: Number(generation),
    trace: { traceId, spanId, sampled: sampled === '1' },
    principal: JSON.parse(wire.slice(wire.indexOf('{'))),
  };
}

/** Header that carries a call from the host to the HTTP server of an isolated plugin. */
export const CALL_HEADER = 'x-backplane-call';

/** The value of that header: only who knows `secret` can make it. */
export function callHeader(wire: WireCall, secret: string): string {
  return `${secret}.${Buffer.from(wire).toString('base64url')}`;
}

/** What the header says; `undefined` when it was not made with `secret`. */
export function readCallHeader(value: unknown, secret: string): WireCall | undefined {
  if (typeof value !== 'string' || !value.startsWith(`${secret}.`)) return undefined;
  return Buffer.from(value.slice(secret.length + 1), 'base64url').toString();
}
