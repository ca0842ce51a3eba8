// The administration: what a platform team sees and changes, behind the admin key.
import { anomalyRoutes, type AnomalyParts } from './anomalies.ts';
import type { AdminRoute } from './answer.ts';
import { auditRoutes, type AuditParts } from './audit.ts';
import { budgetRoutes, type BudgetParts } from './budgets.ts';
import { cacheRoutes, type CacheParts } from './cache.ts';
import { catalogRoutes, type CatalogParts } from './catalog.ts';
import { configRoutes, type ConfigParts } from './config.ts';
import { experimentRoutes, type ExperimentParts } from './experiments.ts';
import { keyRoutes } from './keys.ts';
import { reportRoutes, type ReportParts } from './reports.ts';
import { requestRoutes, type RequestParts } from './requests.ts';
import { settingsRoutes, type SettingsParts } from './settings.ts';
import { spendRoutes, type LedgerParts } from './spend.ts';
import { teamRoutes } from './teams.ts';

export interface AdminParts
  extends
    BudgetParts,
    LedgerParts,
    AuditParts,
    RequestParts,
    CatalogParts,
    CacheParts,
    ConfigParts,
    ExperimentParts,
    SettingsParts,
    ReportParts,
    AnomalyParts {}

export function adminRoutes(parts: AdminParts): readonly AdminRoute[] {
  return [
    ...keyRoutes(parts),
    ...teamRoutes(parts),
    ...budgetRoutes(parts),
    ...spendRoutes(parts),
    ...auditRoutes(parts),
    ...requestRoutes(parts),
    ...reportRoutes(parts),
    ...anomalyRoutes(parts),
    ...catalogRoutes(parts),
    ...cacheRoutes(parts),
    ...configRoutes(parts),
    ...experimentRoutes(parts),
    ...settingsRoutes(parts),
  ];
}
