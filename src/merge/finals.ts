// Final answers as what they mean: a letter, a number, a yes or no, a label, a short text; and what kind most of them are.
import type { AnswerKind, ChatRequest } from '../contract/index.ts';
import { codeOf } from './code.ts';
import { dateOf } from './dates.ts';
import { lastLetterOf, lastNumberOf, letterOf, yesNoOf } from './extract.ts';
import { isList, isObject, JsonNumber, writeJson } from './json.ts';
import type { Json } from './json.ts';
import { quantityOf } from './quantity.ts';
import type { Quantity } from './quantity.ts';
import type { Reading } from './reading.ts';
import { promptOf } from './request.ts';
import { loosely, normalise } from './text.ts';

type FinalKind = Extract<AnswerKind, 'number' | 'choice' | 'label' | 'short'>;

const SHORT_CHARS = 160;
const SHORT_WORDS = 12;
const LABEL_CHARS = 40;

const isContainer = (value: Json): boolean => isList(value) || isObject(value);

/** The final answer as text; null when the candidate gave none that can be told from its prose. */
export function finalText(reading: Reading): string | null {
  if (reading.answerField !== null) {
    const { value } = reading.answerField;
    if (typeof value === 'string') return value;
    return value instanceof JsonNumber ? value.text : value === null ? null : writeJson(value);
  }
  return reading.final?.text ?? null;
}

/** Letters that the prompt offers as choices, `ABCD`; empty when it offers none. */
function offeredLetters(request: ChatRequest): string {
  const lines = promptOf(request).matchAll(/(?:^|\n|\s{2,}|[;,]\s)\s*[(*[]*([A-Z])[)\].:]\*{0,2}\s+\S/g);
  const letters = [...new Set([...lines].map((line) => line[1]!))].sort().join('');
  return letters.startsWith('AB') ? letters : '';
}

function choiceOf(reading: Reading, offered: string): string | null {
  const text = finalText(reading);
  const letter = text === null ? null : letterOf(text);
  if (letter !== null && (offered === '' || offered.includes(letter))) return letter;
  return offered === '' || reading.answerField !== null ? null : lastLetterOf(reading.text.slice(-8_000), offered);
}

export function numberOf(reading: Reading): Quantity | null {
  const text = finalText(reading);
  if (text === null) return null;
  const whole = quantityOf(text);
  if (whole !== null) return whole;
  const equation = /(?:=|≈|\bis\b|\bapproximately\b)\s*([^=≈]{1,60})$/.exec(text);
  const right = equation === null ? null : quantityOf(equation[1]!);
  if (right !== null) return right;
  const marked = reading.answerField !== null || reading.final?.marked === true;
  const only = text.match(/\d[\d,]*(?:\.\d+)?/g)?.length === 1 ? lastNumberOf(text) : null;
  return marked && only !== null && !/[\\^{}[\]]/.test(text) ? quantityOf(only) : null;
}

/** Literals of code mean what they are to the letter. */
const asksCode = (request: ChatRequest): boolean =>
  /```(?!json\b|te?xt\b|markdown\b|md\b)[a-z]+|\bdef \w+\(|\bfunction\s*\w*\(|\[PYTHON\]|=>\s*\{/i.test(
    promptOf(request),
  );

function latexOff(text: string): string {
  return text
    .slice(0, 2_000)
    .replace(/^\$+|\$+$|^\\[([]|\\[)\]]$/g, '')
    .replace(/\\(?:left|right|displaystyle|,|;|!|:|quad)(?![a-zA-Z])/g, '')
    .replace(/\\[dt]frac/g, '\\frac')
    .replace(/\\(?:text|mathrm|textbf|mathbf)\{([^{}]*)\}/g, '$1')
    .replace(/\s+/g, '');
}

/** Equal for short answers that mean the same. */
function shortKey(text: string, request: ChatRequest): string {
  const trimmed = text.trim();
  if (asksCode(request)) return literalKey(trimmed);
  if (/\\[a-zA-Z]+|[_^]\{/.test(trimmed)) return latexOff(trimmed);
  return dateOf(trimmed) ?? loosely(trimmed);
}

/** Outer quotes and white space off, quotes of one kind. */
function literalKey(text: string): string {
  const bare = text.replace(/^[`'"]+|[`'"]+$/g, '');
  return /^[[({]/.test(bare) ? bare.replace(/\s+/g, '').replaceAll('"', "'") : bare;
}

/** `paris` and `the capital of france is paris`: one says the other's words in the same order, and no `not`. */
export function contains(longer: string, shorter: string): boolean {
  if (shorter.length < 2 || longer.length > SHORT_CHARS || shorter.split(' ').length > 6) return false;
  return ` ${longer} `.includes(` ${shorter} `) && !/\b(?:not|no|never|n't|nicht|pas|ni)\b/.test(longer);
}

export interface FinalReading {
  readonly kind: FinalKind;
  /** null: gives no such answer. */
  readonly keyed: (reading: Reading) => string | null;
}

/** Most speak in one kind: that is the kind. null: code or prose. */
export function finalKindOf(readings: readonly Reading[], request: ChatRequest): FinalReading | null {
  const most = (test: (reading: Reading) => boolean): boolean => readings.filter(test).length * 2 > readings.length;
  const offered = offeredLetters(request);
  const code = asksCode(request);
  const lettered = (reading: Reading): boolean => {
    const text = finalText(reading);
    if (text === null || letterOf(text) === null) return false;
    return offered === '' ? text.trim().length <= 4 && !code : offered.includes(letterOf(text)!);
  };
  const structured = most((reading) => reading.answerField !== null);
  if (!structured && most((reading) => (codeOf(reading.text)?.share ?? 0) > 0.3)) return null;
  if (most(lettered)) return { kind: 'choice', keyed: (reading) => choiceOf(reading, offered) };
  const numeric = (reading: Reading): boolean =>
    (reading.answerField !== null || reading.final?.marked === true || reading.text.length < SHORT_CHARS) &&
    numberOf(reading) !== null;
  if (most(numeric) && !code)
    return { kind: 'number', keyed: (reading) => (numberOf(reading) === null ? null : 'number') };
  const yesNo = (reading: Reading): boolean =>
    yesNoOf(finalText(reading) ?? reading.text) !== null && (finalText(reading) ?? '').length <= SHORT_CHARS;
  if (most(yesNo) && !code) return { kind: 'label', keyed: (reading) => yesNoOf(finalText(reading) ?? reading.text) };
  const short = (reading: Reading): boolean => isShort(reading);
  if (!structured && !most(short)) return null;
  const label = !code && readings.every((reading) => isLabel(reading, request));
  return {
    kind: label ? 'label' : 'short',
    keyed: (reading) => (isShort(reading) ? shortKey(finalText(reading)!, request) : null),
  };
}

function isShort(reading: Reading): boolean {
  const text = finalText(reading);
  if (text === null) return false;
  if (reading.answerField !== null)
    return text.length <= 4_000 && !(isContainer(reading.answerField.value) && text.length > 2_000);
  return reading.final?.marked === true && text.length <= SHORT_CHARS && text.split(/\s+/).length <= SHORT_WORDS;
}

/** One of a few words that the prompt itself names. */
function isLabel(reading: Reading, request: ChatRequest): boolean {
  const text = normalise(finalText(reading) ?? '');
  return (
    /\p{L}/u.test(text) &&
    text.length <= LABEL_CHARS &&
    text.split(' ').length <= 4 &&
    promptOf(request).toLowerCase().includes(text)
  );
}
