// Tables, CSV and a progress bar: how commands show what they found.
import { csvCell, QuorumError } from '../contract/index.ts';

/** Columns padded to their widest cell; numbers to the right. */
export function tableText(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd();
  return `${[line(head), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(line)].join('\n')}\n`;
}

export const csvText = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, ...rows].map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('');

/** What a report is written as. */
export function formatOf({
  format,
  json,
}: {
  readonly format?: string | undefined;
  readonly json?: boolean | undefined;
}) {
  const wanted = format ?? (json ? 'json' : 'table');
  if (wanted === 'table' || wanted === 'json' || wanted === 'csv') return wanted;
  throw new QuorumError('invalid_value', `--format is one of table, json, csv, not "${wanted}".`);
}

const BAR = 30;

/** Draws over itself on a terminal; says nothing elsewhere. */
export function progressBar(
  write: (text: string) => void,
  isTerminal: boolean,
): (label: string, done: number, all: number) => void {
  let shown = -1;
  return (label, done, all) => {
    if (!isTerminal) return;
    const filled = Math.floor((done / Math.max(1, all)) * BAR);
    if (filled === shown && done !== all) return;
    shown = done === all ? -1 : filled;
    write(
      `\r${'█'.repeat(filled)}${'░'.repeat(BAR - filled)} ${done}/${all} ${label}${done === all ? '\r\u001b[K' : ''}`,
    );
  };
}
