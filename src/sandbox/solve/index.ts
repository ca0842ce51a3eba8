// Answers a question in text: the first solver that knows its truth, worded in the model's voice; prose where none does.
import type { Mind } from '../mind.ts';
import type { Prompt } from '../prompt.ts';
import { solveChoice } from './choice.ts';
import { solveCode } from './code.ts';
import { solveFact, solveYesNo } from './facts.ts';
import { solveLabels } from './labels.ts';
import { solveNumbers } from './numbers.ts';
import { writeProse, writeSummary } from './prose.ts';
import type { Solution } from './solution.ts';
import { solveTranslation } from './translation.ts';
import { solveWords } from './words.ts';

export { findExpression } from './expression.ts';
export { bestLabel } from './labels.ts';
export { sentencesOf, summaryOf } from './prose.ts';
export { solution, type Solution } from './solution.ts';

export interface Written {
  readonly text: string;
  /** Whether it is what the model holds to be true; null where there is no truth. */
  readonly right: boolean | null;
}

/** What is known of the question; null when nothing is. */
export function solve(text: string, system = ''): Solution | null {
  return (
    solveChoice(text) ??
    solveCode(text) ??
    solveTranslation(text, system) ??
    solveLabels(text, system) ??
    solveWords(text) ??
    solveYesNo(text) ??
    solveFact(text) ??
    solveNumbers(text)
  );
}

/** The model's answer to a solved question: the truth, or one of its mistakes. */
function decide(solution: Solution, mind: Mind): { readonly value: string; readonly right: boolean } {
  const right = mind.isRight(solution.family, 'answer');
  return { value: right ? solution.right : mind.slip('answer', solution.wrongs), right };
}

const BARE =
  /\b(?:only|just) (?:with )?(?:the |a |one )?|\bsingle (?:word|number|letter)|\bone word\b|no explanation|nothing else/i;

function sentence(solution: Solution, value: string): string {
  const { subject } = solution;
  if (subject === undefined) return `The answer is ${value}.`;
  return /^[\d(-]|^[a-z]$/.test(subject) ? `${subject} = ${value}` : `${subject} is ${value}.`;
}

function inVoice(solution: Solution, value: string, mind: Mind): string {
  const { voice } = mind.behaviour;
  switch (solution.form) {
    case 'number':
    case 'word':
      if (voice === 'terse' || (solution.form === 'word' && value.length > 60)) return value;
      if (voice === 'plain') return sentence(solution, value);
      return `${solution.subject === undefined ? 'Let me work it out.' : sentence(solution, value)}\n\nThe answer is ${value}.`;
    case 'label':
      return solution.family === 'choice' && voice !== 'terse' ? `The answer is ${value}.` : value;
    case 'code':
      return `Here is a function that does it (simulated):\n\n\`\`\`${solution.language}\n${value}\n\`\`\``;
    case 'text':
      return value;
    default:
      return solution.form satisfies never;
  }
}

/** Words the value as the prompt wants it: bare, after `Answer:` or `####`, in a box, or in the model's own voice. */
function word(solution: Solution, value: string, prompt: Prompt, mind: Mind): string {
  const wishes = `${prompt.system}\n${prompt.text}`;
  if (solution.form === 'code') {
    return BARE.test(wishes) ? `\`\`\`${solution.language}\n${value}\n\`\`\`` : inVoice(solution, value, mind);
  }
  const short = solution.form !== 'text';
  if (short && /\\boxed/.test(wishes)) return `\\boxed{${value}}`;
  if (short && /#### ?[<{[]?\w/.test(wishes)) return `${sentence(solution, value)}\n#### ${value}`;
  const marker = /["'“`](?:the )?((?:final )?answer(?: is)?:?)\s*[^"'”`\n]{0,20}["'”`]/i.exec(wishes)?.[1];
  if (short && marker) return `${sentence(solution, value)}\n${marker} ${value}`;
  return BARE.test(wishes) ? value : inVoice(solution, value, mind);
}

export function writeAnswer(prompt: Prompt, mind: Mind): Written {
  const summary = prompt.images > 0 ? null : writeSummary(prompt, mind);
  if (summary !== null) return { text: summary, right: null };
  const solved = solve(prompt.text, prompt.system);
  if (solved === null) return { text: writeProse(prompt, mind), right: null };
  return wordAnswer(solved, prompt, mind);
}

/** The model's answer to a solved question, in words. */
export function wordAnswer(solved: Solution, prompt: Prompt, mind: Mind): Written {
  const { value, right } = decide(solved, mind);
  return { text: word(solved, value, prompt, mind), right };
}
