import type { DatabaseMigration } from '@backplane/plugin-api';

const NAME = /^[a-z0-9][a-z0-9_.-]{0,99}$/i;
const KEYS = new Set(['name', 'up', 'breaking']);
const DIALECTS = new Set(['libsql', 'postgres']);

/** The migrations of a plugin as plain data, and what is wrong with them. Whether their SQL is any good is for the database to say. */
export function migrationData(migrations: unknown): {
  readonly data: readonly DatabaseMigration[];
  readonly broken: readonly string[];
} {
  if (migrations === undefined) return { data: [], broken: [] };
  if (!Array.isArray(migrations)) return { data: [], broken: ['migrations must be a list.'] };
  const data: DatabaseMigration[] = [];
  const broken: string[] = [];
  const names = new Set<string>();
  for (const [index, migration] of migrations.entries()) {
    const problem = problemOf(migration, names);
    if (problem !== undefined) {
      broken.push(`migrations.${index} ${problem}`);
      continue;
    }
    const { name, up, breaking = false } = migration as DatabaseMigration;
    names.add(name);
    data.push({ name, up: typeof up === 'string' ? up : { ...up }, breaking });
  }
  return { data, broken };
}

function problemOf(migration: unknown, names: ReadonlySet<string>): string | undefined {
  if (typeof migration !== 'object' || migration === null) return 'must be an object.';
  const { name, up, breaking } = migration as Readonly<Record<string, unknown>>;
  if (typeof name !== 'string' || !NAME.test(name)) return 'needs a name of letters, digits, "_", "-" and ".".';
  if (names.has(name)) return `has the name of one before it, "${name}".`;
  const stranger = Object.keys(migration).find((key) => !KEYS.has(key));
  if (stranger !== undefined) return `("${name}") has "${stranger}", which means nothing there.`;
  if (breaking !== undefined && typeof breaking !== 'boolean') return `("${name}"): breaking is true or false.`;
  if (typeof up === 'string') return undefined;
  const texts = typeof up === 'object' && up !== null ? Object.entries(up) : [];
  if (texts.length === 0 || texts.some(([key, text]) => !DIALECTS.has(key) || typeof text !== 'string'))
    return `("${name}"): up is SQL, or SQL for each of libsql and postgres.`;
  return undefined;
}
