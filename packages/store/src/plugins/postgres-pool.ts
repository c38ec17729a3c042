import pg from 'pg';

/** Types as libSQL has them, too: a time is its text, JSON is text, and a number is a number where it fits into one. */
const PARSERS: Readonly<Record<number, (text: string) => unknown>> = {
  [pg.types.builtins.INT8]: (text) => {
    const number = Number(text);
    return Number.isSafeInteger(number) ? number : BigInt(text);
  },
  [pg.types.builtins.TIMESTAMPTZ]: (text) => {
    const time = new Date(text);
    return Number.isNaN(time.getTime()) ? text : time.toISOString();
  },
  [pg.types.builtins.TIMESTAMP]: (text) => text,
  [pg.types.builtins.DATE]: (text) => text,
  [pg.types.builtins.JSON]: (text) => text,
  [pg.types.builtins.JSONB]: (text) => text,
};

export const pluginTypes = {
  getTypeParser: ((oid: number, format?: 'text') =>
    PARSERS[oid] ?? pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
};

export interface PluginPoolOptions {
  readonly url: string;
  readonly connections: number;
  readonly statementMs: number;
  readonly onBroken: (error: Error) => void;
}

const CONNECT_MS = 10_000;

/** Connections of which each belongs to one plugin at a time. */
export function createPluginPool({ url, connections, statementMs, onBroken }: PluginPoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: CONNECT_MS,
    types: pluginTypes,
    statement_timeout: statementMs,
    application_name: 'backplane plugins',
  });
  pool.on('error', onBroken);
  // One that breaks while it is used says so to whoever uses it.
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}
