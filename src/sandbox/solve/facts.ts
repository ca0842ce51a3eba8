// Answers simple questions of fact, and yes/no questions about them.
import { evaluate } from './expression.ts';
import { AUTHORS, CAPITALS, FACTS, OPPOSITES, SYMBOLS } from './fact-bank.ts';
import { hashOf } from '../random.ts';
import { solution, type Solution } from './solution.ts';

const others = (bank: ReadonlyMap<string, string>, right: string): string[] => {
  const all = [...bank.values()].filter((value) => value !== right);
  const start = hashOf(right) % all.length;
  return [...all.slice(start), ...all.slice(0, start)].slice(0, 8);
};

function lookup(bank: ReadonlyMap<string, string>, name: string, subject: string): Solution | null {
  const wanted = name.trim().toLowerCase().replace(/^the /, '');
  const right = [...bank].find(([key]) => key.toLowerCase() === wanted)?.[1];
  if (right === undefined) return null;
  return solution({ family: 'facts', form: 'word', right, wrongs: others(bank, right), subject });
}

function capital(text: string): Solution | null {
  const country = /capital (?:city )?of (?:the )?([A-Z][\p{L}. ]*[\p{L}])/iu.exec(text)?.[1];
  if (country === undefined) return null;
  const known = [...CAPITALS.keys()].find((name) => country.toLowerCase().startsWith(name.toLowerCase()));
  return known === undefined ? null : lookup(CAPITALS, known, `The capital of ${known}`);
}

const countryOf = (text: string): Solution | null => {
  const city = /(?:which|what) country (?:is|has) ([\p{L} ]+?)(?: the| as its)? capital/iu.exec(text)?.[1];
  const countries = new Map([...CAPITALS].map(([country, name]) => [name, country]));
  return city === undefined ? null : lookup(countries, city, `The country whose capital is ${city}`);
};

function banked(text: string): Solution | null {
  const symbol = /(?:chemical )?symbol (?:of|for) (?:the element )?(\w+)/i.exec(text)?.[1];
  if (symbol) return lookup(SYMBOLS, symbol, `The symbol of ${symbol}`);
  const element = /element (?:has|with) the (?:chemical )?symbol (\w+)/i.exec(text)?.[1];
  if (element) return lookup(new Map([...SYMBOLS].map(([name, short]) => [short, name])), element, `The element`);
  const book = /(?:who (?:wrote|is the author of)|author of) (?:the (?:book|novel|play) )?["'“]?([^"'”?.!\n]+)/i.exec(
    text,
  )?.[1];
  if (book)
    return lookup(
      new Map([...AUTHORS].map(([title, name]) => [title.replace(/^the /, ''), name])),
      book,
      `The author of ${book.trim()}`,
    );
  const word = /(?:opposite|antonym) (?:of|for) (?:the word )?["'“]?(\w+)/i.exec(text)?.[1];
  return word ? lookup(OPPOSITES, word, `The opposite of ${word}`) : null;
}

export function solveFact(text: string): Solution | null {
  const short = text.slice(0, 2000);
  const known = capital(short) ?? countryOf(short) ?? banked(short);
  if (known) return known;
  const found = FACTS.find(({ asks }) => asks.test(short));
  if (!found) return null;
  const { right, wrongs, subject } = found;
  const form = /^-?\d+$/.test(right) ? 'number' : 'word';
  return solution({ family: 'facts', form, right, wrongs, subject });
}

function isPrime(value: number): boolean {
  if (value < 2 || value > 1e10) return false;
  for (let factor = 2; factor * factor <= value; factor++) if (value % factor === 0) return false;
  return true;
}

const COMPARISONS: readonly (readonly [RegExp, (a: number, b: number) => boolean])[] = [
  [/>=|≥|at least/i, (a, b) => a >= b],
  [/<=|≤|at most/i, (a, b) => a <= b],
  [/>|greater than|larger than|bigger than|more than/i, (a, b) => a > b],
  [/<|less than|smaller than|fewer than/i, (a, b) => a < b],
  [/divisible by|multiple of/i, (a, b) => b !== 0 && a % b === 0],
  [/==?|equal to|equals?/i, (a, b) => a === b],
];

function truthOf(text: string): boolean | null {
  const number = /\bis (?:the number )?(-?\d+)\b/i.exec(text)?.[1];
  if (number && /\bprime\b/i.test(text)) return isPrime(Number(number));
  if (number && /\beven\b/i.test(text)) return Number(number) % 2 === 0;
  if (number && /\bodd\b/i.test(text)) return Number(number) % 2 !== 0;
  const compared = COMPARISONS.find(([sign]) => sign.test(text));
  if (compared && /\d/.test(text)) {
    const [left, right] = text.replace(/^.*?\b(?:is|are|does|do)\b/is, '').split(compared[0]);
    const sides = [left, right].map((side) =>
      evaluate(
        (side ?? '')
          .replace(/[?.!]/g, ' ')
          .replace(/\b(?:an?|is)\b/g, '')
          .trim(),
      ),
    );
    if (sides[0] && sides[1])
      return compared[1](
        Number(sides[0].top) / Number(sides[0].bottom),
        Number(sides[1].top) / Number(sides[1].bottom),
      );
  }
  const fact = solveFact(text.replace(/^\s*(?:is|was)\s+/i, 'what is '));
  return fact && fact.wrongs.length > 0 ? mentions(text, fact.right) : null;
}

const mentions = (text: string, value: string): boolean => text.toLowerCase().includes(value.toLowerCase());

/** Yes/no questions. Where the truth isn't known it is made up from the question, the same for every model. */
export function solveYesNo(text: string): Solution | null {
  const question =
    /(?:^|[.!\n:]\s*)((?:is|are|was|were|does|do|did|can|could|has|have|should|will)\s[^?]{2,400}\?)/i.exec(
      text.slice(0, 4000),
    )?.[1];
  const asked = /\b(?:yes or no|yes\/no|yes, no|true or false)\b/i.test(text);
  if (question === undefined && !asked) return null;
  const [yes, no] = /true or false/i.test(text) ? ['true', 'false'] : ['Yes', 'No'];
  const known = truthOf(
    (question ?? text).replace(/\b(?:answer )?(?:with )?(?:yes or no|true or false)\b[:.]?/gi, ' '),
  );
  if (known === null && !asked) return null;
  const [right, wrong] = (known ?? hashOf(text, 7) % 2 === 0) ? [yes, no] : [no, yes];
  return solution({ family: 'facts', form: 'label', right, wrongs: [wrong] });
}
