// Multiple choice: finds the options in the prompt and which of them is right.
import { hashOf } from '../random.ts';
import { solveFact } from './facts.ts';
import { solveNumbers } from './numbers.ts';
import { solution, type Solution } from './solution.ts';

const LINE = /^[ \t]*(?:[-*]\s*)?\(?([A-J])[).:\]]\s+(.+?)\s*$/gim;
const INLINE = /(?:^|[\s(])\(?([A-J])[).:]\s*([^\n]+?)(?=[\s,;]+\(?[A-J][).:]\s|\s*$)/g;

interface Option {
  readonly letter: string;
  readonly text: string;
}

function optionsIn(text: string): { readonly options: readonly Option[]; readonly at: number } | null {
  for (const pattern of [LINE, INLINE]) {
    const matches = [...text.matchAll(pattern)];
    const from = matches.findIndex((match) => match[1]!.toUpperCase() === 'A');
    const run: RegExpExecArray[] = [];
    for (const match of from < 0 ? [] : matches.slice(from)) {
      if (match[1]!.toUpperCase() === String.fromCodePoint(65 + run.length)) run.push(match);
    }
    if (run.length >= 2) {
      const options = run.map((match) => ({ letter: match[1]!.toUpperCase(), text: match[2]!.replace(/[,;.]+$/, '') }));
      return { options, at: run[0]!.index };
    }
  }
  return null;
}

const plain = (text: string): string => text.toLowerCase().replace(/^the\s+|[^\p{L}\p{N}.%-]/gu, '');

export function solveChoice(text: string): Solution | null {
  const short = text.slice(0, 12_000);
  const found = optionsIn(short);
  if (found === null) return null;
  const question = short.slice(0, found.at);
  if (!/[?:]|\b(?:choose|select|which|what|answer|option|correct)\b/i.test(short)) return null;
  const truth = solveFact(question) ?? solveNumbers(question);
  const known =
    truth &&
    found.options.find(
      (option) => plain(option.text) === plain(truth.right) || plain(option.text).startsWith(`${plain(truth.right)} `),
    );
  // Unknown questions have a truth of their own, the same for every model and every order of words around them.
  const right =
    known ??
    found.options[
      hashOf(plain(question + found.options.map((option) => option.text).join()), 11) % found.options.length
    ]!;
  return solution({
    family: 'choice',
    form: 'label',
    right: right.letter,
    wrongs: found.options.filter((option) => option !== right).map((option) => option.letter),
  });
}
