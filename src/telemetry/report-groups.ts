// What a report can be grouped by, and what a row is called in each group.

export const REPORT_GROUPS = [
  'model',
  'provider',
  'task',
  'strategy',
  'tier',
  'key',
  'team',
  'user',
  'tag',
  'day',
  'hour',
] as const;
export type ReportGroup = (typeof REPORT_GROUPS)[number];

/** What isn't in a row itself. */
export interface ReportNames {
  readonly providerOf: (model: string) => string | null;
  readonly teamOf: (tenant: string) => string | null;
}

export const isReportGroup = (name: string): name is ReportGroup => REPORT_GROUPS.some((group) => group === name);
export const countsCalls = (by: readonly ReportGroup[]): boolean => by.includes('model') || by.includes('provider');

/** Whoever uses it and for what: hours would grow without bound with their names, so it is the records that know. */
export const needsRecords = (by: readonly ReportGroup[]): boolean => by.includes('user') || by.includes('tag');

/** What a request or call is of. */
export interface Named {
  readonly task: string;
  readonly tenant: string;
  readonly model: string;
  readonly strategy: string | null;
  readonly tier: string | null;
  readonly user: string | null;
}

export function nameOf(
  name: ReportGroup,
  row: Named,
  tag: string | null,
  at: number,
  { providerOf, teamOf }: ReportNames,
): string | null {
  const known = (text: string | null): string | null => (text === '' ? null : text);
  switch (name) {
    case 'model':
      return known(row.model);
    case 'provider':
      return providerOf(row.model);
    case 'task':
      return known(row.task);
    case 'strategy':
      return known(row.strategy);
    case 'tier':
      return known(row.tier);
    case 'key':
      return known(row.tenant);
    case 'team':
      return teamOf(row.tenant);
    case 'user':
      return row.user;
    case 'tag':
      return tag;
    case 'day':
      return new Date(at).toISOString().slice(0, 10);
    case 'hour':
      return `${new Date(at).toISOString().slice(0, 13)}:00Z`;
    default:
      return name satisfies never;
  }
}
