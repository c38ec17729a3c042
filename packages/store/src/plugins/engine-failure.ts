import { errors } from '../errors.ts';
import type { EngineFailure } from './database-protocol.ts';

const RULES: Readonly<Record<string, string>> = {
  SQLITE_CONSTRAINT_UNIQUE: 'unique',
  SQLITE_CONSTRAINT_PRIMARYKEY: 'unique',
  SQLITE_CONSTRAINT_ROWID: 'unique',
  SQLITE_CONSTRAINT_FOREIGNKEY: 'foreign-key',
  SQLITE_CONSTRAINT_NOTNULL: 'not-null',
  SQLITE_CONSTRAINT_CHECK: 'check',
};

/** What SQLite says, with a code of ours. */
export function engineFailure(plugin: string, file: string, failure: EngineFailure): Error {
  const { code: reason, message: problem, details } = failure;
  if (reason === 'BP_DATABASE_VALUE') return errors.BP_DATABASE_VALUE(details as { place: string; problem: string });
  if (reason === 'LIMIT') return errors.BP_DATABASE_TOO_LARGE({ plugin, limit: problem });
  if (reason === 'SQLITE_NOMEM' || reason === 'SQLITE_TOOBIG')
    return errors.BP_DATABASE_TOO_LARGE({ plugin, limit: 'the memory that there is for it' });
  if (reason === 'ENDED') return errors.BP_DATABASE_TRANSACTION_ENDED({ plugin, reason: problem });
  if (reason === 'SQLITE_NOTADB') return errors.BP_STORE_UNREADABLE({ file });
  if (reason === 'SQLITE_FULL') return errors.BP_STORE_FULL({ file });
  if (reason.startsWith('SQLITE_CORRUPT')) return errors.BP_STORE_DAMAGED({ file, reason: problem });
  if (/^SQLITE_(?:CANTOPEN|READONLY|PERM|IOERR)/.test(reason) || problem.startsWith('ConnectionFailed'))
    return errors.BP_STORE_UNUSABLE({ folder: file, reason: problem });
  if (reason.startsWith('SQLITE_CONSTRAINT'))
    return errors.BP_DATABASE_CONSTRAINT({ plugin, rule: RULES[reason] ?? 'other', problem });
  return errors.BP_DATABASE_FAILED({ plugin, reason, problem });
}
