import type { Duplex } from 'node:stream';
import type { BackplaneError } from '@backplane/base';
import { PROBLEM_MEDIA_TYPE } from '@backplane/wire';
import { errors } from './errors.ts';
import type { GatewayLimits } from './limits.ts';
import { bodyOf } from './problem-answer.ts';

/** Answers what the HTTP parser refuses: no request exists yet, so it is written to the socket. */
export function answerClientError(error: Error & { code?: string }, socket: Duplex, limits: GatewayLimits): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const refusal = refusalOf(error, limits);
  const body = JSON.stringify(bodyOf({ error: refusal }, { url: '', traceId: undefined }));
  const head = [
    `HTTP/1.1 ${refusal.status} ${REASONS[refusal.status] ?? 'Bad Request'}`,
    `content-type: ${PROBLEM_MEDIA_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

const REASONS: Readonly<Record<number, string>> = {
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

function refusalOf(error: Error & { code?: string }, limits: GatewayLimits): BackplaneError {
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return errors.BP_HTTP_REQUEST_TIMEOUT({});
  if (error.code === 'HPE_HEADER_OVERFLOW') return errors.BP_HTTP_HEADERS_TOO_LARGE({ limit: limits.headerBytes });
  return errors.BP_HTTP_BAD_REQUEST({ problem: 'it is not valid HTTP' }, { cause: error });
}
