import type { ExtensionPointHandler, ExtensionPointInfo } from '@backplane/ports';
import type { Handler } from './handler.ts';
import type { HookEngine } from './hook-engine.ts';
import type { Point } from './point.ts';

/** The points that plugins and the host have declared, as data. Of one that two versions of a plugin have, the newer. */
export function describePoints(hooks: HookEngine): ExtensionPointInfo[] {
  return newest(hooks).map((point) => {
    const { name, type, version = '1.0.0', description = '', parameters = {}, returnType, sync } = point.declared;
    return {
      name,
      type,
      version,
      description,
      parameters,
      returnType: returnType ?? 'unknown',
      owner: point.owner?.identity.name ?? 'host',
      sync,
      failure: point.stops ? 'stop' : 'skip',
      timeoutMs: point.timeoutMs,
      dispatches: point.dispatches,
    };
  });
}

/** Who takes part at those, and who waits for points that are not there. */
export function describeHandlers(hooks: HookEngine): ExtensionPointHandler[] {
  const taking = newest(hooks).flatMap((point) => [
    ...point.handlers.map((handler) => described(handler, callsOf(point, handler))),
    ...point.leftOut.map(({ handler, reason }) => ({ ...described(handler, 0), leftOut: reason })),
  ]);
  const waiting = [...hooks.waiting().values()].flatMap((handlers) =>
    handlers.map((handler) => ({ ...described(handler, 0), leftOut: 'nobody has declared this point' })),
  );
  return [...taking, ...waiting];
}

function newest(hooks: HookEngine): Point[] {
  const byName = new Map<string, Point>();
  for (const point of hooks.points()) {
    const known = byName.get(point.declared.name);
    const isNewer = (point.owner?.identity.instance ?? 0) >= (known?.owner?.identity.instance ?? 0);
    if (known === undefined || isNewer) byName.set(point.declared.name, point);
  }
  return [...byName.values()];
}

/** Who is called at every dispatch is not counted apart. */
const callsOf = (point: Point, { test, figures }: Handler): number =>
  test === undefined && point.declared.type !== 'gate' ? point.dispatchesOfChain : figures.calls;

function described(handler: Handler, calls: number): ExtensionPointHandler {
  const { instance, point, name, priority, when, stored, figures } = handler;
  const { timed, totalMs, longestMs, failures, lastFailure } = figures;
  return {
    point,
    plugin: instance.identity.name,
    name,
    phase: instance.data.phase,
    priority,
    form: stored === undefined ? 'handler' : 'stored',
    ...(when !== undefined && { when }),
    figures: {
      calls,
      failures,
      meanMs: timed === 0 ? undefined : totalMs / timed,
      longestMs: timed === 0 ? undefined : longestMs,
      lastFailure,
    },
  };
}
