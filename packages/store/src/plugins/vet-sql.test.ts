import Database from 'libsql';
import { describe, expect, it } from 'vitest';
import { splitSql } from './split-sql.ts';
import { CLOSED_FUNCTIONS, CLOSED_TABLES } from './sql-rules.ts';
import { vetSql } from './vet-sql.ts';

const REFUSED = expect.objectContaining({ code: 'BP_DATABASE_SQL_REFUSED' });

describe('on libSQL', () => {
  it.each([
    "attach 'other.db' as o",
    "/**/ -- x\n ;; ATTACH 'other.db' as o",
    "explain attach 'other.db' as o",
    'explain query plan pragma key = 1',
    "vacuum into 'copy.db'",
    'vacuum',
    "pragma key = 'x'",
    'pragma writable_schema = on',
    'begin',
    'commit',
    'savepoint a',
    'detach main',
    "select load_extension('x')",
    "select readfile('/etc/passwd')",
    'select "readfile" (\'/etc/passwd\')',
    "select [readfile]/* */('/etc/passwd')",
    "select `readfile`\n('/etc/passwd')",
    "select READFILE('/etc/passwd')",
    "select \ufeffreadfile('/etc/passwd')",
    "select 1 where writefile('x', 'y')",
    "insert into t values (writefile('x', 'y'))",
    "create trigger a after insert on t begin select readfile('x'); end",
    "create view v as select readfile('x')",
    "create table t (a default (readfile('x')))",
    "select sha3_query('select 1')",
    "select * from fsdir('/etc')",
    "select * from 'fsdir' where path = '/etc'",
    'select * from "fsdir"',
    'select * from main.[fsdir]',
    'update sqlite_dbpage set data = 1',
    'select * from pragma_database_list',
    "select * from 'pragma_database_list'",
    'create virtual table f using fts5(a)',
    'select 1; select 2',
    'select $a',
    'select :a, @b',
    'select $1, ?',
    'select $0',
    "select 'open",
    'select /* open',
    'select "open',
    'select 1\0',
    '',
    '-- nothing',
  ])('refuses %j', (sql) => {
    expect(() => vetSql(sql, 'libsql')).toThrow(REFUSED);
  });

  it.each([
    'select \'attach\', "pragma", [vacuum] from t -- readfile(',
    "select '-- it''s' as a, count(*), upper(b) from t where c in ($1, $2)",
    'with a (b) as (select 1) select * from a',
    'with a as (select 1) insert into t select * from a returning id',
    "insert into t (readfile) values ('readfile(1)')",
    'create table if not exists t (id integer primary key, a text not null default (upper(1)))',
    'create unique index i on t (a)',
    'create trigger a after insert on t begin update t set a = 1; delete from t; end',
    'replace into t values (1);',
    "select name from pragma_table_info('t')",
    "select value from json_each('[1]')",
    'explain query plan select 1',
    'alter table t add column b',
  ])('lets through %j', (sql) => {
    expect(() => vetSql(sql, 'libsql')).not.toThrow();
  });

  it('numbers parameters by what they are called, not by where they stand', () => {
    expect(vetSql('select $2, \'$3\', "$4", $1, $2 -- $5', 'libsql')).toMatchObject({
      text: 'select ?2, \'$3\', "$4", ?1, ?2 -- $5',
      parameters: 2,
      reads: true,
    });
  });

  it('knows what reads and what writes', () => {
    const reads = (sql: string) => vetSql(sql, 'libsql').reads;
    expect(reads('with a as (select 1) select * from a')).toBe(true);
    expect(reads('with a as (select 1) delete from t')).toBe(false);
    expect(reads('insert into t default values returning id')).toBe(false);
    expect(vetSql('drop table t', 'libsql').shapes).toBe(true);
  });

  it('has an opinion of every function and table that the driver brings', () => {
    const database = new Database(':memory:');
    const names = (sql: string) => (database.prepare(sql).all() as { name: string }[]).map(({ name }) => name);
    const functions = new Set(names('select name from pragma_function_list'));
    const tables = new Set(names('select name from pragma_module_list'));
    database.close();
    // What reaches nothing but its arguments. A function that is in neither list is new: find out what it does.
    const harmless =
      /^(->>?|abs|acosh?|asinh?|atan[2h]?|atn2|avg|ceil(ing)?|changes|char(index)?|coalesce|concat(_ws)?|cosh?|coth?|count|cume_dist|current_\w+|date(time)?|degrees|dense_rank|difference|exp|first_value|floor|format|geopoly_\w+|glob|group_concat|hex|if|ifnull|iif|instr|json\w*|julianday|lag|last_\w+|lead|leftstr|length|like\w*|ln|log(10|2)?|lower\w*|ltrim|match|max|median|min|mod|mode|nth_value|ntile|nullif|octet_length|pad[clr]|percent_rank|pi|pow(er)?|printf|proper|quote|radians|random(blob)?|rank|regexpi?|replace|replicate|reverse|rightstr|round|row_number|rtrim|sha3|sign|sinh?|soundex|sqlite_compileoption_\w+|sqlite_source_id|sqlite_version|sqrt|square|stdev|strf\w+|string_agg|substr(ing)?|subtype|sum|tanh?|time(diff)?|total(_changes)?|trim|trunc|typeof|unhex|unicode|unixepoch|unlikely|upper\w*|uuid\w*|variance|vector\w*|zeroblob)$/;
    const unknown = [...functions].filter((name) => !CLOSED_FUNCTIONS.libsql.has(name) && !harmless.test(name));
    expect(unknown).toEqual([]);
    // Those that only `create virtual table` makes, which is closed, or that reach their arguments alone.
    const safe = /^(pragma_\w+|json_each|json_tree|generate_series|fts\w+|rtree\w*|geopoly)$/;
    expect([...tables].filter((name) => !CLOSED_TABLES.has(name) && !safe.test(name))).toEqual([]);
  });
});

