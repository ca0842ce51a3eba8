// Rankings of anonymous answers: how judges' replies are read, and how they add up.
import type { AssistantMessage } from '../contract/index.ts';

export interface Ranking {
  /** Of the judge. */
  readonly weight: number;
  /** Models it ranked, best first; its own is not among them. */
  readonly order: readonly string[];
  /** Models it was shown and didn't place: they share the places that are left. */
  readonly unplaced?: readonly string[];
}

const MAX_REPLY = 20_000;

/**
 * Labels in the order in which the judge put them, best first; null when the reply holds no ranking.
 * Asked for as `{"ranking": ["B", "A"]}`; rows with a rank, places or points by label, chains `B > A` and numbered lists are understood
 * too. Labels that were not handed out are ignored.
 */
export function readRanking(message: AssistantMessage, labels: readonly string[]): readonly string[] | null {
  const text = (message.content ?? '').slice(0, MAX_REPLY).replace(/^[^]*<\/think(?:ing)?>/i, '');
  const found = fromJson(text, labels) ?? fromProse(text, labels);
  return found === null || found.length === 0 ? null : found;
}

type Row = Readonly<Record<string, unknown>>;
const isRow = (value: unknown): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value);

const labelOf = (name: unknown): string =>
  String(name)
    .replace(/^(?:answer|response|candidate)\W+/i, '')
    .trim()
    .toUpperCase();

function known(names: readonly unknown[], labels: readonly string[]): readonly string[] {
  return [...new Set(names.map(labelOf))].filter((name) => labels.includes(name));
}

function fromJson(text: string, labels: readonly string[]): readonly string[] | null {
  const start = text.search(/[{[]/);
  const end = Math.max(text.lastIndexOf('}'), text.lastIndexOf(']'));
  if (start < 0 || end <= start) return null;
  try {
    return fromValue(JSON.parse(text.slice(start, end + 1)), labels);
  } catch {
    return null;
  }
}

function fromValue(value: unknown, labels: readonly string[]): readonly string[] | null {
  if (Array.isArray(value)) return fromList(value as unknown[], labels);
  if (!isRow(value)) return null;
  const inner = value['ranking'] ?? Object.values(value).find((each) => typeof each === 'object' && each !== null);
  return inner === undefined
    ? fromPlaces(value, labels)
    : typeof inner === 'string'
      ? fromProse(inner, labels)
      : fromValue(inner, labels);
}

/** Labels, or rows `{label, rank}` in any order. */
function fromList(list: readonly unknown[], labels: readonly string[]): readonly string[] {
  const rows = list.map((each) => (isRow(each) ? each : { label: each }));
  const rankOf = (row: Row): number => Number(row['rank'] ?? row['position'] ?? row['place'] ?? Number.NaN);
  const sorted = rows.some((row) => Number.isNaN(rankOf(row))) ? rows : rows.toSorted((a, b) => rankOf(a) - rankOf(b));
  return known(
    sorted.map((row) => row['label'] ?? row['answer'] ?? row['id'] ?? ''),
    labels,
  );
}

/** `{"A": 2, "B": 1}`: places when they count from 1 without a gap, else points. */
function fromPlaces(value: Row, labels: readonly string[]): readonly string[] | null {
  const entries = Object.entries(value).flatMap(([name, at]) =>
    labels.includes(labelOf(name)) && typeof at === 'number' ? [{ name, at }] : [],
  );
  if (entries.length < 2) return null;
  const arePlaces =
    new Set(entries.map(({ at }) => at)).size === entries.length &&
    entries.every(({ at }) => Number.isInteger(at) && at >= 1 && at <= entries.length);
  return known(
    entries.toSorted((a, b) => (arePlaces ? a.at - b.at : b.at - a.at)).map(({ name }) => name),
    labels,
  );
}

const WORD = /[A-Za-z0-9]+(?![A-Za-z0-9'])/g;
/** What may stand around a label. */
const BEFORE = `(?:(?:answer|response|candidate)\\s+)?["'\`*(]{0,3}$`;
const AFTER = `^["'\`*)]{0,3}`;
/** Between two labels of a chain. */
const LINK = new RegExp(`${AFTER}\\s{0,3}(?:>|,(?:\\s?(?:and )?then\\b)?|;|≻|→|->|then)\\s{0,3}${BEFORE}`, 'i');
/** From the beginning of a line to the label. */
const NUMBER = new RegExp(
  `^[\\s*#-]{0,6}(?:\\d{1,2}|first|second|third)(?:st|nd|rd|th)?[.):]?[\\s:-]{0,4}[*]{0,2}${BEFORE}`,
  'i',
);
/** Longer than what either of them takes. */
const NEAR = 60;

/** The last chain or numbered list of labels is the verdict; what stands before it is deliberation. */
function fromProse(text: string, labels: readonly string[]): readonly string[] | null {
  const named = [...text.matchAll(WORD)].filter(([word]) => labels.includes(word));
  const listed: string[] = [];
  let chain: string[] = [];
  let verdict: readonly string[] | null = null;
  let end = Number.NEGATIVE_INFINITY;
  for (const { 0: word, index } of named) {
    const goesOn = index - end < NEAR && LINK.test(text.slice(end, index));
    if (goesOn) chain.push(word);
    else chain = [word];
    if (chain.length > 1) verdict = chain;
    end = index + word.length;
    const line = text.lastIndexOf('\n', index) + 1;
    if (index - line < NEAR && NUMBER.test(text.slice(line, index))) listed.push(word);
  }
  verdict ??= listed.length > 1 ? listed : null;
  return verdict && [...new Set(verdict)];
}

/**
 * Borda count (de Borda 1781), each judge's points weighted by the confidence in that judge and averaged over the judges that saw the
 * answer, so that leaving out one's own is no disadvantage. 0 (always last) to 1 (always first); 0.5 where nobody ranked it. Answers that
 * a judge saw and left out of its ranking share the mean of the places below.
 */
export function borda(models: readonly string[], rankings: readonly Ranking[]): ReadonlyMap<string, number> {
  const points = new Map(models.map((model) => [model, { sum: 0, weight: 0 }]));
  for (const { order, unplaced = [], weight } of rankings) {
    const last = order.length + unplaced.length - 1;
    if (last < 1 || weight <= 0) continue;
    const below = (order.length + last) / 2;
    const places = [...order.entries(), ...unplaced.map((model) => [below, model] as const)];
    for (const [place, model] of places) {
      const tally = points.get(model);
      if (tally === undefined) continue;
      tally.sum += weight * (1 - place / last);
      tally.weight += weight;
    }
  }
  return new Map([...points].map(([model, { sum, weight }]) => [model, weight === 0 ? 0.5 : sum / weight]));
}

/** Enough rankings for the next stage: half of those asked for, at least two, or all there will be. */
export const enoughRankings = (judges: number, arrived: number, outstanding: number): boolean =>
  outstanding === 0 || arrived >= Math.max(2, Math.ceil(judges / 2));
