// Spending as CSV, for spreadsheets.
import { csvCell, formatUsd, type SpendGroup, type SpendRow } from '../contract/index.ts';

/** RFC 4180, with a header line. */
export function spendCsv(groupBy: readonly SpendGroup[], rows: readonly SpendRow[]): string {
  const head = [...groupBy, 'cost_usd', 'calls', 'input_tokens', 'output_tokens'];
  const lines = rows.map(({ group, cost, calls, inputTokens, outputTokens }) =>
    [...group.map((value) => csvCell(value)), formatUsd(cost), calls, inputTokens, outputTokens].join(','),
  );
  return [head.join(','), ...lines, ''].join('\r\n');
}
