/**
 * Lines of the log, kept, beside inserting each of them by itself with the driver; and what keeping adds to printing them.
 * An operation is 500 lines; so a row's figure is five hundred times that of one.
 */

import { createLogStore } from '@backplane/store';
import { createLogging } from '@backplane/telemetry';
import { defineBenchmark } from './harness.ts';
import { openBenchStores } from './store/bench-stores.ts';

const LINES = 500;
const LIMIT = 1 / 3;
const INSERT =
  'insert into plugin_logs (time, level, namespace, plugin, message, fields, trace_id) values (?,?,?,?,?,?,?)';
const fields = { method: 'GET', path: '/orders/17', status: 200, ms: 4.2 };
const traceId = 'a'.repeat(32);
const line = { level: 'info', namespace: 'plugins.orders', message: 'answered', fields, traceId } as const;

export default defineBenchmark({
  name: 'logs',
  description: 'kept lines of the log beside inserting each by itself',
  async run(harness) {
    await using stores = await openBenchStores();
    const { driver, store } = stores;
    const insert = driver.prepare(INSERT);
    const insertEach = () => {
      for (let n = 0; n < LINES; n++)
        insert.run([Date.now(), 'info', 'plugins.orders', 'orders', 'answered', JSON.stringify(fields), traceId]);
    };
    const synchronous = (level: string) => () => {
      driver.pragma(`synchronous = ${level}`);
      insertEach();
      driver.pragma('synchronous = full');
    };
    const logs = createLogStore({
      store,
      report: (problem) => {
        throw problem;
      },
    });
    const destination = { write: () => {} };
    const printing = createLogging({ destination }).logger('plugins.orders');
    const kept = createLogging({ destination });
    kept.attach(logs.sink);
    const keeping = kept.logger('plugins.orders');
    const given = { ...fields, trace_id: traceId };
    const print = () => {
      for (let n = 0; n < LINES; n++) printing.info('answered', given);
    };
    const [each, loose, batch] = ['driver, each by itself', 'driver, each, waiting for no disk', 'log store'];
    const rows = await harness.compareCalls({
      baseline: each,
      variants: {
        [each]: insertEach,
        [loose]: synchronous('normal'),
        [batch]: () => {
          for (let n = 0; n < LINES; n++) logs.sink({ ...line, time: Date.now() });
          return logs.flush();
        },
      },
    });
    harness.promise({
      text: 'kept <= 1/3 of the driver, each by itself',
      limit: LIMIT,
      measured: harness.ratio(rows, batch),
    });
    const beside = await harness.compareCalls({
      baseline: 'printed to nowhere',
      variants: {
        'printed to nowhere': print,
        'printed to nowhere and kept': () => {
          for (let n = 0; n < LINES; n++) keeping.info('answered', given);
          return logs.flush();
        },
      },
    });
    const [printed, both] = beside.map(({ cpu }) => cpu.median / LINES);
    console.log(
      `a request that logs one line: ${(((both ?? 0) - (printed ?? 0)) / 1000).toFixed(1)} µs more for keeping it`,
    );
    if (logs.dropped > 0) throw new Error(`${logs.dropped} lines were dropped.`);
    await logs.close();
    return harness.report();
  },
});
