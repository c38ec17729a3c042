/**
 * Audit rows beside inserting each of them by itself with the driver.
 * An operation is 200 rows; so a row's figure is two hundred times that of one. The driver's rows are hashed nowhere.
 */
import { join } from 'node:path';
import { systemClock } from '@backplane/base';
import { createSoftwareKeySigner } from '@backplane/security';
import { createAuditTrail, verifyAudit } from '@backplane/store';
import { defineBenchmark } from './harness.ts';
import { openBenchStores } from './store/bench-stores.ts';

const ROWS = 200;
const LIMIT = 1 / 3;
const INSERT =
  'insert into audit (node, sequence, time, actor, origin, action, target, before, after, previous_hash, hash) values (?,?,?,?,?,?,?,?,?,?,?)';
const hash = 'a'.repeat(64);
const [before, after] = [{ enabled: false }, { enabled: true, config: { greeting: 'Hello', keys: [1, 2, 3] } }];
const entry = { actor: 'ada', origin: '127.0.0.1', action: 'plugin.enable', target: 'orders', before, after };

export default defineBenchmark({
  name: 'audit',
  description: 'audit rows beside inserting each by itself',
  async run(harness) {
    await using stores = await openBenchStores();
    const { driver, store, folder } = stores;
    const insert = driver.prepare(INSERT);
    const [text, json] = [JSON.stringify(before), JSON.stringify(after)];
    let sequence = 0;
    const insertOne = () =>
      insert.run([
        'one',
        ++sequence,
        Date.now(),
        'ada',
        '127.0.0.1',
        'plugin.enable',
        'orders',
        text,
        json,
        hash,
        hash,
      ]);
    const insertEach = () => {
      for (let n = 0; n < ROWS; n++) insertOne();
    };
    const anchorFile = join(folder, 'audit.anchors');
    const trail = await createAuditTrail({
      store,
      node: 'one',
      signer: createSoftwareKeySigner({ directory: join(folder, 'keys'), clock: systemClock }),
      anchorFile,
      redact: (value) => value,
      report: (problem) => {
        throw problem;
      },
    });
    const rows = await harness.compareCalls({
      baseline: 'driver, each by itself',
      variants: {
        'driver, each by itself': insertEach,
        'driver, one transaction': driver.transaction(insertEach),
        'trail, at once': () => Promise.all(Array.from({ length: ROWS }, () => trail.record(entry))),
        'trail, one after the other': async () => {
          for (let n = 0; n < ROWS; n++) await trail.record(entry);
        },
      },
    });
    const measured = harness.ratio(rows, 'trail, at once');
    harness.promise({ text: 'rows at once <= 1/3 of the driver, each by itself', limit: LIMIT, measured });
    await trail.close();
    // What was measured is a trail that is whole.
    const started = process.cpuUsage();
    const report = await verifyAudit({
      store,
      node: 'one',
      keys: { [trail.key.keyId]: trail.key.publicKey },
      anchorFile,
    });
    const { user, system } = process.cpuUsage(started);
    if (!report.ok) throw new Error(`The trail is not whole: ${JSON.stringify(report.problems.slice(0, 3))}`);
    console.log(
      `verified ${report.rows} rows and ${report.heads} heads: ${((user + system) / report.rows).toFixed(1)} µs each`,
    );
    return harness.report();
  },
});
