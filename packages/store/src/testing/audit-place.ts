import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BackplaneError, Clock } from '@backplane/base';
import { systemClock } from '@backplane/base';
import { createSoftwareKeySigner } from '@backplane/security';
import { onTestFinished } from 'vitest';
import type { AuditRow } from '../audit/audit-chain.ts';
import type { AuditReport } from '../audit/audit-report.ts';
import { type AuditTrail, type AuditTrailOptions, createAuditTrail } from '../audit/create-audit-trail.ts';
import { verifyAudit } from '../audit/verify-audit.ts';
import type { Store } from '../store.ts';

/** What an audit trail has outside of its database: a key and a file. */
export class AuditPlace implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'backplane-audit-'));
  readonly anchorFile = join(this.folder, 'audit.anchors');
  /** Codes that trails have reported. */
  readonly reported: BackplaneError[] = [];
  readonly #keys: Record<string, string> = {};

  async open(store: Store, options: Partial<AuditTrailOptions> = {}): Promise<AuditTrail> {
    const trail = await createAuditTrail({
      store,
      node: 'one',
      signer: this.signer(options.clock),
      anchorFile: this.anchorFile,
      redact: (value) => value,
      report: (problem) => this.reported.push(problem),
      ...options,
    });
    this.#keys[trail.key.keyId] = trail.key.publicKey;
    return trail;
  }

  verify(store: Store, node = 'one'): Promise<AuditReport> {
    return verifyAudit({ store, node, keys: this.#keys, anchorFile: this.anchorFile });
  }

  signer(clock: Clock = systemClock) {
    return createSoftwareKeySigner({ directory: join(this.folder, 'keys'), clock });
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** One for this test. */
export function useAuditPlace(): AuditPlace {
  const place = new AuditPlace();
  onTestFinished(() => place[Symbol.dispose]());
  return place;
}

export const auditRows = ({ db }: Store, node = 'one'): Promise<AuditRow[]> =>
  db.selectFrom('audit').selectAll().where('node', '=', node).orderBy('sequence').execute();

/** Records rows one after the other, about `pN` each. */
export async function record(trail: AuditTrail, count: number, from = 1): Promise<void> {
  for (let n = from; n < from + count; n++) await trail.record(entry(`p${n}`));
}

/** Enough of an entry. */
export const entry = (target: string, more: Readonly<Record<string, unknown>> = {}) => ({
  actor: 'ada',
  origin: '127.0.0.1',
  action: 'plugin.enable',
  target,
  ...more,
});
