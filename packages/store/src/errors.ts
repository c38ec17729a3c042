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
});
