// The cost-quality plane as a picture (SVG): what each model and policy costs, how often it is right, and what nothing beats in both.
import { placeLabels, type Frame, type Place, type Spot } from './labels.ts';

type Kind = 'policy' | 'model' | 'recorded';

export interface Point {
  readonly name: string;
  /** USD per 1,000 requests. */
  readonly cost: number;
  /** 0-1. */
  readonly accuracy: number;
  readonly kind: Kind;
  /** How far each may be off: from, to. */
  readonly span?: { readonly cost: readonly [number, number]; readonly accuracy: readonly [number, number] };
}

const [WIDTH, HEIGHT] = [860, 540];
const FRAME = { left: 76, right: WIDTH - 36, top: 76, bottom: HEIGHT - 72 };
const COLOURS = {
  policy: '#d9480f',
  model: '#1864ab',
  recorded: '#1864ab',
  line: '#868e96',
  grid: '#e9ecef',
  text: '#212529',
};
const RADIUS = 5;

/** Cost on a logarithmic scale against accuracy. A stair joins what nothing else beats in both: what the best costs that money buys. */
export function frontierSvg(points: readonly Point[]): string {
  const across = costScale(points);
  const up = accuracyScale(points);
  const spots = points.map((point): Spot & Point => ({
    ...point,
    x: across.at(point.cost),
    y: up.at(point.accuracy),
  }));
  const lines = [...stair(spots), ...spots.flatMap((spot) => spread(spot, across.at, up.at))];
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="11" fill="${COLOURS.text}">`,
    '<rect width="100%" height="100%" fill="white"/>',
    written(WIDTH / 2, 30, 'Right answers against cost', 'middle', ' font-size="16"'),
    ...legend(points),
    ...up.ticks.map(([value, label]) => levelLine(up.at(value), label)),
    ...across.ticks.map(([value, label]) => uprightLine(across.at(value), label)),
    written((FRAME.left + FRAME.right) / 2, HEIGHT - 24, 'USD per 1,000 requests, logarithmic', 'middle'),
    written(16, FRAME.top - 12, 'right', 'start'),
    ...lines.map(({ from, to, dashes }) => drawn(from, to, COLOURS.line, dashes)),
    ...spots.map(dot),
    ...placeLabels(spots, lines.map(inked), FRAME).flatMap(({ text, x, y, pointer }) => [
      ...(pointer === null ? [] : [drawn(pointer.from, pointer.to, '#ced4da')]),
      written(x, y, text, 'start'),
    ]),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

interface Line {
  readonly from: Place;
  readonly to: Place;
  readonly dashes: boolean;
}

/** Room that a level or upright line takes. */
const inked = ({ from, to }: Line): Frame => ({
  left: Math.min(from.x, to.x) - 1,
  right: Math.max(from.x, to.x) + 1,
  top: Math.min(from.y, to.y) - 1,
  bottom: Math.max(from.y, to.y) + 1,
});

const drawn = (from: Place, to: Place, colour: string, dashes = false): string =>
  `<line x1="${px(from.x)}" y1="${px(from.y)}" x2="${px(to.x)}" y2="${px(to.y)}" stroke="${colour}"${dashes ? ' stroke-dasharray="5 4"' : ''}/>`;

const px = (value: number): string => value.toFixed(1);
const escaped = (text: string): string => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
const written = (x: number, y: number, text: string, anchor: string, more = ''): string =>
  `<text x="${px(x)}" y="${px(y)}" text-anchor="${anchor}"${more}>${escaped(text)}</text>`;

interface Scale {
  readonly at: (value: number) => number;
  /** Values with what is written beside them. */
  readonly ticks: readonly (readonly [number, string])[];
}

const STEPS = [1, 2, 5];

/** Whole round steps around what is shown, never beyond 0 and 100 %. */
function accuracyScale(points: readonly Point[]): Scale {
  const values = points.flatMap(({ accuracy, span }) => [accuracy, ...(span?.accuracy ?? [])]);
  const [least, most] = [Math.min(...values) * 100, Math.max(...values) * 100];
  const wanted = Math.max(2, most - least) / 5;
  const unit = 10 ** Math.floor(Math.log10(wanted));
  const step = unit * (STEPS.find((each) => each * unit >= wanted) ?? 10);
  const low = Math.max(0, Math.floor(least / step - 0.25) * step);
  const high = Math.min(100, Math.ceil(most / step + 0.25) * step);
  const digits = step < 1 ? 1 : 0;
  const count = Math.floor((high - low) / step + 1e-9) + 1;
  return {
    at: (value) => FRAME.bottom - ((value * 100 - low) / (high - low)) * (FRAME.bottom - FRAME.top),
    ticks: Array.from({ length: count }, (_, nth) => low + nth * step).map(
      (value) => [value / 100, `${value.toFixed(digits)} %`] as const,
    ),
  };
}

const [FEWEST_TICKS, MOST_TICKS] = [3, 12];
const FINE_STEPS = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8];

/** Nothing is free on a logarithmic scale: what costs nothing stands at the left edge. */
function costScale(points: readonly Point[]): Scale {
  const costs = points.flatMap(({ cost, span }) => [cost, ...(span?.cost ?? [])]).filter((cost) => cost > 0);
  const isFree = points.some(({ cost }) => cost <= 0);
  const free: Scale['ticks'] = isFree ? [[0, '$0']] : [];
  if (costs.length === 0) return { at: () => (FRAME.left + FRAME.right) / 2, ticks: free };
  const least = Math.log10(Math.min(...costs));
  const most = Math.log10(Math.max(...costs));
  const room = Math.max(0.15, (most - least) * 0.06);
  const [low, high] = [least - (isFree ? 4 * room : room), most + room];
  const rounded = (steps: readonly number[]): readonly number[] =>
    [...powers(low, high)].flatMap((power) => steps.map((each) => each * 10 ** power)).filter(within);
  const few = [STEPS, FINE_STEPS].map(rounded).find((ticks) => ticks.length >= FEWEST_TICKS) ?? rounded(FINE_STEPS);
  const ticks = few.length > MOST_TICKS ? rounded([1]) : few;
  return {
    at: (cost) =>
      cost <= 0
        ? FRAME.left
        : FRAME.left + (Math.max(0, Math.log10(cost) - low) / (high - low)) * (FRAME.right - FRAME.left),
    ticks: [...free, ...ticks.map((cost) => [cost, `$${Number(cost.toPrecision(2))}`] as const)],
  };

  function within(cost: number): boolean {
    const at = Math.log10(cost);
    return at >= (isFree ? least - room : low) && at <= high;
  }
}

function* powers(low: number, high: number): Generator<number> {
  for (let power = Math.floor(low); power <= high; power += 1) yield power;
}

const levelLine = (y: number, label: string): string =>
  `${drawn({ x: FRAME.left, y }, { x: FRAME.right, y }, COLOURS.grid)}${written(FRAME.left - 10, y + 4, label, 'end')}`;

const uprightLine = (x: number, label: string): string =>
  `${drawn({ x, y: FRAME.top }, { x, y: FRAME.bottom }, COLOURS.grid)}${written(x, FRAME.bottom + 20, label, 'middle')}`;

/** Along the points that nothing beats in both, by cost: level to the next one's cost, then up to what it gets. None where intervals tell more. */
function stair(spots: readonly (Spot & Point)[]): readonly Line[] {
  if (spots.some(({ span }) => span !== undefined)) return [];
  const beats = (other: Point, one: Point): boolean =>
    other.cost <= one.cost &&
    other.accuracy >= one.accuracy &&
    (other.cost < one.cost || other.accuracy > one.accuracy);
  const best = spots
    .filter((one) => !spots.some((other) => beats(other, one)))
    .toSorted((left, right) => left.cost - right.cost);
  return best.flatMap(({ x, y }, nth) => {
    const next = best[nth + 1];
    const corner = { x: next?.x ?? FRAME.right, y };
    const level = { from: { x, y }, to: corner, dashes: true };
    return next === undefined ? [level] : [level, { from: corner, to: { x: next.x, y: next.y }, dashes: true }];
  });
}

function spread({ x, y, span }: Spot & Point, across: Scale['at'], up: Scale['at']): readonly Line[] {
  if (span === undefined) return [];
  return [
    { from: { x: across(span.cost[0]), y }, to: { x: across(span.cost[1]), y }, dashes: false },
    { from: { x, y: up(span.accuracy[0]) }, to: { x, y: up(span.accuracy[1]) }, dashes: false },
  ];
}

const dot = ({ name, cost, accuracy, kind, x, y }: Spot & Point): string =>
  `<circle cx="${px(x)}" cy="${px(y)}" r="${RADIUS}" fill="${COLOURS[kind]}"><title>${escaped(name)}: ${(accuracy * 100).toFixed(2)} % at $${cost.toFixed(3)}</title></circle>`;

const MEANINGS: Readonly<Record<Kind, string>> = {
  policy: 'a policy',
  model: 'one model alone',
  recorded: 'what was done',
};
const LEGEND = { left: 250, apart: 120, y: 50 };

function legend(points: readonly Point[]): readonly string[] {
  const { left, apart, y } = LEGEND;
  const kinds = (['policy', 'model', 'recorded'] as const).filter((kind) => points.some((one) => one.kind === kind));
  const marks = kinds.map((kind, nth) => {
    const x = left + nth * apart;
    return `<rect x="${x}" y="${y - 9}" width="10" height="10" rx="5" fill="${COLOURS[kind]}"/>${written(x + 16, y, MEANINGS[kind], 'start')}`;
  });
  const x = left + kinds.length * apart;
  const [from, to] = [
    { x, y: y - 4 },
    { x: x + 26, y: y - 4 },
  ];
  return points.some(({ span }) => span !== undefined)
    ? [...marks, drawn(from, to, COLOURS.line), written(x + 32, y, '95 % intervals', 'start')]
    : [...marks, drawn(from, to, COLOURS.line, true), written(x + 32, y, 'not beaten in both', 'start')];
}
