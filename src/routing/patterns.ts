// A task's patterns, made safe and cheap to run on anybody's text: linear time where backtracking would explode, and skipped
// where a sign that they need isn't in the text.
import { setFlagsFromString } from 'node:v8';

// V8 then goes over to its linear engine after 50,000 steps back; it can do that for patterns without lookaround and back-references.
setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks');

/** For patterns that only the backtracking engine can run. */
const BACKTRACKING_UNITS = 128;
const ASCII = 128;
const DIGIT_SLOT = 0x30;

export interface SafePattern {
  /** Signs (ASCII; any digit as `0`) without which it can't match. */
  readonly needs: readonly number[];
  readonly test: (plain: string) => boolean;
}

/** What the linear engine can't do: lookaround, back-references, `\p{…}` and other flags' work. */
const BACKTRACKS = /\(\?(?:[=!]|<[=!])|\\[1-9]|\\k<|\\p\{/i;
/** A repeated group that itself ends in a repetition: may take exponential time. */
const EXPLODES = /[+*}]\??\)(?:[+*]|\{\d+,\d*\})/;

/**
 * The text comes in lower case with single spaces and without emphasis, so the pattern is put in lower case too (escapes stay);
 * a space and a dot in it match a line's end as well, so that wrapping a prompt otherwise changes nothing.
 * null: a pattern that could hang the process, since it needs backtracking and may take exponential time.
 */
export function safePattern(pattern: RegExp): SafePattern | null {
  const source = pattern.source.replace(/\\[^]|[A-Z ]/g, (found) =>
    found === ' ' ? '\\s' : found.startsWith('\\') ? found : found.toLowerCase(),
  );
  const needs = neededSigns(source);
  if (!BACKTRACKS.test(source)) {
    const linear = new RegExp(source, pattern.flags.includes('m') ? 'ms' : 's');
    return { needs, test: (plain) => linear.test(plain) };
  }
  if (EXPLODES.test(source)) return null;
  const bounded = new RegExp(pattern.source, `${pattern.flags.replace(/[gyi]/g, '')}i`);
  return { needs, test: (plain) => bounded.test(plain.slice(0, BACKTRACKING_UNITS)) };
}

/** Atoms outside groups and classes: an escape, how often the one before repeats, or one character. */
const ATOM = /\\[^]|\[(?:\\[^]|[^\]\\])*\]|\{\d+(?:,\d*)?\}|[^]/g;
const OPTIONAL = /^(?:[?*]|\{0)/;

/** Digits and punctuation that stand outside every group, class and alternative and aren't optional; letters hardly ever lack. */
function neededSigns(source: string): readonly number[] {
  const needs = new Set<number>();
  let depth = 0;
  for (const { 0: atom, index } of source.matchAll(ATOM)) {
    if (atom === '(') depth += 1;
    else if (atom === ')') depth -= 1;
    else if (atom === '|' && depth === 0) return [];
    if (depth > 0 || atom.length > 2 || OPTIONAL.test(source.slice(index + atom.length))) continue;
    if (atom === '\\d') needs.add(DIGIT_SLOT);
    else if (/^\\[^\w\s]$|^[`#%=<>@&~!;:,"'-]$/.test(atom)) needs.add(atom.charCodeAt(atom.length - 1));
  }
  return [...needs].filter((code) => code < ASCII);
}

const present = new Uint8Array(ASCII);

/** Marks which ASCII signs a text holds; valid until the next call. */
export function signsIn(plain: string): Uint8Array {
  present.fill(0);
  for (let at = 0; at < plain.length; at += 1) {
    const code = plain.charCodeAt(at);
    if (code < ASCII) present[code] = 1;
  }
  for (let digit = DIGIT_SLOT; digit < DIGIT_SLOT + 10; digit += 1) if (present[digit] === 1) present[DIGIT_SLOT] = 1;
  return present;
}

/** Whether everything that a pattern needs is there. */
export function mayMatch({ needs }: SafePattern, signs: Uint8Array): boolean {
  for (const code of needs) if (signs[code] === 0) return false;
  return true;
}
