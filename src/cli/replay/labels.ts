// Where names stand in a picture: near their points, and on nothing else.

export interface Place {
  readonly x: number;
  readonly y: number;
}

export interface Spot extends Place {
  readonly name: string;
  readonly kind: string;
}

export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

interface Label {
  readonly text: string;
  /** Left end of the base line. */
  readonly x: number;
  readonly y: number;
  /** A line from the point, where the name stands further off. */
  readonly pointer: { readonly from: Place; readonly to: Place } | null;
}

interface Box extends Frame {
  readonly label: Label;
}

/** Of the usual sans serif at eleven pixels, rather too wide. */
const LETTER_WIDTH = 6.4;
const LINE_HEIGHT = 12;
const RINGS = [9, 18, 30, 44, 60];
/** A longer name is cut. */
const LONGEST = 44;
const DIRECTIONS: readonly (readonly [number, number])[] = [
  [1, 0],
  [-1, 0],
  [0, -1],
  [0, 1],
  [1, -1],
  [-1, -1],
  [1, 1],
  [-1, 1],
];

/** One after the other, policies first, each where it covers least of names, points and what else is drawn; the nearest of equally good places. */
export function placeLabels(spots: readonly Spot[], drawn: readonly Frame[], frame: Frame): readonly Label[] {
  const order = spots.toSorted((one, other) => Number(other.kind === 'policy') - Number(one.kind === 'policy'));
  const placed: Box[] = [];
  for (const spot of order) {
    let [best, least]: [Box | null, number] = [null, Infinity];
    for (const box of places(spot)) {
      const cost = covered(box, spot, { spots, placed, drawn, frame });
      if (cost < least) [best, least] = [box, cost];
    }
    placed.push(best!);
  }
  return placed.map(({ label }) => label);
}

/** Nearest first. */
function places({ name, x, y }: Spot): readonly Box[] {
  const text = name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name;
  const width = text.length * LETTER_WIDTH;
  return RINGS.flatMap((distance, ring) =>
    DIRECTIONS.map(([across, down]): Box => {
      const left = across === 0 ? x - width / 2 : across > 0 ? x + distance : x - distance - width;
      const middle = y + down * (distance + (across === 0 ? LINE_HEIGHT / 2 : 0));
      const edge = { x: across < 0 ? left + width : across > 0 ? left : x, y: middle };
      const pointer = ring === 0 ? null : { from: { x, y }, to: edge };
      return {
        left,
        right: left + width,
        top: middle - LINE_HEIGHT / 2,
        bottom: middle + LINE_HEIGHT / 2,
        label: { text, x: left, y: middle + 4, pointer },
      };
    }),
  );
}

const POINT = 6;

interface Sheet {
  readonly spots: readonly Spot[];
  readonly placed: readonly Box[];
  readonly drawn: readonly Frame[];
  readonly frame: Frame;
}

function covered(box: Box, own: Spot, { spots, placed, drawn, frame }: Sheet): number {
  const outside =
    Math.max(0, frame.left - box.left) +
    Math.max(0, box.right - frame.right) +
    Math.max(0, frame.top - box.top) +
    Math.max(0, box.bottom - frame.bottom);
  const onPoints = spots.reduce(
    (sum, { x, y }) =>
      x === own.x && y === own.y
        ? sum
        : sum + overlap(box, { left: x - POINT, right: x + POINT, top: y - POINT, bottom: y + POINT }),
    0,
  );
  const onAny = (boxes: readonly Frame[]): number => boxes.reduce((sum, other) => sum + overlap(box, other), 0);
  return outside * LINE_HEIGHT * 10 + onAny(placed) + 2 * onPoints + onAny(drawn);
}

const overlap = (one: Frame, other: Frame): number =>
  Math.max(0, Math.min(one.right, other.right) - Math.max(one.left, other.left)) *
  Math.max(0, Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top));
