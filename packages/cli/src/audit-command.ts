import type { AuditPageBody, AuditVerdictBody } from '@backplane/wire';
import { EXIT } from './exit-codes.ts';
import { bodyOf, type SessionFlags, withHost } from './host-session.ts';
import { table } from './table.ts';

export interface AuditFlags extends SessionFlags {
  readonly lines?: string;
  readonly action?: string;
  readonly target?: string;
}

/** `backplane audit list`: who did what, newest first. */
export async function auditListCommand(flags: AuditFlags): Promise<void> {
  await withHost(flags, { offline: true }, async (host, { show }) => {
    const { lines = '50', action, target } = flags;
    const filters = Object.entries({ limit: lines, action, target }).filter(([, value]) => value !== undefined);
    const query = new URLSearchParams(filters as [string, string][]);
    const page = bodyOf<AuditPageBody>(await host.ask({ path: `/api/v1/admin/audit?${query}` }));
    show(page, () => {
      const rows = page.items.map((row) => [
        String(row.sequence),
        row.time,
        row.actor,
        row.origin,
        row.action,
        row.target,
      ]);
      return table(['ROW', 'TIME', 'WHO', 'FROM', 'WHAT', 'ON'], rows);
    });
    return EXIT.ok;
  });
}

/** `backplane audit verify`: 0 when the trail is what was recorded, 1 when not. */
export async function auditVerifyCommand(flags: SessionFlags): Promise<void> {
  await withHost(flags, { offline: true }, async (host, { paint, show }) => {
    const verdict = bodyOf<AuditVerdictBody>(await host.ask({ path: '/api/v1/admin/audit/verify', method: 'POST' }));
    const { ok, node, rows, heads, anchored, uncovered, problems, more } = verdict;
    show(verdict, () => {
      const title = ok
        ? paint.green('✓ The audit trail is whole.')
        : paint.red('✗ The audit trail is not what was recorded.');
      const facts = `  ${rows} rows of ${node}, ${heads} signed heads; anchored outside up to row ${anchored ?? 0}; ${uncovered} not covered yet`;
      const found = problems.map(({ kind, message }) => `  ${paint.red(kind)}  ${message}`);
      return [title, paint.dim(facts), ...found, ...(more > 0 ? [`  and ${more} more`] : [])].join('\n');
    });
    return ok ? EXIT.ok : EXIT.failed;
  });
}
