import { newSpanId, newTraceId } from '@backplane/base';
import type { TraceContext } from '@backplane/plugin-api';

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

/** Reads a W3C `traceparent` header; anything unreadable or all-zero starts a new trace, as the recommendation asks (section 3.2.2). */
export function readTraceparent(header: string | undefined): TraceContext {
  const match = header === undefined ? null : TRACEPARENT.exec(header);
  const [, traceId, spanId, flags] = match ?? [];
  if (
    traceId === undefined ||
    spanId === undefined ||
    header?.startsWith('ff') ||
    /^0+$/.test(traceId) ||
    /^0+$/.test(spanId)
  ) {
    return { traceId: newTraceId(), spanId: newSpanId(), sampled: false };
  }
  return { traceId, spanId, sampled: (Number.parseInt(flags ?? '0', 16) & 1) === 1 };
}
