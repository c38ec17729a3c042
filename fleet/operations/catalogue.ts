import { add, remove } from './come-and-go.ts';
import { faultyReload } from './faulty-reload.ts';
import type { OperationKind } from './operation.ts';
import { reload } from './reload.ts';

/** Everything that the director does by chance. */
export const OPERATIONS: readonly OperationKind[] = [reload, faultyReload, remove, add];
