/** What the gateway lets in. Milliseconds and bytes. */
export interface GatewayLimits {
  /** Largest body that a route without a parser of its own reads: 1 MiB. */
  readonly bodyBytes: number;
  /** Largest head of a request: 16 KiB. Own servers only. */
  readonly headerBytes: number;
  /** Longest request target, in characters: 8192. */
  readonly urlLength: number;
  /** Longest time for a request to arrive whole: 5 minutes. 0 for none, which uploads over slow lines need. Own servers only. */
  readonly requestTimeout: number;
  /** Longest time for the head of a request: 1 minute. Own servers only. */
  readonly headersTimeout: number;
  /** How long an idle connection is kept: 72 s, longer than most load balancers do. Own servers only. */
  readonly keepAliveTimeout: number;
  /** Requests, streams and upgraded connections served at once: 10,000. Pages of the host itself are not counted against it. */
  readonly inFlight: number;
}

export const DEFAULT_LIMITS: GatewayLimits = Object.freeze({
  bodyBytes: 1024 * 1024,
  headerBytes: 16 * 1024,
  urlLength: 8192,
  requestTimeout: 300_000,
  headersTimeout: 60_000,
  keepAliveTimeout: 72_000,
  inFlight: 10_000,
});
