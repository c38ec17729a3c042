import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';
import type { EffectiveConfiguration } from '@backplane/ports';
import type { EffectiveConfigBody } from '@backplane/wire';
import { failureBody, pluginStatusBody } from '../status-bodies.ts';
import type { ApiParts } from './api-parts.ts';
import { type ApiRoute, filter } from './api-route.ts';
import { stepBody } from './change-body.ts';
import { findPlugin } from './find-plugin.ts';
import { time } from './plugin-body.ts';

/** Diagnostics of the host itself. */
export function adminRoutes(parts: ApiParts): ApiRoute[] {
  const { administration, control, audit, clock } = parts;

  const facts = (path: string, operationId: string, summary: string, read: () => unknown): ApiRoute => ({
    method: 'GET',
    url: `/api/v1/admin/${path}`,
    operationId,
    summary,
    answers: { 200: ['Facts of this moment.', 'Facts'] },
    handle: async () => ({ body: await read() }),
  });

  const generations = () => ({
    generation: control.generation(),
    ready: control.readiness().ready,
    changes: administration.changes().map(({ at, generation, tookMs, steps }) => ({
      at: time(at),
      generation,
      took_ms: tookMs,
      steps: steps.map(stepBody),
    })),
  });

  const scopes = () => ({
    plugins: control.status().map(({ name, instance, inFlight, holds, draining, receipts }) => ({
      plugin: name,
      instance: instance ?? null,
      in_flight: inFlight,
      holds: [...holds],
      draining: draining.map((one) => ({ version: one.version, instance: one.instance, in_flight: one.inFlight })),
      leaks: receipts.flatMap(({ version, held }) =>
        held.map(({ kind, label, reason }) => ({ version, kind, label, reason })),
      ),
    })),
  });

  const effective = async (plugin?: string): Promise<EffectiveConfigBody> => ({
    plugins: (await administration.effective(plugin)).map(effectiveBody),
  });

  return [
    facts('environment', 'getEnvironment', 'Versions, places and settings of the host', () =>
      administration.environment(),
    ),
    {
      method: 'GET',
      url: '/api/v1/admin/config',
      operationId: 'getEffectiveConfig',
      summary: 'What plugins are configured with, the layer and the place of each value, and what it hides',
      query: {
        type: 'object',
        properties: { plugin: filter('This one alone: by number, name or alias.', 63) },
        additionalProperties: false,
      } as never,
      answers: { 200: ['Without secrets.', 'EffectiveConfig'] },
      async handle({ query }) {
        const plugin = query.plugin === undefined ? undefined : (await findPlugin(parts, query.plugin)).row.name;
        return { body: await effective(plugin) };
      },
    },
    facts('generations', 'getGenerations', 'The last changes of what runs', generations),
    facts('scopes', 'getScopes', 'What plugins hold, and what old versions have left behind', scopes),
    {
      method: 'GET',
      url: '/api/v1/admin/event-loop',
      operationId: 'getEventLoop',
      summary: 'How busy the event loop is, measured while you wait',
      query: {
        type: 'object',
        properties: {
          seconds: { type: 'number', minimum: 0.01, maximum: 10, default: 1, description: 'How long to measure.' },
        },
        additionalProperties: false,
      } as never,
      answers: { 200: ['What was measured.', 'Facts'] },
      handle: async ({ query }) => ({ body: await eventLoop(query.seconds * 1000, (ms) => waited(parts, ms)) }),
    },
    facts('memory', 'getMemory', 'What the process uses', memory),
    {
      method: 'GET',
      url: '/api/v1/admin/log-levels',
      operationId: 'getLogLevels',
      summary: 'From which level namespaces are logged',
      answers: { 200: ['By namespace; the empty one is everything.', 'Facts'] },
      handle: async () => ({ body: { levels: administration.logLevels() } }),
    },
    {
      method: 'PUT',
      url: '/api/v1/admin/log-levels',
      operationId: 'setLogLevel',
      summary: 'Log a namespace from another level on, until the host ends',
      body: 'LogLevel',
      answers: { 200: ['By namespace.', 'Facts'] },
      async handle({ body: { namespace, level }, author: actor, origin }) {
        const before = administration.logLevels()[namespace] ?? null;
        await audit.record({ actor, origin, action: 'log.level', target: namespace, before, after: level });
        administration.setLogLevel(namespace, level ?? undefined);
        return { body: { levels: administration.logLevels() } };
      },
    },
    {
      method: 'POST',
      url: '/api/v1/admin/master-key/rotate',
      operationId: 'rotateMasterKey',
      summary: 'Seal everything anew under a fresh master key, while the host runs',
      answers: { 200: ['How many values were sealed.', 'Facts'] },
      async handle({ author: actor, origin }) {
        const resealed = await administration.rotateMasterKey();
        await audit.record({ actor, origin, action: 'master-key.rotate', target: 'master key', after: { resealed } });
        return { body: { resealed } };
      },
    },
    {
      method: 'GET',
      url: '/api/v1/admin/support-bundle',
      operationId: 'getSupportBundle',
      summary: 'All of these pages in one document, without secrets, to hand on',
      answers: { 200: ['The document.', 'Facts'] },
      async handle() {
        const body = {
          made_at: time(clock.now()),
          environment: administration.environment(),
          plugins: control.status().map((status) => pluginStatusBody(status, [])),
          failures: control
            .status()
            .flatMap(({ name, state }) =>
              'failure' in state ? [{ plugin: name, ...failureBody(state.failure) }] : [],
            ),
          config: await effective(),
          generations: generations(),
          scopes: scopes(),
          memory: memory(),
          event_loop: await eventLoop(100, (ms) => waited(parts, ms)),
          log_levels: administration.logLevels(),
        };
        const name = `backplane-support-${time(clock.now()).replaceAll(':', '-')}.json`;
        return { body, headers: { 'content-disposition': `attachment; filename="${name}"` } };
      },
    },
  ];
}

