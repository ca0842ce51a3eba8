// Numeric answers: how they are got wrong, and the word problems whose truth is known.
import { findExpression, leftToRight } from './expression.ts';
import { solution, type Solution } from './solution.ts';
import { show } from './fraction.ts';

/** Rounds to six places, so that binary noise never shows. */
const tidy = (value: number): string => String(Number(value.toFixed(6)));

function nudged(right: string, by: number): string {
  if (/^-?\d{16,}/.test(right)) return (BigInt(right.split('.')[0]!) + BigInt(Math.trunc(by))).toString();
  return tidy(Number(right) + by);
}

function swappedDigits(right: string): string {
  return right.replace(/(\d)(\d)(?=\D*$)/, '$2$1').replace(/^(-?)0+(?=\d)/, '$1');
}

/** Off by one, by ten, a carry, a sign, two digits swapped: what a model gets instead of `right`. */
export function wrongNumbers(right: string, more: readonly (string | null)[] = []): string[] {
  const size = Math.abs(Number(right));
  const decimals = /\.(\d+)/.exec(right)?.[1]?.length ?? 0;
  const unit = decimals === 0 ? 1 : 10 ** -Math.min(decimals, 6);
  const steps = size >= 1000 ? [100, -100, 1000, -10] : size >= 20 ? [10, -10, 2, -2] : [2, -2, 3, 4];
  const nudges = [unit, -unit, ...steps.map((step) => (size < 20 ? step * unit : step))];
  return [
    ...more.filter((wrong) => wrong !== null),
    ...nudges.map((by) => nudged(right, by)),
    swappedDigits(right),
    size > 0 && size < 1e15 ? tidy(Number(right) * 2) : '1',
    size >= 10 && size < 1e15 ? tidy(Number(right) * 0.9) : nudged(right, 5 * unit),
  ];
}

function numeric(right: string, subject?: string, more: readonly (string | null)[] = []): Solution | null {
  if (!/^-?\d+(?:\.\d+)?$/.test(right)) return null;
  const wrongs = wrongNumbers(right, more);
  return solution({ family: 'arithmetic', form: 'number', right, wrongs, ...(subject && { subject }) });
}

// From where a number starts and with an end, so that a long row of digits isn't tried from each of them.
const N = String.raw`(?<![\d.,])\$?(?<![\d.,])(\d[\d,]{0,15}(?:\.\d{1,12})?)`;
const HOUR = String.raw`(?:hours?|hrs?|h)\b`;

/** A pattern whose groups are numbers, the formula, and a condition on the whole text. */
type Rule = readonly [pattern: RegExp, formula: (numbers: readonly number[]) => number, when?: RegExp];

const rule = (source: string, formula: Rule[1], when?: RegExp): Rule => {
  const pattern = new RegExp(source, 'is');
  return when === undefined ? [pattern, formula] : [pattern, formula, when];
};
const gap = '[^?]{0,160}?';
const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b));

