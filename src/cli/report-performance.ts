// `quorum report --by model,task` and `quorum report export`: how requests went, from the store, beside a server that may be running on it.
import { createKeyring } from '../accounts/index.ts';
import { stillConfig } from './still-config.ts';
import { QuorumError, type Clock } from '../contract/index.ts';
import { exportLines } from '../http/admin/export.ts';
import { pointAt } from '../http/admin/input.ts';
import { reportOf, reportQueryOf, reportShown, type ReportParts } from '../http/admin/reports.ts';
import { evidenceAt } from '../learning/index.ts';
import { createSqliteAccounts, openStore } from '../store/index.ts';
import { reportCells, reportCsv, stageCells } from '../telemetry/index.ts';
import { correctionsOf, datasetLine } from './replay/corrections.ts';
import { formatOf, tableText } from './table.ts';

interface PerformanceArguments {
  readonly config?: string | undefined;
  readonly json?: boolean | undefined;
  readonly by?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly format?: string | undefined;
  readonly rows?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly write: (text: string) => void;
}

export async function runPerformanceReport(given: PerformanceArguments): Promise<number> {
  const { by, since, until, clock, write } = given;
  const format = formatOf(given);
  const query = reportQueryOf({ by, since, until }, clock.now());
  return withRecords(given, async (parts) => {
    const report = await reportOf(query, parts);
    if (format === 'csv') write(reportCsv(report));
    else if (format === 'json') write(`${JSON.stringify(reportShown(report), null, 2)}\n`);
    else if (report.total.requests === 0) write('Nothing was asked in that time.\n');
    else {
      const { head, rows } = reportCells(report);
      write(`${report.since.slice(0, 16)}Z to ${report.until.slice(0, 16)}Z\n${tableText(head, rows)}`);
      const stages = stageCells(report);
      if (stages.length > 0) write(`\n${tableText(['', 'stage', 'requests', 'p50', 'p90', 'p95', 'p99'], stages)}`);
    }
    return 0;
  });
}

/** JSON lines of requests, or of their calls. */
export async function runExport(given: PerformanceArguments): Promise<number> {
  const { rows = 'requests', since, until, clock, write } = given;
  if (given.format !== undefined)
    throw new QuorumError('invalid_value', 'An export is JSON lines: leave --format out, or ask for a report.');
  if (rows !== 'requests' && rows !== 'attempts' && rows !== 'corrections')
    throw new QuorumError('invalid_value', `--rows is requests, attempts or corrections, not "${rows}".`);
  const now = clock.now();
  const filter = {
    ...(since !== undefined && { since: pointAt(since, 'since', now) }),
    ...(until !== undefined && { until: pointAt(until, 'until', now) }),
  };
  return withRecords(given, async ({ requests, lessons }) => {
    if (rows === 'corrections') {
      const { rows: corrected } = await correctionsOf(lessons, requests, filter.since ?? null);
      for (const row of corrected) write(datasetLine(row));
      return 0;
    }
    for await (const text of exportLines(requests, filter, rows)) write(text);
    return 0;
  });
}

async function withRecords(
  { config: file, env, clock }: PerformanceArguments,
  work: (parts: ReportParts) => Promise<number>,
): Promise<number> {
  const config = await stillConfig(file, env);
  const store = await openStore(config.parts().storageUrl, clock, { decay: evidenceAt });
  const { registry, ledger } = createSqliteAccounts(store.database, { clock });
  const keyring = createKeyring({ store: registry, clock, adminKey: () => null, loopback: () => true });
  try {
    return await work({
      performance: store.performance,
      lessons: store.learning,
      requests: store.requests,
      keyring,
      settings: config.current,
      clock,
    });
  } finally {
    keyring.stop();
    await ledger.stop();
    await store.close();
  }
}