const waited = ({ clock }: ApiParts, ms: number) => new Promise<void>((done) => void clock.after(ms, done));

async function eventLoop(ms: number, wait: (ms: number) => Promise<void>) {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  const before = performance.eventLoopUtilization();
  delay.enable();
  await wait(ms);
  delay.disable();
  const { utilization } = performance.eventLoopUtilization(before);
  // An empty histogram has no numbers.
  const inMs = (nanoseconds: number) => (delay.count === 0 ? null : Math.round(nanoseconds / 1e4) / 100);
  return {
    measured_ms: ms,
    utilization: Math.round(utilization * 1e4) / 1e4,
    delay_ms: {
      mean: inMs(delay.mean),
      p50: inMs(delay.percentile(50)),
      p99: inMs(delay.percentile(99)),
      max: inMs(delay.max),
    },
  };
}

function memory() {
  const { rss, heapTotal, heapUsed, external, arrayBuffers } = process.memoryUsage();
  const { heap_size_limit, malloced_memory, number_of_native_contexts, number_of_detached_contexts } =
    getHeapStatistics();
  return {
    rss_bytes: rss,
    heap_total_bytes: heapTotal,
    heap_used_bytes: heapUsed,
    heap_limit_bytes: heap_size_limit,
    external_bytes: external,
    array_buffers_bytes: arrayBuffers,
    malloced_bytes: malloced_memory,
    native_contexts: number_of_native_contexts,
    detached_contexts: number_of_detached_contexts,
    spaces: getHeapSpaceStatistics().map((space) => ({
      name: space.space_name,
      size_bytes: space.space_size,
      used_bytes: space.space_used_size,
    })),
  };
}

const effectiveBody = ({
  plugin,
  enabled,
  values,
  problems,
}: EffectiveConfiguration): EffectiveConfigBody['plugins'][number] => ({
  plugin,
  enabled,
  values: values.map(({ key, value, layer, place, hidden }) => ({
    key,
    value,
    layer,
    place: place ?? null,
    hidden: hidden.map((lower) => ({ layer: lower.layer, place: lower.place ?? null })),
  })),
  problems: [...problems],
});
