// Writes one of the small functions that it knows, under the name that was asked for.
import { PROGRAMS } from './code-bank.ts';
import { solution, type Solution } from './solution.ts';

const ASKS =
  /\b(?:write|implement|create|give me|complete|code|define|provide|fix)\b[^]*\b(?:function|method|program|code|script|snippet|python|javascript|typescript|def)\b|\bdef \w+\(|\bfunction \w+\(/i;
const ANY_NAME = /(?:def|function) (\w+)\(/;

function renamed(code: string, question: string): string {
  const wanted =
    /(?:def|function) (\w+)\s*\(/.exec(question)?.[1] ??
    /(?:called|named|function)\s+[`'"](\w+)/i.exec(question)?.[1] ??
    /(?:called|named)\s+(\w+)/i.exec(question)?.[1] ??
    /`(\w+)\s*\(/.exec(question)?.[1];
  const name = ANY_NAME.exec(code)?.[1];
  return wanted && name ? code.replace(new RegExp(`\\b${name}\\b`, 'g'), wanted) : code;
}

export function solveCode(question: string): Solution | null {
  const short = question.slice(0, 6000);
  if (!ASKS.test(short)) return null;
  const program = PROGRAMS.find(({ asks }) => asks.test(short));
  if (program === undefined) return null;
  const language = /\b(?:javascript|typescript|js|ts|node)\b|\bfunction \w+\(/i.test(short) ? 'javascript' : 'python';
  const right = program[language];
  const slips = language === 'python' ? program.pythonSlips : program.javascriptSlips;
  return solution({
    family: 'code',
    form: 'code',
    right: renamed(right, short),
    wrongs: slips.map(([from, to]) => renamed(right.replace(from, to), short)),
    language,
  });
}
