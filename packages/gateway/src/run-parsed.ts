import type { ParsedRequest } from '@backplane/plugin-api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { OwnAnswer } from './answer.ts';
import { type Exchange, exchangeOf } from './exchange.ts';
import type { ParsedLayer } from './layer.ts';
import { failureOf, noAnswer } from './middleware-failure.ts';

/** The first `preValidation` hook of every app: lets middleware see what has been parsed before the route's schema judges it. */
export function afterParsing(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  const { parsing } = exchangeOf(request.raw) as Exchange;
  if (parsing === undefined || request.is404) done();
  else void runParsed(parsing, request, reply, done);
}

async function runParsed(
  layers: readonly ParsedLayer[],
  request: FastifyRequest,
  reply: FastifyReply,
  done: () => void,
): Promise<void> {
  const exchange = exchangeOf(request.raw) as Exchange;
  const parsed = new Parsed(request, exchange.destination.plugin as string);
  for (const layer of layers) {
    const answer = await answerOf(layer, exchange, parsed);
    if (answer !== undefined || !exchange.open) {
      // Fastify hears no more of this request.
      reply.hijack();
      if (answer !== undefined) exchange.offer(answer);
      return;
    }
  }
  done();
}

/** The answer that middleware gives, or that stands for its failure; `undefined` where the request goes on. */
async function answerOf(layer: ParsedLayer, exchange: Exchange, parsed: Parsed): Promise<OwnAnswer | undefined> {
  try {
    const given: unknown = layer.definition.onParsed(exchange, parsed);
    const answer = given instanceof Promise ? await given : given;
    if (answer === undefined || answer instanceof OwnAnswer) return answer;
    throw noAnswer(layer);
  } catch (thrown) {
    return exchange.gone ? undefined : exchange.middlewareFailed(failureOf(thrown, layer), layer);
  }
}

/** What Fastify has parsed, set on its request directly. */
class Parsed implements ParsedRequest {
  readonly plugin: string;
  readonly #request: FastifyRequest;

  constructor(request: FastifyRequest, plugin: string) {
    this.#request = request;
    this.plugin = plugin;
  }

  get route(): string {
    return this.#request.routeOptions.url ?? '';
  }
  get params(): Record<string, string> {
    return this.#request.params as Record<string, string>;
  }
  set params(params: Record<string, string>) {
    this.#request.params = params;
  }
  get query(): Record<string, unknown> {
    return this.#request.query as Record<string, unknown>;
  }
  set query(query: Record<string, unknown>) {
    this.#request.query = query;
  }
  get body(): unknown {
    return this.#request.body;
  }
  set body(body: unknown) {
    this.#request.body = body;
  }
}
