import { randomUUID } from 'node:crypto';
import {
  type GatewayRequest,
  type GatewayResponse,
  MiddlewarePlugin,
  type NextMiddleware,
  type PluginMetadata,
  type PropertyMap,
} from '@backplane/plugin-api';

const config = {
  correlation_header: { type: 'string', minLength: 1, default: 'X-Correlation-ID' },
  timing_header: { type: 'string', minLength: 1, default: 'X-Processing-Time' },
} as const satisfies PropertyMap;

/** What a client may send as an id: anything else could forge lines in a log. */
const PLAIN = /^[\w.:-]{1,128}$/;

/** Gives every request an id, on its way in and on its answer, and says how long it took. */
export default class RequestTracing extends MiddlewarePlugin<typeof config> {
  static override readonly metadata: PluginMetadata = { name: 'request-tracing', version: '1.0.0', type: 'monitoring' };
  static override readonly config = config;

  async processRequest(request: GatewayRequest, callNext: NextMiddleware): Promise<GatewayResponse> {
    const { correlation_header, timing_header } = this.context.config;
    const name = correlation_header.toLowerCase();
    const sent = request.headers[name];
    const id = typeof sent === 'string' && PLAIN.test(sent) ? sent : randomUUID();
    // Seen by all middleware further in, and by the plugin that answers.
    request.headers[name] = id;

    const began = performance.now();
    const response = await callNext();
    response.headers.set(correlation_header, id);
    response.headers.set(timing_header, `${((performance.now() - began) / 1000).toFixed(6)}`);
    return response;
  }

  /** Far out: it measures what the others take. */
  override getMiddlewarePriority(): number {
    return 10;
  }
}
