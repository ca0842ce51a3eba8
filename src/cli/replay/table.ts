// Tables, a progress bar and a picture for the terminal and the file system.

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

export interface Point {
  readonly name: string;
  /** USD per 1,000 requests. */
  readonly cost: number;
  /** 0-1. */
  readonly accuracy: number;
  readonly kind: 'model' | 'policy';
}

const [WIDTH, HEIGHT, MARGIN] = [760, 480, 64];

/** Cost on a logarithmic scale against accuracy; a line joins what nothing else beats in both. */
export function frontierSvg(points: readonly Point[]): string {
  const costs = points.map(({ cost }) => Math.log10(Math.max(1e-4, cost)));
  const [low, high] = [Math.min(...costs) - 0.1, Math.max(...costs) + 0.1];
  const accuracies = points.map(({ accuracy }) => accuracy);
  const [worst, best] = [Math.max(0, Math.min(...accuracies) - 0.02), Math.min(1, Math.max(...accuracies) + 0.02)];
  const x = (cost: number): number =>
    MARGIN + ((Math.log10(Math.max(1e-4, cost)) - low) / (high - low)) * (WIDTH - 2 * MARGIN);
  const y = (accuracy: number): number =>
    HEIGHT - MARGIN - ((accuracy - worst) / (best - worst)) * (HEIGHT - 2 * MARGIN);
  const frontier = points
    .filter(
      (one) =>
        !points.some(
          (other) =>
            other !== one &&
            other.cost <= one.cost &&
            other.accuracy >= one.accuracy &&
            (other.cost < one.cost || other.accuracy > one.accuracy),
        ),
    )
    .sort((left, right) => left.cost - right.cost);
  const path = frontier
    .map(({ cost, accuracy }, nth) => `${nth === 0 ? 'M' : 'L'}${x(cost).toFixed(1)} ${y(accuracy).toFixed(1)}`)
    .join(' ');
  const ticks = Array.from({ length: 5 }, (_, nth) => worst + ((best - worst) * nth) / 4);
  const grid = ticks.map(
    (tick) =>
      `<line x1="${MARGIN}" x2="${WIDTH - MARGIN}" y1="${y(tick).toFixed(1)}" y2="${y(tick).toFixed(1)}" stroke="#ddd"/><text x="${MARGIN - 8}" y="${(y(tick) + 4).toFixed(1)}" text-anchor="end">${(tick * 100).toFixed(1)} %</text>`,
  );
  const powers = Array.from(
    { length: Math.floor(high) - Math.ceil(low) + 1 },
    (_, nth) => 10 ** (Math.ceil(low) + nth),
  );
  const marks = powers.map(
    (cost) =>
      `<text x="${x(cost).toFixed(1)}" y="${HEIGHT - MARGIN + 20}" text-anchor="middle">$${cost >= 1 ? cost : cost.toPrecision(1)}</text>`,
  );
  const dots = points.map(
    ({ name, cost, accuracy, kind }) =>
      `<circle cx="${x(cost).toFixed(1)}" cy="${y(accuracy).toFixed(1)}" r="5" fill="${kind === 'policy' ? '#d9480f' : '#1864ab'}"><title>${escaped(name)}: ${(accuracy * 100).toFixed(2)} % at $${cost.toFixed(3)}</title></circle>${label(x(cost), y(accuracy), name)}`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="11">
<rect width="100%" height="100%" fill="white"/>
<text x="${WIDTH / 2}" y="28" text-anchor="middle" font-size="15">Accuracy against cost per 1,000 requests (USD, logarithmic)</text>
${[...grid, ...marks].join('\n')}
<path d="${path}" fill="none" stroke="#868e96" stroke-dasharray="4 3"/>
${dots.join('\n')}
</svg>
`;
}

/** Towards the middle, so that long names stay inside the picture. */
function label(x: number, y: number, name: string): string {
  const left = x > WIDTH / 2;
  return `<text x="${(x + (left ? -8 : 8)).toFixed(1)}" y="${(y - 6).toFixed(1)}" text-anchor="${left ? 'end' : 'start'}">${escaped(name)}</text>`;
}

const escaped = (text: string): string => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
