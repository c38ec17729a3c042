import type { BackplaneError } from '@backplane/base';
import type { LogRecord } from '@backplane/ports';
import { createLogging } from '@backplane/telemetry';
import { ManualClock } from '@backplane/testing';
import fc from 'fast-check';
import { type LogEvent, sql } from 'kysely';
import { expect, it, onTestFinished } from 'vitest';
import type { Store } from '../store.ts';
import { describeOnBoth, type TestDatabase } from '../testing/use-databases.ts';
import { createLogStore, type LogStore, type LogStoreOptions } from './create-log-store.ts';
import type { LogQuery } from './query-logs.ts';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;

async function open(database: TestDatabase, options: Partial<LogStoreOptions> & { readonly clock?: ManualClock } = {}) {
  const texts: string[] = [];
  const log = ({ query }: LogEvent) => void texts.push(query.sql);
  const store = await database.open({ log });
  const { clock = new ManualClock() } = options;
  const reported: BackplaneError[] = [];
  const logs = createLogStore({ store, report: (problem) => reported.push(problem), ...options, clock });
  onTestFinished(async () => {
    await logs.close();
    expect(clock.waiting).toBe(0);
    await store.close();
  });
  return { store, clock, reported, logs, texts };
}

const line = (message: string, more: Partial<LogRecord> = {}): LogRecord => ({
  time: 1_000,
  level: 'info',
  namespace: 'plugins.orders',
  message,
  fields: {},
  traceId: undefined,
  ...more,
});

const messages = async (logs: LogStore, query?: LogQuery) =>
  (await logs.query(query)).lines.map(({ message }) => message);

/** Every page, one after the other. */
async function all(logs: LogStore, query: LogQuery) {
  const found: string[] = [];
  let pages = 0;
  for (let cursor: string | undefined; ; pages++) {
    const page = await logs.query({ ...query, ...(cursor !== undefined && { cursor }) });
    found.push(...page.lines.map(({ message }) => message));
    if (page.cursor === undefined) return { found, pages: pages + 1 };
    cursor = page.cursor;
  }
}

/** Lets no one write, as a database that is away does. */
const rename = ({ db }: Store, from: string, to: string) =>
  sql`alter table ${sql.ref(from)} rename to ${sql.ref(to)}`.execute(db);

