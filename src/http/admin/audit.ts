// /admin/v1/audit: who changed what, newest first; nothing is ever taken out of it.
import type { AuditEntry, RegistryStore } from '../../contract/index.ts';
import { shown } from '../../pipeline/shown.ts';
import { limitOf, momentShown, pageShown, queryOf, route, rowCursorOf, type AdminRoute } from './answer.ts';

export interface AuditParts {
  readonly registry: RegistryStore;
}

export function auditRoutes({ registry }: AuditParts): readonly AdminRoute[] {
  return [
    route('get', '/audit', (request) => {
      const { rows, cursor } = registry.audit(limitOf(request), rowCursorOf(request), queryOf(request, 'subject'));
      return pageShown(rows.map(auditShown), cursor);
    }),
  ];
}

const auditShown = ({ seq, at, actor, action, subject, detail }: AuditEntry): unknown => ({
  id: seq,
  object: 'audit_entry',
  at: momentShown(at),
  actor,
  action,
  subject,
  detail: shown(inUsd(detail)),
});

/** A budget's limit is kept in nano-dollars. */
function inUsd({ limit, ...rest }: AuditEntry['detail']): Readonly<Record<string, unknown>> {
  return typeof limit === 'number'
    ? { ...rest, limit_usd: limit / 1e9 }
    : { ...rest, ...(limit !== undefined && { limit }) };
}
