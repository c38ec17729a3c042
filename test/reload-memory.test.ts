import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { HostProcess } from './testing/host-process.ts';
import { writePlugins } from './testing/plugin-files.ts';

const RELOADS = 2000;
/** Reloads after which caches are full and the compiler is done with this code. */
const WARM_UP = 500;
const EVERY = 50;
const MOST_BYTES_A_RELOAD = 1024;
/** The one that runs, one that drains, and one that the compiler or the collector still looks at. */
const MOST_INSTANCES_LEFT = 4;
const WORKERS = 3;
/** Between the requests of one worker: without it they take the processor from what is measured. */
const PAUSE_MS = 5;

const plugin = (n: number) => ({
  'counter/plugin.ts': `
import { definePlugin } from '@backplane/plugin-api';
import { Dependency } from 'dep';
interface Answer { plugin: number; dep: number }
const ballast = Array.from({ length: 2000 }, (_, at) => ({ at, n: ${n} }));
globalThis.expectCollected(ballast);
export default definePlugin({
  name: 'counter',
  version: '1.0.${n}',
  initialize(context) {
    const instance = { context, ballast, dependency: new Dependency() };
    globalThis.expectCollected(instance);
    globalThis.expectCollected(instance.dependency);
    context.scope.interval('tick', 5, () => { instance.ticks = (instance.ticks ?? 0) + 1; });
    context.http.routes((app) => {
      app.get('/', async (): Promise<Answer> => ({ plugin: ${n}, dep: instance.dependency.n }));
    });
  },
});
`,
  'counter/node_modules/dep/index.js': `
exports.Dependency = class Dependency { constructor() { this.n = ${n}; } };
`,
});

interface Measure {
  readonly heapUsed: number;
  /** What plugins handed in, and what of it is gone. */
  readonly made: number;
  readonly collected: number;
}

/** The slope of the line that fits best. */
function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(points.map((point) => point[0])), mean(points.map((point) => point[1]))];
  const covariance = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  return covariance / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
}

describe('a plugin with a package of its own, both changed at each of 2,000 reloads', () => {
  it('runs the new code of both, fails no request, and leaves nothing in memory', async () => {
    await using host = await HostProcess.start(
      {
        ...plugin(0),
        'counter/node_modules/dep/package.json': JSON.stringify({ name: 'dep', version: '1.0.0', main: 'index.js' }),
      },
      {
        entry: fileURLToPath(new URL('testing/measured-host.mjs', import.meta.url)),
        execArgv: ['--expose-gc'],
      },
    );
    const measure = async (): Promise<Measure> => {
      const answer = once(host.process, 'message');
      host.process.send('measure');
      return (await answer)[0] as Measure;
    };

    let running = true;
    let requests = 0;
    const failures: unknown[] = [];
    const worker = async () => {
      while (running) {
        const response = await fetch(`${host.url}/counter`).catch((error) => error);
        const body = await response.text?.();
        const { plugin: seen, dep } = JSON.parse(body ?? '{}');
        if (response.status !== 200 || seen !== dep) failures.push(body ?? response);
        requests++;
        await sleep(PAUSE_MS);
      }
    };
    const workers = Array.from({ length: WORKERS }, worker);
    const heap: [number, number][] = [];
    const took: number[] = [];
    const began = performance.now();
    for (let n = 1; n <= RELOADS; n++) {
      await writePlugins(host.plugins, plugin(n));
      const asked = performance.now();
      const reload = await host.reload('counter');
      took.push(performance.now() - asked);
      if (reload.status !== 200) failures.push(await reload.text());
      else await reload.body?.cancel();
      if (n % EVERY !== 0) continue;
      expect(await (await fetch(`${host.url}/counter`)).json()).toEqual({ plugin: n, dep: n });
      if (n >= WARM_UP) heap.push([n, (await measure()).heapUsed]);
    }
    const seconds = (performance.now() - began) / 1000;
    running = false;
    await Promise.all(workers);
    const bytes = slope(heap);
    const { made, collected } = await measure();
    took.sort((a, b) => a - b);
    console.log(
      `${RELOADS} reloads in ${seconds.toFixed(1)} s under ${requests} requests: median ${took[RELOADS / 2]?.toFixed(1)} ms, ` +
        `heap ${bytes.toFixed(0)} bytes a reload, ${collected} of ${made} objects collected`,
    );
    expect(failures).toEqual([]);
    expect(requests).toBeGreaterThan(RELOADS);
    expect(made).toBe(3 * (RELOADS + 1));
    expect(made - collected).toBeLessThanOrEqual(3 * MOST_INSTANCES_LEFT);
    expect(bytes).toBeLessThan(MOST_BYTES_A_RELOAD);
  }, 400_000);
});