describe('on PostgreSQL', () => {
  it.each([
    'set role none',
    'reset role',
    "select set_config('role', 'none', false)",
    "select \"set_config\"('role', 'none', false)",
    'select pg_catalog.set_config(1)',
    'select U&"set\\005fconfig"(1)',
    "do 'begin end'",
    'do $$ begin end $$',
    "copy t to '/tmp/x'",
    "create function f() returns int language sql as 'select 1'",
    'create temp table t (a int)',
    'create role a',
    'create schema a',
    'create extension dblink',
    'alter role a superuser',
    'grant all on t to public',
    'lock table t',
    "select pg_read_file('/etc/passwd')",
    'select pg_advisory_lock(1)',
    "select query_to_xml('select 1', true, true, '')",
    'prepare a as select 1',
    'execute a',
    'listen a',
    'vacuum',
    'begin',
    'select 1; select 2',
    "select E'\\'; reset role; --'; select 1",
    "select E'a\\'', 1; reset role --'",
  ])('refuses %j', (sql) => {
    expect(() => vetSql(sql, 'postgres')).toThrow(REFUSED);
  });

  it.each([
    "select a->>$1, b::text, c @> $2, d ? 'x' from t /* a /* b */ c */",
    "select E'it\\'s; set role none'",
    'create table t (id bigint generated always as identity primary key)',
    'create or replace view v as select 1',
    'create index concurrently i on t (a)',
    'with d as (delete from t returning *) select * from d',
    'insert into t values ($1) on conflict do nothing returning id',
    'explain analyze select 1',
    "comment on table t is 'x'",
  ])('lets through %j', (sql) => {
    expect(() => vetSql(sql, 'postgres')).not.toThrow();
  });

  it('does not take a deleting select for a read', () => {
    expect(vetSql('with d as (delete from t returning *) select * from d', 'postgres').reads).toBe(false);
  });
});

it('refuses what would take long to read, and reads the rest in time that grows with its length', () => {
  expect(() => vetSql(`select '${'x'.repeat(300_000)}'`, 'libsql')).toThrow(REFUSED);
  for (const hard of [
    "'".repeat(200_001),
    '"'.repeat(200_001),
    '('.repeat(200_000),
    '/*'.repeat(100_000),
    'a,'.repeat(100_000),
    "\\'".repeat(60_000),
  ])
    for (const dialect of ['libsql', 'postgres'] as const) {
      const began = performance.now();
      try {
        vetSql(`select e${hard}`, dialect);
      } catch (error) {
        expect(error).toMatchObject({ code: 'BP_DATABASE_SQL_REFUSED' });
      }
      expect(performance.now() - began).toBeLessThan(2000);
    }
});

it('splits migrations at their semicolons, and triggers not within', () => {
  const trigger =
    "create trigger a after insert on t begin insert into b values (';'); update c set d = case when 1 then 2 end; end";
  expect(
    splitSql(`create table t (a text default ';'); -- x;\n ;${trigger};\ncreate index i on t (a);`, 'libsql'),
  ).toEqual(["create table t (a text default ';')", trigger, 'create index i on t (a)']);
});
