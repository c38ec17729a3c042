import type { DatabaseMigration } from '@backplane/plugin-api';

/** Each takes a while, in several statements, and leaves a table with one row more than the one before. */
export const slowMigrations: readonly DatabaseMigration[] = Array.from({ length: 6 }, (_, n) => ({
  name: `step-${n}`,
  up: `create table step_${n} (a bigint not null);
    insert into step_${n} with recursive c(x) as (select 1 union all select x + 1 from c where x < 60000) select count(*) from c;
    insert into step_${n} ${n === 0 ? 'select 0' : `select a from step_${n - 1}`};
    insert into step_${n} with recursive c(x) as (select 1 union all select x + 1 from c where x < 60000) select count(*) from c`,
}));
