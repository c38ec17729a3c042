import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { CallContext, Principal } from '@backplane/plugin-api';
import type { CallInit } from '@backplane/ports';
import { errors } from './errors.ts';

const PRINCIPAL = 'x-backplane-principal';
const DEADLINE = 'x-backplane-deadline';
const PREFIX = 'x-backplane-';

const KINDS: readonly string[] = ['anonymous', 'user', 'service', 'system'] satisfies Principal['kind'][];

/** Principals last for many calls; each is encoded once. */
const encoded = new WeakMap<Principal, string>();

/** The headers that carry a call to a process of the same host. `readForwardedCall` reads them there. */
export function forwardedHeaders(call: CallContext): Record<string, string> {
  const { principal, trace, deadline } = call;
  let text = encoded.get(principal);
  if (text === undefined) {
    text = Buffer.from(JSON.stringify(principal)).toString('base64url');
    encoded.set(principal, text);
  }
  return {
    traceparent: `00-${trace.traceId}-${trace.spanId}-${trace.sampled ? '01' : '00'}`,
    [PRINCIPAL]: text,
    ...(deadline !== undefined && { [DEADLINE]: String(deadline) }),
  };
}

/**
 * How a call begins that another process of this host has sent on. Trust it only where nobody else can connect.
 * @throws BP_HTTP_BAD_FORWARDED
 */
export function readForwardedCall(headers: IncomingHttpHeaders): CallInit {
  const { traceparent, [PRINCIPAL]: principal, [DEADLINE]: deadline } = headers;
  return {
    traceparent: traceparent as string | undefined,
    ...(principal !== undefined && { principal: readPrincipal(String(principal)) }),
    ...(deadline !== undefined && { deadline: readDeadline(String(deadline)) }),
  };
}

function readPrincipal(text: string): Principal {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (isPrincipal(value)) return Object.freeze(value);
  } catch {
    // Broken JSON is refused as any other broken principal.
  }
  throw errors.BP_HTTP_BAD_FORWARDED({ header: PRINCIPAL });
}

function isPrincipal(value: unknown): value is Principal {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, id, roles, permissions } = value as Record<keyof Principal, unknown>;
  return KINDS.includes(kind as string) && typeof id === 'string' && areStrings(roles) && areStrings(permissions);
}

const areStrings = (value: unknown): boolean =>
  Array.isArray(value) && value.every((entry) => typeof entry === 'string');

function readDeadline(text: string): number {
  const deadline = Number(text);
  if (!Number.isFinite(deadline)) throw errors.BP_HTTP_BAD_FORWARDED({ header: DEADLINE });
  return deadline;
}

/** Takes every `x-backplane-*` header out of a request: only this host may set them. */
export function stripForwarded(request: IncomingMessage): void {
  const { rawHeaders } = request;
  for (let i = rawHeaders.length - 2; i >= 0; i -= 2) {
    const name = rawHeaders[i] as string;
    // Looked at for every header of every request: the cheap tests come first.
    if (name.length <= PREFIX.length || name.charCodeAt(1) !== 45) continue;
    const lower = name.toLowerCase();
    if (!lower.startsWith(PREFIX)) continue;
    // Both are made from the raw headers when first asked for, so before those change.
    delete request.headers[lower];
    delete request.headersDistinct[lower];
    rawHeaders.splice(i, 2);
  }
}
