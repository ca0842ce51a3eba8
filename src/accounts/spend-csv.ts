// Spending as CSV, for spreadsheets.
import { formatUsd, type SpendGroup, type SpendRow } from '../contract/index.ts';

/** RFC 4180, with a header line. */
export function spendCsv(groupBy: readonly SpendGroup[], rows: readonly SpendRow[]): string {
  const head = [...groupBy, 'cost_usd', 'calls', 'input_tokens', 'output_tokens'];
  const lines = rows.map(({ group, cost, calls, inputTokens, outputTokens }) =>
    [...group.map((value) => cellOf(value ?? '')), formatUsd(cost), calls, inputTokens, outputTokens].join(','),
  );
  return [head.join(','), ...lines, ''].join('\r\n');
}

/** A cell that begins like a formula is shown as text: names of tags and users come from callers. */
function cellOf(value: string): string {
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
