import Database from 'libsql';

/** The child of `database.bench.ts`: prepared statements of the driver, behind the bare channel. */
const [, , path = '', key = '', statements = '[]'] = process.argv;
const database = new Database(path, { encryptionCipher: 'aes256cbc', encryptionKey: key } as never);
for (const setting of ['journal_mode = wal', 'synchronous = full']) database.pragma(setting);
const prepared = (JSON.parse(statements) as string[]).map((text) => database.prepare(text));

process.on('message', ([index, params]: readonly [number, readonly unknown[]]) => {
  const statement = prepared[index] as (typeof prepared)[number];
  process.send?.(statement.reader ? (statement.get(params) as object) : statement.run(params));
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
