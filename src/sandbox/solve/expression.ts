// Finds and works out arithmetic expressions in a text: precedence, parentheses, powers, percent, in signs or in words.
import { add, divide, multiply, parseFraction, power, remainder, show, subtract, type Fraction } from './fraction.ts';

const WORDS: readonly (readonly [RegExp, string])[] = [
  [/\bmultiplied by\b|\btimes\b|[×·⋅]|(?<=\d\s*)x(?=\s*\d)/gi, '*'],
  [/\bdivided by\b|\bover\b(?=\s*\d)|÷/gi, '/'],
  [/\bplus\b|\badded to\b/gi, '+'],
  [/\bminus\b|[−–](?=\s*\d)/gi, '-'],
  [/\b(?:to the power of|raised to(?: the power of)?)\b|\*\*/gi, '^'],
  [/\bsquared\b/gi, '^2'],
  [/\bcubed\b/gi, '^3'],
  [/\bmod(?:ulo)?\b/gi, ' mod '],
  [/\s*\bper ?cent\b/gi, '%'],
  [/(?<=%\s*)of\b/gi, '*'],
  [/\bhalf of\b/gi, '0.5 *'],
];
const TOKEN = /\s*(mod\b|\d[\d,]*(?:\.\d+)?|[-+*/^%()!])/y;

/** Signs instead of words, and thousands without commas. */
function inSigns(text: string): string {
  return WORDS.reduce((signs, [words, sign]) => signs.replace(words, sign), text).replace(/(?<=\d),(?=\d{3}\b)/g, '');
}

type Tokens = { readonly list: readonly string[]; at: number };

function tokensIn(text: string): string[] | null {
  const list: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const match = TOKEN.exec(text);
    if (match === null) return null;
    list.push(match[1]!);
  }
  return list;
}

function factorial(value: Fraction): Fraction | null {
  if (value.bottom !== 1n || value.top < 0n || value.top > 150n) return null;
  let product = 1n;
  for (let factor = 2n; factor <= value.top; factor++) product *= factor;
  return { top: product, bottom: 1n };
}

function atom(tokens: Tokens): Fraction | null {
  const token = tokens.list[tokens.at++];
  if (token === '(') {
    const inner = sum(tokens);
    return tokens.list[tokens.at++] === ')' ? inner : null;
  }
  return token === undefined ? null : parseFraction(token);
}

function postfix(tokens: Tokens): Fraction | null {
  let value = atom(tokens);
  for (;;) {
    const next = tokens.list[tokens.at];
    const after = tokens.list[tokens.at + 1];
    if (value === null) return null;
    if (next === '!') value = factorial(value);
    else if (next === '%' && (after === undefined || !/^[\d(]/.test(after))) {
      value = divide(value, { top: 100n, bottom: 1n });
    } else return value;
    tokens.at++;
  }
}

function powers(tokens: Tokens): Fraction | null {
  const base = postfix(tokens);
  if (tokens.list[tokens.at] !== '^' || base === null) return base;
  tokens.at++;
  const exponent = signed(tokens);
  return exponent && power(base, exponent);
}

function signed(tokens: Tokens): Fraction | null {
  if (tokens.list[tokens.at] === '-') {
    tokens.at++;
    const value = signed(tokens);
    return value && { top: -value.top, bottom: value.bottom };
  }
  return powers(tokens);
}

const PRODUCTS: Readonly<Record<string, (a: Fraction, b: Fraction) => Fraction | null>> = {
  '*': multiply,
  '/': divide,
  '%': remainder,
  mod: remainder,
};

function product(tokens: Tokens): Fraction | null {
  let left = signed(tokens);
  for (;;) {
    const token = tokens.list[tokens.at];
    const operation = token === '(' ? multiply : PRODUCTS[token ?? ''];
    if (left === null || operation === undefined) return left;
    if (token !== '(') tokens.at++;
    const right = signed(tokens);
    left = right && operation(left, right);
  }
}

function sum(tokens: Tokens): Fraction | null {
  let left = product(tokens);
  for (;;) {
    const token = tokens.list[tokens.at];
    if (left === null || (token !== '+' && token !== '-')) return left;
    tokens.at++;
    const right = product(tokens);
    left = right && (token === '+' ? add(left, right) : subtract(left, right));
  }
}

/** null when it isn't an expression, or has no finite value. */
export function evaluate(text: string): Fraction | null {
  const list = tokensIn(inSigns(text));
  if (list === null || list.length === 0 || list.length > 400) return null;
  const tokens: Tokens = { list, at: 0 };
  const value = sum(tokens);
  return tokens.at === list.length ? value : null;
}

/** What careless readers make of it: strictly from left to right, without parentheses. */
export function leftToRight(text: string): string | null {
  const list = tokensIn(inSigns(text))?.filter((token) => token !== '(' && token !== ')') ?? [];
  let value = parseFraction(list[0] ?? '');
  for (let at = 1; at + 1 < list.length && value !== null; at += 2) {
    const [operation, operand] = [list[at]!, parseFraction(list[at + 1]!)];
    if (operand === null) return null;
    if (operation === '+') value = add(value, operand);
    else if (operation === '-') value = subtract(value, operand);
    else value = PRODUCTS[operation]?.(value, operand) ?? null;
  }
  return value && show(value);
}

/** The longest expression with an operator in the text, as written there in signs; null when there is none. */
export function findExpression(text: string): { readonly written: string; readonly value: Fraction } | null {
  const spans = inSigns(text.slice(0, 4000)).match(/[-(]*\d(?:[\d.,+\-*/^%()!\s]|mod\b)*/g) ?? [];
  const found = spans.slice(0, 50).flatMap((span) => {
    const written = span.replace(/[\s.,+\-*/^(]+$/, '').trim();
    const sensible =
      /\d\s*(?:[-+*/^%]|mod)\s*[-(]*\d|\d\s*%?\s*\*|\d!|\)\s*\(/.test(written) && !isDateOrPhone(written);
    const value = sensible ? evaluate(written) : null;
    return value === null ? [] : [{ written, value }];
  });
  return found.toSorted((a, b) => b.written.length - a.written.length)[0] ?? null;
}

function isDateOrPhone(written: string): boolean {
  return /^\d{4}-\d{1,2}-\d{1,2}$|^\d{1,2}\/\d{1,2}\/\d{2,4}$|^\+?\d{2,4}(?:[- ]\d{2,4}){2,}$/.test(written);
}
