// The figures as a table: what was measured, what was wanted, whether it was reached.

/** `least` or `most`: what it has to reach; without one it is for information. */
export function row(what, value, unit, { least = null, most = null } = {}) {
  const wanted = least !== null || most !== null;
  const met = wanted && value !== null ? value >= (least ?? -Infinity) && value <= (most ?? Infinity) : null;
  return { what, value, unit, least, most, met, unclear: wanted && value === null };
}

const digits = (value) => (Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2);
const shown = ({ value, unit }) =>
  value === null ? 'unknown' : `${value.toLocaleString('en', { maximumFractionDigits: digits(value) })} ${unit}`.trim();

function target({ least, most, unit }) {
  if (least !== null) return `≥ ${least.toLocaleString('en')} ${unit}`.trim();
  return most === null ? '' : `≤ ${most.toLocaleString('en')} ${unit}`.trim();
}

const verdict = ({ met, unclear }) => (unclear ? 'unclear' : met === null ? '' : met ? 'yes' : 'NO');

export function tableText(rows) {
  const lines = [
    ['figure', 'measured', 'target', 'reached'],
    ...rows.map((each) => [each.what, shown(each), target(each), verdict(each)]),
  ];
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines
    .map((line) =>
      line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('  '),
    )
    .join('\n');
}
