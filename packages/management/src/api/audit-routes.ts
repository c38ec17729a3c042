import type { AuditRecord, AuditVerdict } from '@backplane/ports';
import type { AuditRecordBody, AuditVerdictBody } from '@backplane/wire';
import { errors } from '../errors.ts';
import type { ApiParts } from './api-parts.ts';
import { type ApiRoute, filter, pageQuery } from './api-route.ts';
import { numberIn, writeCursor } from './pages.ts';
import { time } from './plugin-body.ts';

const moment = (description: string) => ({ type: 'string', maxLength: 40, description });

/** Who did what: the audit trail, and whether it is what was recorded. */
export function auditRoutes({ audit }: ApiParts): ApiRoute[] {
  return [
    {
      method: 'GET',
      url: '/api/v1/admin/audit',
      operationId: 'listAudit',
      summary: 'Who did what, newest first',
      query: pageQuery({
        actor: filter('Of this one alone.'),
        action: filter('This alone: plugin.enable, config.create, …'),
        target: filter('About this alone, such as a plugin.', 1000),
        since: moment('From this moment on: ISO 8601.'),
        until: moment('Before this moment: ISO 8601.'),
      }),
      answers: { 200: ['One page.', 'AuditPage'] },
      async handle({ query: { limit, cursor, since, until, ...filters } }) {
        const found = await audit.list({
          ...filters,
          before: numberIn(cursor),
          limit: limit + 1,
          since: momentIn(since),
          until: momentIn(until),
        });
        const items = found.slice(0, limit);
        const last = items.at(-1);
        const next_cursor = found.length > limit && last !== undefined ? writeCursor(last.sequence) : null;
        return { body: { items: items.map(recordBody), next_cursor } };
      },
    },
    {
      method: 'POST',
      url: '/api/v1/admin/audit/verify',
      operationId: 'verifyAudit',
      summary: 'Whether the trail is what was recorded; reads all of it',
      answers: { 200: ['What was found.', 'AuditVerdict'] },
      handle: async () => ({ body: verdictBody(await audit.verify()) }),
    },
  ];
}

/** @throws BP_API_MOMENT_INVALID */
export function momentIn(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw errors.BP_API_MOMENT_INVALID({ moment: text });
  return at;
}

const recordBody = ({ time: at, ...record }: AuditRecord): AuditRecordBody => ({ ...record, time: time(at) });

const verdictBody = ({ last, tornLines, ...verdict }: AuditVerdict): AuditVerdictBody => ({
  ...verdict,
  anchored: verdict.anchored ?? null,
  last_sequence: last.sequence,
  last_hash: last.hash,
  torn_lines: [...tornLines],
  problems: verdict.problems.map((problem) => ({ ...problem })),
});
