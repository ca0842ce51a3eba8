// A task's patterns, made safe to run on anybody's text: bounded text, and linear time where backtracking would explode.
import { setFlagsFromString } from 'node:v8';

// V8 then goes over to its linear engine after 50,000 steps back; it can do that for patterns without lookaround and back-references.
setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks');

/** For patterns that only the backtracking engine can run. */
const BACKTRACKING_UNITS = 128;

export interface SafePattern {
  readonly test: (plain: string) => boolean;
}

/** What the linear engine can't do: lookaround, back-references, `\p{…}` and other flags' work. */
const BACKTRACKS = /\(\?(?:[=!]|<[=!])|\\[1-9]|\\k<|\\p\{/i;
/** A repeated group that itself ends in a repetition: may take exponential time. */
const EXPLODES = /[+*}]\??\)(?:[+*]|\{\d+,\d*\})/;

/**
 * The text comes in lower case with single spaces and without emphasis, so the pattern is put in lower case too (escapes stay).
 * null: a pattern that could hang the process, since it needs backtracking and may take exponential time.
 */
export function safePattern(pattern: RegExp): SafePattern | null {
  const source = pattern.source.replace(/\\[^]|[A-Z]/g, (found) =>
    found.startsWith('\\') ? found : found.toLowerCase(),
  );
  if (!BACKTRACKS.test(source)) {
    const linear = new RegExp(source, pattern.flags.replace(/[^ms]/g, ''));
    return { test: (plain) => linear.test(plain) };
  }
  if (EXPLODES.test(source)) return null;
  const bounded = new RegExp(pattern.source, `${pattern.flags.replace(/[gyi]/g, '')}i`);
  return { test: (plain) => bounded.test(plain.slice(0, BACKTRACKING_UNITS)) };
}
