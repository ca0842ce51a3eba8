// Exact handling of letters, words and lists: counting, reversing, sorting, counting up.
import { wrongNumbers } from './numbers.ts';
import { solution, type Solution } from './solution.ts';

const QUOTED = /["'“‘`]([^"'”’`\n]{1,2000})["'”’`]/;

function subjectOf(text: string, after: RegExp): string | null {
  const rest = text.slice((after.exec(text)?.index ?? 0) + (after.exec(text)?.[0].length ?? 0));
  const quoted = QUOTED.exec(rest)?.[1] ?? QUOTED.exec(text)?.[1];
  if (quoted !== undefined) return quoted;
  const named = /(?:word|string|text|sentence|phrase|letters?)?\s*:?\s*([^\s?.!,:][^?.!\n]{0,400})/i.exec(rest)?.[1];
  return named?.trim() || null;
}

const count = (right: number, subject: string): Solution | null =>
  solution({
    family: 'arithmetic',
    form: 'number',
    right: String(right),
    wrongs: wrongNumbers(String(right)).filter((wrong) => !wrong.startsWith('-')),
    subject,
  });

function counting(text: string): Solution | null {
  const letters =
    /how many (?:times does (?:the )?(?:letter )?)?(?:letter )?["'“‘]?([a-z])["'”’]?(?:['’]?s)?\b(?: letters)?(?: are)?(?: there)?(?: appears?)?(?: occurs?)? (?:are in|is in|in)(?: the)?(?: word)? ["'“‘]?([\p{L}-]+)/iu.exec(
      text,
    );
  if (letters) {
    const [, letter, word] = letters;
    const right = Array.from(word!.toLowerCase()).filter((sign) => sign === letter!.toLowerCase()).length;
    return count(right, `The number of "${letter}" in "${word}"`);
  }
  const what =
    /how many (letters|characters|words|vowels) (?:are )?(?:there )?(?:in|does)/i.exec(text) ??
    /count the (letters|characters|words|vowels) in/i.exec(text);
  const subject =
    what &&
    subjectOf(text, new RegExp(what[0], 'i'))?.replace(/^(?:the )?(?:word|string|sentence|phrase|text)\s*:?\s*/i, '');
  if (!what || !subject) return null;
  const counted: Record<string, RegExp> = {
    letters: /\p{L}/gu,
    characters: /./gsu,
    words: /\S+/g,
    vowels: /[aeiou]/gi,
  };
  return count(
    (subject.match(counted[what[1]!.toLowerCase()]!) ?? []).length,
    `The number of ${what[1]} in "${subject}"`,
  );
}

function text(right: string, wrongs: readonly string[]): Solution | null {
  return solution({ family: 'arithmetic', form: 'word', right, wrongs });
}

const swap = (list: readonly string[], at: number): string[] =>
  list.map((item, index) => (index === at ? list[at + 1]! : index === at + 1 ? list[at]! : item));

function reversing(question: string): Solution | null {
  const asks =
    /\breverse (?:the )?(?:word|string|letters(?: of)?|text|order of|list|words(?: in)?)?|\bbackwards\b/i.exec(
      question,
    );
  if (!asks || /function|code|python|javascript|program/i.test(question)) return null;
  const subject = subjectOf(
    question,
    asks[0] === 'backwards'
      ? /\b(?:spell|write|say)\b/i
      : /\breverse (?:the )?(?:word|string|letters(?: of)?|text|order of|list|words(?: in)?)?/i,
  )?.replace(/ backwards$/i, '');
  if (!subject) return null;
  const parts = subject.includes(',') ? subject.split(/,\s*/) : Array.from(subject);
  if (parts.length < 2) return null;
  const glue = subject.includes(',') ? ', ' : '';
  const reversed = parts.toReversed();
  const slips = [0, Math.floor(parts.length / 2) - 1, parts.length - 2]
    .filter((at) => at >= 0)
    .map((at) => swap(reversed, at).join(glue));
  return text(reversed.join(glue), [...slips, reversed.slice(0, -1).join(glue), reversed.slice(1).join(glue)]);
}

function sorting(question: string): Solution | null {
  const asks = /\b(?:sort|alphabeti[sz]e|order|arrange)\b(?=[^]*,)/i.exec(question);
  if (!asks || /function|code|python|javascript|program/i.test(question)) return null;
  const list = /(?:\[([^\]]+)\]|:\s*([^\n?.]+(?:\.\d+[^\n?.]*)*)|(-?\d[\d., -]*,\s*-?\d+(?:\.\d+)?))/.exec(question);
  const items = (list?.[1] ?? list?.[2] ?? list?.[3] ?? '')
    .split(/,\s*(?:and\s+)?|\s+and\s+/)
    .map((item) => item.replace(/^["'\s]+|["'.\s]+$/g, ''))
    .filter(Boolean);
  if (items.length < 2) return null;
  const numbers = items.every((item) => /^-?\d+(?:\.\d+)?$/.test(item));
  const sorted = items.toSorted((a, b) => (numbers ? Number(a) - Number(b) : a.localeCompare(b, 'en')));
  if (/descending|reverse|largest to smallest|high(?:est)? to low/i.test(question)) sorted.reverse();
  const slips = sorted.slice(1).map((_, at) => swap(sorted, at).join(', '));
  return text(sorted.join(', '), [...slips, items.join(', '), sorted.toReversed().join(', ')]);
}

function casing(question: string): Solution | null {
  const asks = /\b(?:in|to|into) (upper|lower) ?case\b|\b(upper|lower)case\b/i.exec(question);
  const subject = asks && QUOTED.exec(question)?.[1];
  if (!asks || !subject) return null;
  const upper = (asks[1] ?? asks[2])!.toLowerCase() === 'upper';
  const right = upper ? subject.toUpperCase() : subject.toLowerCase();
  return text(right, [subject, right.slice(0, -1)]);
}

/** `Count from 1 to 500.`: a long answer on demand. */
function countingUp(question: string): Solution | null {
  const range = /\bcount (?:up )?from (\d{1,6}) to (\d{1,6})\b/i.exec(question);
  const [from, to] = [Number(range?.[1]), Number(range?.[2])];
  if (!range || to <= from || to - from > 20_000) return null;
  const list = Array.from({ length: to - from + 1 }, (_, index) => String(from + index));
  return solution({
    family: 'arithmetic',
    form: 'text',
    right: list.join(', '),
    wrongs: [list.slice(0, -1).join(', '), list.toSpliced(1, 1).join(', ')],
  });
}

export function solveWords(question: string): Solution | null {
  const short = question.slice(0, 4000);
  return counting(short) ?? reversing(short) ?? sorting(short) ?? casing(short) ?? countingUp(short);
}
