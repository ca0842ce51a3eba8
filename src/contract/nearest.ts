// The known name that is closest to a wrong one, for error messages.

/** Of a longer name only so much is looked at. */
const MOST_CHARACTERS = 64;

/** Damerau-Levenshtein distance (optimal string alignment), in edits. */
function distance(left: string, right: string): number {
  const a = left.slice(0, MOST_CHARACTERS).toLowerCase();
  const b = right.slice(0, MOST_CHARACTERS).toLowerCase();
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let best = Math.min(above[column]! + 1, current[column - 1]! + 1, above[column - 1]! + (same ? 0 : 1));
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1])
        best = Math.min(best, before[column - 2]! + 1);
      current.push(best);
    }
    before = above;
    above = current;
  }
  return above[b.length]!;
}

/** null when nothing is near enough to be meant: more than 40 % of the name would have to change, or all of a short one. */
export function nearest(name: string, known: Iterable<string>): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.ceil(Math.min(name.length, MOST_CHARACTERS) * 0.4)) + 1;
  for (const candidate of known) {
    const edits = distance(name, candidate);
    if (edits < bestDistance && edits < Math.max(name.length, candidate.length))
      [best, bestDistance] = [candidate, edits];
  }
  return best;
}
