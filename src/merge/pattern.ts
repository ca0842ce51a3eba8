// Regular expressions of callers, run so that no text can make them slow: plain ones natively, the others as a set of states.
import { automatonOf } from './automaton.ts';

interface Pattern {
  test(text: string): boolean;
}

/** Longer texts and patterns are not checked: they pass. */
const MAX_TEXT = 2_000;
const MAX_PATTERN = 2_000;
const MAX_STEPS = 2_000_000;

/** Where backtracking could take longer than the text's length times a small factor. */
function isRisky(source: string): boolean {
  const plain = source.replace(/\\[^]/g, 'x').replace(/\[[^\]]*\]/g, 'x');
  const repeats = plain.match(/[*+]|\{\d*,?\d*\}/g)?.length ?? 0;
  return /\\[1-9]|\\k</.test(source) || /\)(?:[*+]|\{\d)/.test(plain) || repeats > 2;
}

/** Native where it can't blow up; otherwise an automaton, and where there is none (look-around, back-references) nothing is checked. */
function boundedPattern(source: string, flags: string): Pattern {
  const native = new RegExp(source, flags.replace(/[gy]/g, ''));
  if (source.length > MAX_PATTERN) return { test: () => true };
  if (!isRisky(source)) return { test: (text) => text.length > MAX_TEXT || native.test(text) };
  const automaton = automatonOf(source, native.flags);
  if (automaton === null) return { test: () => true };
  return { test: (text) => text.length * automaton.size > MAX_STEPS || automaton.test(text) };
}

const known = new WeakMap<RegExp, Pattern>();

/** The same for a pattern of the config. */
export function boundedRegExp(pattern: RegExp): Pattern {
  let bounded = known.get(pattern);
  if (bounded === undefined) known.set(pattern, (bounded = boundedPattern(pattern.source, pattern.flags)));
  return bounded;
}

/** As ajv wants its regular-expression engine. */
export const patternEngine = Object.assign(boundedPattern, { code: 'boundedPattern' });
