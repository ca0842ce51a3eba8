// /admin/v1/reports: how requests and calls went, by what one asks for, as JSON, CSV or a table. The command line uses the same.
import {
  QuorumError,
  type Clock,
  type CurrentSettings,
  type LearningStore,
  type PerformanceStore,
  type RequestLog,
} from '../../contract/index.ts';
import type { Keyring } from '../../accounts/index.ts';
import {
  isReportGroup,
  makeReport,
  REPORT_GROUPS,
  reportCsv,
  type Report,
  type ReportQuery,
  type ReportRow,
} from '../../telemetry/index.ts';
import { queryOf, type AdminRoute } from './answer.ts';
import { pointAt } from './input.ts';

export interface ReportParts {
  readonly performance: PerformanceStore & { flush?(): void };
  readonly lessons: LearningStore;
  readonly requests: RequestLog;
  readonly keyring: Keyring;
  readonly settings: CurrentSettings;
  readonly clock: Clock;
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const MOST_DAYS = 400;

interface ReportAsked {
  readonly by?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

/** The last seven days by model, unless it says otherwise. Throws `invalid_value`. */
export function reportQueryOf({ by = 'model', since, until }: ReportAsked, now: number): ReportQuery {
  const names = by
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'all');
  const groups = names.filter(isReportGroup);
  if (groups.length !== names.length || new Set(names).size !== names.length)
    throw new QuorumError('invalid_value', `'by' lists some of ${REPORT_GROUPS.join(', ')}, each once.`, {
      param: 'by',
    });
  const from = Math.floor((since === undefined ? now - 7 * DAY_MS : pointAt(since, 'since', now)) / HOUR_MS) * HOUR_MS;
  const to = until === undefined ? Math.ceil(now) : pointAt(until, 'until', now);
  if (to <= from) throw new QuorumError('invalid_value', "'until' is after 'since'.", { param: 'until' });
  if (to - from > MOST_DAYS * DAY_MS)
    throw new QuorumError('invalid_value', `A report covers at most ${MOST_DAYS} days.`, { param: 'since' });
  return { by: groups, since: from, until: to };
}

export function reportOf(query: ReportQuery, parts: ReportParts): Promise<Report> {
  parts.performance.flush?.();
  const { models } = parts.settings();
  const teams = new Map(parts.keyring.registry().keys.map(({ id, team }) => [id, team]));
  return makeReport(query, {
    ...parts,
    names: {
      providerOf: (model) => models.get(model)?.provider ?? null,
      teamOf: (tenant) => teams.get(tenant) ?? null,
    },
  });
}

export const reportShown = ({ by, counts, since, until, rows, total }: Report) => ({
  object: 'report',
  by,
  counts,
  since,
  until,
  data: rows.map(rowShown),
  total: rowShown(total),
});

const rowShown = ({ group, ...figures }: ReportRow) => ({ ...group, ...figures });

export function reportRoutes(parts: ReportParts): readonly AdminRoute[] {
  return [
    {
      method: 'get',
      path: '/admin/v1/reports',
      async handle(request, response, { id }) {
        const format = queryOf(request, 'format') ?? 'json';
        if (format !== 'json' && format !== 'csv')
          throw new QuorumError('invalid_value', "'format' is json or csv.", { param: 'format' });
        const asked = {
          by: queryOf(request, 'by') ?? queryOf(request, 'group_by'),
          since: queryOf(request, 'since'),
          until: queryOf(request, 'until'),
        };
        const report = await reportOf(reportQueryOf(asked, parts.clock.now()), parts);
        const csv = format === 'csv';
        response.writeHead(200, [
          'content-type',
          csv ? 'text/csv; charset=utf-8' : 'application/json; charset=utf-8',
          ...(csv ? ['content-disposition', 'attachment; filename="report.csv"'] : []),
          'x-request-id',
          id,
        ]);
        response.end(csv ? reportCsv(report) : JSON.stringify(reportShown(report)));
      },
    },
  ];
}
