// The picture of accuracy against cost: everything inside it, every name readable, for any points.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frontierSvg, type Point } from '../../src/cli/replay/plot.ts';

const point = (name: string, cost: number, accuracy: number, kind: Point['kind'] = 'model'): Point => ({
  name,
  cost,
  accuracy,
  kind,
});

/** What real answers of ten models look like: names are long, and some points stand close together. */
const CROWDED = [
  point('policy, no feedback', 0.066, 0.9367, 'policy'),
  point('policy, feedback on 20 %', 0.658, 0.96, 'policy'),
  point('large-model-2024-08-06', 0.791, 0.9233),
  point('large-model-2024-05-13', 1.416, 0.89),
  point('small-model-2024-07-18', 0.047, 0.8967),
  point('older-turbo-0125', 0.143, 0.91),
  point('third-5-sonata-20240620', 1.841, 0.9633),
  point('third-opera-20240229', 9.216, 0.9433),
  point('third-haiku-20240307', 0.155, 0.9233),
  point('gem-1.5-pro', 0.646, 0.8933),
  point('gem-1.5-flash', 0.056, 0.9367),
  point('wind-large-2407', 1.278, 0.9367),
];

interface Text {
  readonly x: number;
  readonly y: number;
  readonly anchor: string;
  readonly text: string;
}
const textsOf = (svg: string): readonly Text[] =>
  [...svg.matchAll(/<text x="([-\d.]+)" y="([-\d.]+)" text-anchor="(\w+)"[^>]*>([^<]*)</g)].map(
    ([, x, y, anchor, text]) => ({ x: Number(x), y: Number(y), anchor: anchor!, text: text! }),
  );

/** Narrower than letters are: what overlaps by this measure can't be read. */
const LETTER = 5.5;
function boxOf({ x, y, anchor, text }: Text) {
  const width = text.length * LETTER;
  const left = anchor === 'start' ? x : anchor === 'end' ? x - width : x - width / 2;
  return { left, right: left + width, top: y - 9, bottom: y + 1 };
}
type Box = ReturnType<typeof boxOf>;
const overlap = (one: Box, other: Box): boolean =>
  one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;

describe('the picture', () => {
  it('writes every name where it covers no other, nor any point', () => {
    const svg = frontierSvg(CROWDED);
    const names = new Set(CROWDED.map(({ name }) => name));
    const boxes = textsOf(svg)
      .filter(({ text }) => names.has(text))
      .map(boxOf);
    expect(boxes).toHaveLength(CROWDED.length);
    const dots = [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]): Box => ({
      left: Number(x) - 4,
      right: Number(x) + 4,
      top: Number(y) - 4,
      bottom: Number(y) + 4,
    }));
    for (const [nth, box] of boxes.entries()) {
      expect(boxes.filter((other, at) => at > nth && overlap(box, other))).toEqual([]);
      expect(dots.filter((dot) => overlap(box, dot))).toEqual([]);
    }
  });

  it('marks the axes in round steps', () => {
    const texts = textsOf(frontierSvg(CROWDED)).map(({ text }) => text);
    expect(texts).toEqual(expect.arrayContaining(['$0.1', '$1', '90 %', '92 %', '96 %']));
  });

  it('joins what nothing beats by a stair', () => {
    const steps = frontierSvg(CROWDED).match(/<line [^>]*stroke-dasharray/g)!;
    expect(steps, 'four points: four levels, three ups, and the legend').toHaveLength(8);
  });

  it('shows intervals where they are known', () => {
    const sure = [point('was', 1, 0.8), point('would be', 0.5, 0.85, 'policy')];
    const unsure = sure.map((one): Point => ({ ...one, span: { cost: [0.4, 1.2], accuracy: [0.7, 0.9] } }));
    const lines = (points: readonly Point[]): number => frontierSvg(points).match(/stroke="#868e96"\/>/g)?.length ?? 0;
    expect(lines(unsure) - lines(sure), 'two of each, and the legend').toBe(5);
  });

  it('holds any points: free ones, equal ones, all or none right', () => {
    const any = fc.record({
      name: fc.string({ maxLength: 60 }),
      cost: fc.oneof(fc.constant(0), fc.double({ min: 1e-6, max: 1e4, noNaN: true })),
      accuracy: fc.double({ min: 0, max: 1, noNaN: true }),
      kind: fc.constantFrom<Point['kind']>('policy', 'model'),
    });
    fc.assert(
      fc.property(fc.array(any, { minLength: 1, maxLength: 20 }), (points) => {
        const svg = frontierSvg(points);
        expect(svg.replaceAll(/<t(ext|itle)[^]*?<\/t(ext|itle)>/g, '')).not.toMatch(/NaN|Infinity|undefined/);
        const places = [...svg.matchAll(/<circle cx="([-\d.]+)" cy="([-\d.]+)"/g)];
        expect(places).toHaveLength(points.length);
        for (const [, x, y] of places) {
          expect(Number(x)).toBeGreaterThanOrEqual(70);
          expect(Number(x)).toBeLessThanOrEqual(830);
          expect(Number(y)).toBeGreaterThanOrEqual(70);
          expect(Number(y)).toBeLessThanOrEqual(475);
        }
      }),
      { numRuns: 200 },
    );
  });
});
