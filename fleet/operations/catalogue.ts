import { breakAway, strand, together, togetherFailing } from './allies.ts';
import { badEnd } from './bad-end.ts';
import { addBroken, mend, quarantine } from './broken.ts';
import { add, remove } from './come-and-go.ts';
import { configure, misconfigure } from './configure.ts';
import { faultyReload } from './faulty-reload.ts';
import { move } from './move.ts';
import type { OperationKind } from './operation.ts';
import { reload } from './reload.ts';
import { burst, hurry } from './together.ts';
import { failing, killing, rejecting } from './trouble.ts';

/** Everything that the director does by chance. */
export const OPERATIONS: readonly OperationKind[] = [
  reload,
  faultyReload,
  remove,
  add,
  addBroken,
  mend,
  quarantine,
  burst,
  hurry,
  configure,
  misconfigure,
  move,
  failing,
  killing,
  rejecting,
  badEnd,
  together,
  togetherFailing,
  breakAway,
  strand,
];
