import type { HeldKind, LeakReceipt } from '@backplane/ports';
import { errors } from './errors.ts';

/** What a host's plugins may leave behind: everything, or what is of these kinds. */
export type AllowedLeaks = boolean | readonly HeldKind[];

/**
 * Makes sure that the versions of plugins that were unloaded left nothing behind, and ended without trouble.
 * @throws BP_LEAKS_FOUND, which names each thing with the line that made it
 */
export function expectCleanReceipts(receipts: readonly LeakReceipt[], allowed: AllowedLeaks = false): void {
  if (allowed === true) return;
  const kinds: readonly HeldKind[] = allowed === false ? [] : allowed;
  const leaks = receipts.flatMap(({ plugin, version, held, problems }) => [
    ...held
      .filter(({ kind }) => !kinds.includes(kind))
      .map(
        ({ label, madeAt, reason }) =>
          `${plugin} ${version}: ${label}${madeAt ? `, made at ${madeAt}` : ''}: ${reason}`,
      ),
    ...problems.map((problem) => `${plugin} ${version}: ${problem}`),
  ]);
  if (leaks.length > 0) throw errors.BP_LEAKS_FOUND({ where: 'The plugins of the host', leaks });
}
