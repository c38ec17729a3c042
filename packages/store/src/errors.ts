import { defineErrors } from '@backplane/base';

/** Every code of this package. */
export const errors = defineErrors('store', {
  BP_STORE_IN_USE: {
    title: 'Another process owns the database.',
    status: 503,
    mend: 'Stop it first, give this host a data folder of its own, or let both use one PostgreSQL.',
    message: (d: { folder: string; owner: string | undefined }) =>
      `The database in ${d.folder} belongs to ${d.owner ?? 'another process'}.`,
  },
  BP_STORE_UNREADABLE: {
    title: 'The database cannot be read with this key.',
    mend: 'Give the key that it was made with. If that is the right one, the file is damaged: put a copy from its "backups" folder in its place.',
    message: (d: { file: string }) => `${d.file} was made with another key, or is damaged.`,
  },
  BP_STORE_DAMAGED: {
    title: 'The database file is damaged.',
    mend: 'Stop the host and put a copy from the "backups" folder beside it in its place.',
    message: (d: { file: string; reason: string }) => `${d.file} is damaged: ${d.reason}.`,
  },
  BP_STORE_MISSING: {
    title: 'A database file that was there is gone, or empty.',
    mend: 'Put a copy of it in its place; those of the host itself are in the "backups" folder beside it. To begin with an empty database, move the mark away that lies beside it and ends with ".made".',
    message: (d: { file: string }) => `${d.file} was made before, and there is nothing in it now.`,
  },
  BP_STORE_FULL: {
    title: 'The database cannot grow, because its disk is full.',
    status: 507,
    mend: 'Make room on the disk; nothing of the change was written.',
    message: (d: { file: string }) => `There is no room for ${d.file}.`,
  },
  BP_STORE_UNUSABLE: {
    title: 'The folder of the database cannot be used.',
    mend: 'Give the host a folder that its user may write to.',
    message: (d: { folder: string; reason: string }) => `No database can be kept in ${d.folder}: ${d.reason}.`,
  },
  BP_STORE_UNREACHABLE: {
    title: 'PostgreSQL cannot be reached.',
    status: 503,
    mend: 'Check that it runs, and the address, user, password and database in its configuration.',
    message: (d: { server: string; reason: string }) => `PostgreSQL at ${d.server} cannot be used: ${d.reason}.`,
  },
  BP_STORE_NEWER: {
    title: 'The database was made by a newer program that this one does not understand.',
    mend: 'Start the newer program again, or put the copy back that it made before it changed the database.',
    message: (d: { found: number; needs: number; knows: number }) =>
      `The database has schema ${d.found}, which programs can use that know schema ${d.needs}; this one knows ${d.knows}.`,
  },
  BP_STORE_MIGRATION_FAILED: {
    title: 'The database could not be brought to the schema of this program.',
    mend: 'Nothing of this step was written. Mend the cause and start again: it goes on where it stopped.',
    message: (d: { migration: string; reason: string }) => `Migration "${d.migration}" failed: ${d.reason}.`,
  },
  BP_STATE_STALE: {
    title: 'What is to run was changed by somebody else in between.',
    status: 412,
    mend: 'Read it again, look at what the other change was, and make yours on top of it.',
    message: (d: { expected: number; current: number | undefined }) =>
      `The change was made for revision ${d.expected}; ${d.current === undefined ? 'another one' : `revision ${d.current}`} is there now.`,
  },
  BP_OPERATION_ABANDONED: {
    title: 'The host ended while it carried out a change that was asked for.',
    status: 503,
    mend: 'Look at what runs and at the newest revision; ask for the change again if it is not there.',
    message: () => 'The host ended before it was done.',
  },
  BP_TEMPLATE_EXISTS: {
    title: 'There is a template of that name.',
    status: 409,
    mend: 'Give it another name.',
    message: (d: { name: string }) => `There is a template "${d.name}" already.`,
  },
  BP_AUDIT_REFUSED: {
    title: 'An operation cannot be audited, and so must not be done.',
    status: 503,
    mend: 'Mend the database and ask again; until then nothing that must be audited is done.',
    message: (d: { node: string; action: string; reason: string }) =>
      `"${d.action}" could not be written to the audit trail of ${d.node}: ${d.reason.replace(/\.?$/, '.')}`,
  },
  BP_AUDIT_BEHIND: {
    title: 'The database lacks audit rows that were anchored outside of it.',
    mend: 'Find out who put an older database in its place, or cut this one. The trail goes on, says so itself, and "audit verify" fails from now on.',
    message: (d: { node: string; anchored: number; found: number }) =>
      `The audit trail of ${d.node} was anchored up to row ${d.anchored}, and the database, which ends with row ${d.found}, does not have that row.`,
  },
  BP_AUDIT_ANCHOR_LOST: {
    title: 'The file with the anchors of the audit trail is gone, or was cut.',
    mend: 'Put it back from wherever it is shipped to. The trail goes on with what is there, and says so itself.',
    message: (d: { node: string; file: string; anchored: number }) =>
      `${d.file} does not have the anchor of row ${d.anchored} of ${d.node}, which the database says was written to it.`,
  },
  BP_AUDIT_ANCHOR_TORN: {
    title: 'The last line of the anchors of the audit trail is not whole.',
    mend: 'Nothing needs to be done: whoever wrote it was interrupted. The line stays, and does not count.',
    message: (d: { file: string }) => `The last line of ${d.file} has no end.`,
  },
  BP_AUDIT_NOT_ANCHORED: {
    title: 'The head of the audit trail could not be signed, or not be written outside of the database.',
    mend: 'Make room for the file and let this user write to it. It is tried again; until then rows that are cut off the end are not missed.',
    message: (d: { node: string; file: string; reason: string }) =>
      `The audit trail of ${d.node} could not be anchored in ${d.file}: ${d.reason}.`,
  },
  BP_DATABASE_SQL_REFUSED: {
    title: 'A plugin made a statement that would reach beyond its own tables, or that is not one statement.',
    status: 400,
    mend: 'See "Database" in docs/plugin-guide.md for what plugins may do.',
    message: (d: { reason: string; sql: string }) => `The statement is refused, because ${d.reason}: ${d.sql}`,
  },
  BP_DATABASE_FAILED: {
    title: 'The database could not make a statement of a plugin.',
    mend: '',
    advice: 'The message is the database’s own; `reason` in the details is its code.',
    message: (d: { plugin: string; reason: string; problem: string }) =>
      `The database of plugin "${d.plugin}" says: ${d.problem} (${d.reason})`,
  },
  BP_DATABASE_CONSTRAINT: {
    title: 'A row breaks a rule of its table.',
    status: 409,
    mend: '',
    advice: '`rule` in the details says which kind: unique, foreign-key, not-null, check.',
    message: (d: { plugin: string; rule: string; problem: string }) =>
      `A row of plugin "${d.plugin}" breaks a rule (${d.rule}): ${d.problem}`,
  },
  BP_DATABASE_TIMEOUT: {
    title: 'A statement of a plugin took too long and was ended.',
    status: 503,
    mend: 'Give it an index, or less to do at once.',
    message: (d: { plugin: string; limitMs: number }) =>
      `A statement of plugin "${d.plugin}" was ended after ${d.limitMs} ms; it has written nothing.`,
  },
  BP_DATABASE_WAITED: {
    title: 'A statement waited too long for a transaction of the same plugin, and was not made.',
    status: 503,
    mend: 'Make transactions shorter. Within transaction(), use the object that it gives, not context.database.',
    message: (d: { plugin: string; limitMs: number }) =>
      `A statement of plugin "${d.plugin}" waited ${d.limitMs} ms for a transaction.`,
  },
  BP_DATABASE_TOO_LARGE: {
    title: 'A statement of a plugin gives more than fits, or needs more memory than there is for it.',
    status: 413,
    mend: 'Ask for fewer rows at once, with "limit".',
    message: (d: { plugin: string; limit: string }) => `A statement of plugin "${d.plugin}" goes beyond ${d.limit}.`,
  },
  BP_DATABASE_VALUE: {
    title: 'A value cannot be stored.',
    status: 400,
    mend: '',
    advice: 'Strings, numbers, bigints of 64 bits, flags, dates, bytes, null, and objects and arrays as JSON can.',
    message: (d: { place: string; problem: string }) => `${d.place} cannot be stored: ${d.problem}.`,
  },
  BP_DATABASE_PARAMETERS: {
    title: 'A statement has another number of parameters than it was given.',
    status: 400,
    mend: '',
    advice: 'Count them: `$1` is the first.',
    message: (d: { wanted: number; given: number; sql: string }) =>
      `The statement wants ${d.wanted} parameters and was given ${d.given}: ${d.sql}`,
  },
  BP_DATABASE_PREPARE: {
    title: 'A prepared query does more with its parameters than to pass them on.',
    status: 400,
    mend: 'Pass them to the builder as they are, or use `builder` instead.',
    message: (d: { problem: string }) => `The query cannot be prepared: ${d.problem}.`,
  },
  BP_DATABASE_TRANSACTION_ENDED: {
    title: 'A transaction of a plugin has ended before its work had.',
    status: 503,
    mend: 'Nothing of it was written.',
    message: (d: { plugin: string; reason: string }) => `A transaction of plugin "${d.plugin}" has ended: ${d.reason}.`,
  },
  BP_DATABASE_LOST: {
    title: 'The database went away while it made a statement.',
    status: 503,
    mend: 'It is opened again at the next use. Whether this statement was made is not known.',
    message: (d: { plugin: string; reason: string }) => `The database of plugin "${d.plugin}" went away: ${d.reason}.`,
  },
  BP_DATABASE_BUSY: {
    title: 'Too many statements wait for the database.',
    status: 503,
    mend: 'Try again later.',
    message: (d: { plugin: string; limit: number }) => `${d.limit} statements of plugin "${d.plugin}" wait already.`,
  },
  BP_DATABASE_CLOSED: {
    title: 'The databases of plugins have been closed, because the host stops.',
    status: 503,
    mend: '',
    advice: 'Finish what is to be written in stop().',
    message: (d: { plugin: string }) => `The database of plugin "${d.plugin}" is closed.`,
  },
  BP_DATABASE_MIGRATIONS_INVALID: {
    title: 'The migrations of a plugin are not as they must be.',
    status: 409,
    mend: '',
    advice: 'Each has a name of its own, and SQL for the database of the host.',
    message: (d: { plugin: string; problem: string }) => `The migrations of plugin "${d.plugin}": ${d.problem}.`,
  },
  BP_DATABASE_MIGRATION_CHANGED: {
    title: 'A migration that was made is not what it was.',
    status: 409,
    mend: 'Put it back as it was released, and add another one after it.',
    message: (d: { plugin: string; migration: string; found: string }) =>
      `Migration "${d.migration}" of plugin "${d.plugin}" is not the one that its database has been through: ${d.found}.`,
  },
  BP_DATABASE_MIGRATION_FAILED: {
    title: 'A migration of a plugin failed.',
    status: 409,
    mend: 'Nothing of this step was written; those before it stay. Mend it and reload the plugin.',
    message: (d: { plugin: string; migration: string; problem: string }) =>
      `Migration "${d.migration}" of plugin "${d.plugin}" failed: ${d.problem}`,
  },
  BP_DATABASE_MIGRATION_BREAKING: {
    title: 'A breaking migration would be made while the version before it still runs.',
    status: 409,
    mend: 'Say replace: "stop-first" in the plugin, or make the change in steps that both versions can work on.',
    message: (d: { plugin: string; migration: string }) =>
      `Migration "${d.migration}" of plugin "${d.plugin}" is breaking.`,
  },
  BP_DATABASE_NEWER: {
    title: 'The database of a plugin was changed by a newer version of it that this one cannot work with.',
    status: 409,
    mend: 'Run the newer version again.',
    message: (d: { plugin: string; migration: string }) =>
      `The database of plugin "${d.plugin}" has been through migration "${d.migration}", which versions must know that use it.`,
  },
  BP_DATABASE_ROLE: {
    title: 'PostgreSQL does not let the host make a schema and a role for a plugin.',
    status: 503,
    mend: 'Let the host’s user create both: ALTER ROLE … CREATEROLE; GRANT CREATE ON DATABASE … TO ….',
    message: (d: { plugin: string; problem: string }) =>
      `There can be no database for plugin "${d.plugin}": ${d.problem}.`,
  },
  BP_LOG_CURSOR: {
    title: 'A page of the log is asked for from a place that is none.',
    status: 400,
    mend: 'Give the cursor that came with the page before, or none for the newest lines.',
    message: (d: { cursor: string }) => `${JSON.stringify(d.cursor.slice(0, 100))} is no cursor of the log.`,
  },
  BP_LOGS_NOT_WRITTEN: {
    title: 'Lines of the log could not be written to the database.',
    mend: 'Mend the database. Lines wait, within bounds, and are written when it can be done; what is printed lacks none.',
    message: (d: { reason: string }) =>
      `The log could not be written to the database: ${d.reason.replace(/\.?$/, '.')}`,
  },
  BP_LOGS_DROPPED: {
    title: 'Lines of the log are not in the database, because more came than could wait for it.',
    mend: 'Look for them in what was printed. If the database was not away, log less, or raise the level from which lines are kept.',
    message: (d: { lines: number }) =>
      `${d.lines} ${d.lines === 1 ? 'line of the log is' : 'lines of the log are'} not in the database.`,
  },
});
