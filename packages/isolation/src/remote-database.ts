import type { DatabaseDialect } from '@backplane/plugin-api';
import type { SqlDatabase, SqlResult, SqlValue } from '@backplane/ports';
import type { FacetLink } from './facet-link.ts';

/** The plugin's database, which the host has. Its migrations have been made before this process ran anything of the plugin. */
export function createRemoteDatabase(link: FacetLink, dialect: DatabaseDialect): SqlDatabase {
  const ask = (method: string, args: readonly unknown[]) => link.ask('database', method, args);
  return {
    dialect,
    run: async (text, params, one) => (await ask('run', [text, plain(params), one])) as SqlResult,
    async begin() {
      const id = (await ask('begin', [])) as number;
      let over: Promise<unknown> | undefined;
      const end = (how: 'commit' | 'rollback') => {
        over ??= ask(how, [id]);
        return over as Promise<void>;
      };
      return {
        run: async (text, params, one) => (await ask('in', [id, text, plain(params), one])) as SqlResult,
        commit: () => end('commit'),
        rollback: () => (over === undefined ? end('rollback') : Promise.resolve()),
      };
    },
    migrate: async () => {},
  };
}

/** Of bytes that are a part of something larger, the whole would travel. */
const plain = (params: readonly SqlValue[]): readonly SqlValue[] =>
  params.map((value) =>
    value instanceof Uint8Array && value.byteLength < value.buffer.byteLength ? new Uint8Array(value) : value,
  );