const RULES: readonly Rule[] = [
  rule(
    `${N} ?(?:km/h|kmh|kph|mph|m/s|(?:kilomet(?:er|re)s|miles|km) (?:per|an) hour)${gap}${N} ?${HOUR}`,
    ([v, t]) => v! * t!,
  ),
  rule(`${N} ?(?:km|kilomet(?:er|re)s|miles)\\b${gap}${N} ?${HOUR}`, ([d, t]) => d! / t!, /speed|fast/i),
  rule(
    `${N} ?(?:km|kilomet(?:er|re)s|miles)\\b${gap}${N} ?(?:km/h|kmh|kph|mph)`,
    ([d, v]) => d! / v!,
    /how long|time/i,
  ),
  rule(`${N} ?% (?:discount|off)${gap}${N}`, ([p, x]) => x! * (1 - p! / 100)),
  rule(
    `${N}${gap}(?:discount(?:ed)?|reduced|off|decrease[ds]?)${gap}${N} ?%|${N}${gap}${N} ?% (?:off|discount)`,
    (n) => {
      const [x, p] = n.filter((value) => !Number.isNaN(value));
      return x! * (1 - p! / 100);
    },
  ),
  rule(`${N}${gap}(?:increase[ds]?|rises?|grows?|raised|tax|tip)${gap}${N} ?%`, ([x, p]) => x! * (1 + p! / 100)),
  rule(`square root of ${N}`, ([x]) => Math.sqrt(x!)),
  rule(`remainder (?:when|of) ${N}(?: is)? divided by ${N}`, ([a, b]) => a! % b!),
  rule(`(?:greatest common (?:divisor|factor)|gcd|hcf) of ${N} and ${N}`, ([a, b]) => commonDivisor(a!, b!)),
  rule(`(?:least|lowest) common multiple of ${N} and ${N}|\\blcm of ${N} and ${N}`, (n) => {
    const [a, b] = n.filter((value) => !Number.isNaN(value));
    return (a! * b!) / commonDivisor(a!, b!);
  }),
  rule(`difference between ${N} and ${N}`, ([a, b]) => Math.abs(a! - b!)),
  rule(`rectang\\w+${gap}${N}${gap}${N}`, ([a, b]) => a! * b!, /area/i),
  rule(`rectang\\w+${gap}${N}${gap}${N}`, ([a, b]) => 2 * (a! + b!), /perimeter/i),
  rule(`square${gap}${N}`, ([a]) => a! * a!, /area/i),
  rule(`square${gap}${N}`, ([a]) => 4 * a!, /perimeter/i),
  rule(`minutes (?:are )?(?:there )?in ${N} hours`, ([h]) => h! * 60),
  rule(`seconds (?:are )?(?:there )?in ${N} minutes`, ([m]) => m! * 60),
  rule(`hours (?:are )?(?:there )?in ${N} days`, ([d]) => d! * 24),
  rule(`days (?:are )?(?:there )?in ${N} weeks`, ([w]) => w! * 7),
  rule(
    `${N}${gap}(?:shared?|divided?|split|distributed?)${gap}(?:equally|evenly)?${gap}(?:among|between|into|with)${gap}${N}`,
    ([a, b]) => a! / b!,
  ),
  rule(
    `(?:costs?|price[ds]?(?: at)?|sells? (?:for|at)|earns?|pays?|charges?) ${N} (?:dollars |euros )?(?:each|per|an|a|every)\\b${gap}${N}`,
    ([a, b]) => a! * b!,
  ),
  rule(
    `${N}\\b${gap}(?:cost|costing|at|for|of|with|holds?|contains?|has|have) ${N}\\b[^.?]{0,60}?\\b(?:each|apiece|per|every|a piece)\\b`,
    ([a, b]) => a! * b!,
  ),
  rule(`each${gap}(?:costs?|has|have|holds?|contains?|with|is) ${N}${gap}${N}`, ([a, b]) => a! * b!),
  rule(`${N}\\b[^.?]{0,60}?\\b(?:each|per|every)\\b${gap}${N}`, ([a, b]) => a! * b!),
];

function byRule(text: string): Solution | null {
  for (const [pattern, formula, when] of RULES) {
    const match = pattern.exec(text);
    if (match === null || (when && !when.test(text))) continue;
    const numbers = match.slice(1).map((digits) => Number((digits ?? 'NaN').replaceAll(',', '')));
    const value = formula(numbers);
    const [a, b] = numbers.filter((number) => !Number.isNaN(number));
    const misread = b === undefined ? [] : [tidy(a! + b), tidy(a! * b)];
    if (Number.isFinite(value)) return numeric(tidy(value), undefined, misread);
  }
  return null;
}

const GAINS =
  /\b(?:buys?|bought|gets?|got|receives?d?|finds?|found|picks?|picked|collects?|gains?|more|adds?|added|given|another|wins?|won|earns?|join|arrive)\b/i;
const LOSSES =
  /\b(?:eats?|ate|gives?(?: away)?|gave|loses?|lost|sells?|sold|spends?|spent|uses?|used|removes?d?|takes?|took|breaks?|broke|leaves?|left|drops?|donates?|away|die[sd]?|fewer)\b/i;