describeOnBoth('the log store', (fresh) => {
  it('keeps what a logger prints, whole and without secrets', async () => {
    const { store, logs } = await open(await fresh());
    const logging = createLogging({ destination: { write: () => {} } });
    logging.attach(logs.sink);
    logging.logger('backplane.gateway').warn('slow', { ms: 412 });
    logging.logger('plugins.orders.db', { instance: 2 }).info('half \ud800 nothing \0', {
      password: 'canary',
      trace_id: 't-1',
      nested: { apiKey: 'canary', list: [1, 'a\0b'] },
    });
    logging.logger('plugins.orders').error('failed', new Error('no') as never);
    logging.logger('plugins.orders').debug('not kept');
    const { lines } = await logs.query();
    expect(lines).toMatchObject([
      { level: 'error', plugin: 'orders', message: 'failed', fields: { error: { message: 'no' } } },
      {
        level: 'info',
        plugin: 'orders',
        namespace: 'plugins.orders.db',
        message: 'half \ufffd nothing \ufffd',
        traceId: 't-1',
        fields: { instance: 2, password: '[redacted]', nested: { apiKey: '[redacted]', list: [1, 'a\0b'] } },
      },
      { level: 'warn', plugin: undefined, namespace: 'backplane.gateway', message: 'slow', fields: { ms: 412 } },
    ]);
    expect(JSON.stringify(await store.db.selectFrom('plugin_logs').selectAll().execute())).not.toContain('canary');
  });

  it('writes lines in batches, when there are enough or their time has come', async () => {
    const { clock, logs, store, texts } = await open(await fresh(), { batchRows: 100, batchMs: 250 });
    const count = async () => (await store.db.selectFrom('plugin_logs').select('id').execute()).length;
    texts.length = 0;
    for (let n = 0; n < 130; n++) logs.sink(line(`${n}`));
    expect(logs.waiting).toBe(130);
    await expect.poll(count).toBe(100);
    expect(texts.filter((text) => text.startsWith('insert')).length).toBeLessThan(10);
    await clock.advance(250);
    await expect.poll(count).toBe(130);
    expect(logs.waiting).toBe(0);
  });

  it('finds the lines that are meant, as a plain search over all of them would', async () => {
    const { logs } = await open(await fresh());
    const namespaces = ['backplane', 'backplane.gateway', 'plugins.a', 'plugins.a.b', 'plugins.ab', 'plugins.A'];
    const words = ['Order', 'order', 'paid 100%', 'under_score', 'Größe', "it's"];
    const records: LogRecord[] = [];
    const record = fc.record({
      time: fc.integer({ min: 1_000, max: 1_020 }),
      level: fc.constantFrom(...LEVELS),
      namespace: fc.constantFrom(...namespaces),
      word: fc.constantFrom(...words),
      field: fc.constantFrom(...words, undefined),
      traceId: fc.constantFrom('t1', 't2', undefined),
    });
    for (const { word, field, ...rest } of fc.sample(record, { numRuns: 300, seed: 7 }))
      records.push({ ...rest, message: `${records.length} ${word}`, fields: field === undefined ? {} : { field } });
    for (const one of records) logs.sink(one);
    const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 1 });
    const query = fc.record({
      plugin: some(fc.constantFrom('a', 'ab', 'A', 'none')),
      level: some(fc.constantFrom(...LEVELS)),
      namespace: some(fc.constantFrom(...namespaces, 'plugins', 'plugins.a.')),
      since: some(fc.integer({ min: 999, max: 1_021 })),
      until: some(fc.integer({ min: 999, max: 1_021 })),
      text: some(fc.constantFrom('order', 'ORDER', '100%', '_', 'GRÖ', 'größe', "'s", '"field":"it')),
      traceId: some(fc.constantFrom('t1', 't3')),
      limit: fc.integer({ min: 1, max: 400 }),
    });
    const lower = (text: string) => text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
    await fc.assert(
      fc.asyncProperty(query, async ({ limit, ...given }) => {
        const { plugin, level, namespace, since, until, text, traceId } = given;
        const expected = records
          .map((one, index) => ({ ...one, index }))
          .filter(
            (one) => plugin === undefined || one.namespace.split('.').slice(0, 2).join('.') === `plugins.${plugin}`,
          )
          .filter((one) => level === undefined || LEVELS.indexOf(one.level) >= LEVELS.indexOf(level))
          .filter((one) => namespace === undefined || `${one.namespace}.`.startsWith(`${namespace}.`))
          .filter((one) => one.time >= (since ?? 0) && one.time < (until ?? 9_999))
          .filter((one) => traceId === undefined || one.traceId === traceId)
          .filter((one) => {
            const fields = Object.keys(one.fields).length === 0 ? '' : JSON.stringify(one.fields);
            return text === undefined || lower(`${one.message}\n${fields}`).includes(lower(text));
          })
          .sort((a, b) => b.time - a.time || b.index - a.index)
          .map(({ message }) => message);
        const meant = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
        const { found, pages } = await all(logs, { ...meant, limit });
        expect(found).toEqual(expected);
        expect(pages).toBe(Math.floor(expected.length / limit) + 1);
      }),
      { numRuns: 150 },
    );
  });

  it('turns pages without a gap or a repetition while lines are written and deleted', async () => {
    const { logs, store } = await open(await fresh());
    for (let n = 0; n < 50; n++) logs.sink(line(`${n}`, { time: 1_000 + Math.floor(n / 10) }));
    const first = await logs.query({ limit: 20 });
    for (let n = 50; n < 60; n++) logs.sink(line(`${n}`, { time: 1_005 }));
    await logs.flush();
    const last = first.lines.at(-1);
    await store.db
      .deleteFrom('plugin_logs')
      .where('id', '=', last?.id as number)
      .execute();
    const second = await logs.query({ limit: 20, cursor: first.cursor as string });
    expect([...first.lines, ...second.lines].map(({ message }) => Number(message))).toEqual(
      Array.from({ length: 40 }, (_, n) => 49 - n),
    );
    await expect(logs.query({ cursor: "1' or 1" })).rejects.toMatchObject({ code: 'BP_LOG_CURSOR', status: 400 });
  });

  it('looks through many lines in pieces, and finds the one', async () => {
    const { logs, texts } = await open(await fresh(), { room: 100_000 });
    logs.sink(line('the needle', { level: 'error', time: 900 }));
    for (let n = 0; n < 9_000; n++) logs.sink(line('hay'));
    await logs.flush();
    texts.length = 0;
    expect(await messages(logs, { level: 'error', limit: 1 })).toEqual(['the needle']);
    expect(await messages(logs, { text: 'needle' })).toEqual(['the needle']);
    expect(await messages(logs, { text: 'needle', plugin: 'none' })).toEqual([]);
    const shown = await logs.query({ level: 'info', limit: 5_000 });
    expect(shown.lines).toHaveLength(1_000);
  });

  it('waits for a database that is away, within bounds, and says how many lines did not find room', async () => {
    const { logs, store, clock, reported } = await open(await fresh(), { room: 20 });
    await rename(store, 'plugin_logs', 'away');
    for (let n = 0; n < 30; n++) logs.sink(line(`${n}`));
    await clock.advance(250);
    await expect.poll(() => reported.map(({ code }) => code)).toEqual(['BP_LOGS_NOT_WRITTEN']);
    await clock.advance(5_000);
    expect([logs.waiting, logs.dropped]).toEqual([20, 10]);
    await rename(store, 'away', 'plugin_logs');
    await clock.advance(30_000);
    await expect.poll(() => logs.waiting).toBe(0);
    expect(reported).toMatchObject([
      { code: 'BP_LOGS_NOT_WRITTEN' },
      { code: 'BP_LOGS_DROPPED', details: { lines: 10 } },
    ]);
    expect(await messages(logs)).toEqual(Array.from({ length: 20 }, (_, n) => `${19 - n}`));
    logs.sink(line('again'));
    expect((await messages(logs))[0]).toBe('again');
  });

  it('has no more in memory than it may, however long the lines are', async () => {
    const { logs, reported } = await open(await fresh(), { batchMs: 60_000 });
    const fields = { text: 'x'.repeat(60_000) };
    for (let n = 0; n < 1_000; n++) logs.sink(line(`${n}`, { fields }));
    expect(logs.waiting).toBeLessThan(600);
    expect(logs.dropped).toBeGreaterThan(400);
    logs.sink(line('huge', { fields: { text: 'x'.repeat(100_000) } }));
    await logs.flush();
    logs.sink(line('huge', { fields: { text: 'x'.repeat(100_000) } }));
    const [last] = (await logs.query({ text: 'huge' })).lines;
    expect(last?.fields).toEqual({ fields_omitted: 100_011 });
    expect(reported.map(({ code }) => code)).toContain('BP_LOGS_DROPPED');
  });

  it('deletes lines that are too old, and those that are too many, in steps', async () => {
    const clock = new ManualClock(100_000);
    const { logs, texts } = await open(await fresh(), { clock, keepMs: 10_000, keepRows: 300, sweepMs: 1_000 });
    for (let n = 0; n < 700; n++) logs.sink(line(`old ${n}`, { time: 89_000 }));
    for (let n = 0; n < 400; n++) logs.sink(line(`young ${n}`, { time: 99_000 }));
    await logs.flush();
    texts.length = 0;
    const turn = async () => {
      await clock.advance(1_000);
      return (await all(logs, { limit: 1_000 })).found;
    };
    await expect.poll(turn).toEqual(Array.from({ length: 300 }, (_, n) => `young ${399 - n}`));
    expect(texts.filter((text) => text.startsWith('delete')).length).toBeGreaterThanOrEqual(5);
    await clock.advance(15_000);
    await expect.poll(turn).toEqual([]);
  });

  it('keeps what was flushed, and all that was logged before it is closed', async () => {
    const database = await fresh();
    const store = await database.open();
    const logs = createLogStore({ store, report: () => {} });
    logs.sink(line('first'));
    await logs.close();
    logs.sink(line('late'));
    await store.close();
    const { logs: later } = await open(database);
    expect(await messages(later)).toEqual(['first']);
  });
});