/** `Tom has 5 apples, buys 3 more and eats 2. How many …`: a start, then gains and losses clause by clause. */
function tally(text: string): Solution | null {
  if (!/how (?:many|much)/i.test(text)) return null;
  const story = text.replace(/[^.?!]*\bhow (?:many|much)\b[^?]*\??/i, '');
  const clauses = story.split(/[.;,]\s|\band\b|\bthen\b/i).filter((clause) => /\d/.test(clause));
  if (clauses.length < 2 || clauses.length > 20) return null;
  let total = 0;
  for (const [index, clause] of clauses.entries()) {
    const amount = Number(/\d[\d,]*(?:\.\d+)?/.exec(clause)![0].replaceAll(',', ''));
    if (index === 0) total = amount;
    else if (LOSSES.test(clause)) total -= amount;
    else if (GAINS.test(clause)) total += amount;
    else return null;
  }
  return numeric(tidy(total));
}

const FOLDS: readonly (readonly [RegExp, (numbers: readonly number[]) => number])[] = [
  [/\b(?:average|mean) of\b/i, (list) => list.reduce((sum, value) => sum + value, 0) / list.length],
  [
    /\b(?:sum|total) of\b|\badd (?:up )?(?:the )?(?:numbers )?(?=\d)/i,
    (list) => list.reduce((sum, value) => sum + value, 0),
  ],
  [/\bproduct of\b/i, (list) => list.reduce((product, value) => product * value, 1)],
  [/\b(?:largest|biggest|highest|greatest|maximum|max)\b/i, (list) => Math.max(...list)],
  [/\b(?:smallest|lowest|least|minimum|min)\b/i, (list) => Math.min(...list)],
  [
    /\bmedian\b/i,
    (list) => {
      const sorted = list.toSorted((a, b) => a - b);
      const middle = sorted.length >> 1;
      return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
    },
  ],
];

function fold(text: string): Solution | null {
  const found = FOLDS.find(([words]) => words.test(text));
  const list = /(?<![\d.])-?\d{1,15}(?:\.\d{1,12})?(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+)-?\d+(?:\.\d+)?)+/i.exec(
    text.slice(0, 4000),
  )?.[0];
  if (!found || !list) return null;
  const numbers = list.match(/-?\d+(?:\.\d+)?/g)!.map(Number);
  return numeric(tidy(found[1](numbers)), undefined, [String(numbers[0])]);
}

/** `2x + 3 = 11`. */
function equation(text: string): Solution | null {
  const match = /(-?\d*(?:\.\d+)?)\s*\*?\s*([a-z])\s*(?:([-+])\s*(\d+(?:\.\d+)?))?\s*=\s*(-?\d+(?:\.\d+)?)/i.exec(text);
  if (!match) return null;
  const slope = match[1] === '' ? 1 : match[1] === '-' ? -1 : Number(match[1]);
  const offset = Number(match[4] ?? 0) * (match[3] === '-' ? -1 : 1);
  if (!slope) return null;
  const flipped = tidy((Number(match[5]) + offset) / slope);
  return numeric(tidy((Number(match[5]) - offset) / slope), match[2], [flipped]);
}

/** Expressions first, then word problems; null when nothing is to be worked out. */
export function solveNumbers(text: string): Solution | null {
  const short = text.slice(0, 2500);
  const solved = equation(short) ?? byRule(short) ?? fold(short);
  const expression = findExpression(short);
  if (expression && (solved === null || !/[a-z]\s*=|=\s*-?\d/i.test(short)) && isAsked(short, expression.written)) {
    return numeric(show(expression.value), expression.written, [leftToRight(expression.written)]);
  }
  return solved ?? tally(short);
}

/** Beside a story an expression is mostly a part of it; then the story's rule knows better. */
function isAsked(text: string, written: string): boolean {
  return (
    /[-+*/^%!]/.test(written) &&
    (text.length < written.length + 90 || /calculate|compute|evaluate|what is|what's|solve|=/i.test(text))
  );
}
