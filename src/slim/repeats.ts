// What was said before in a scope that covers it is not said again. Never what an earlier field, step or tool was told.
import { hasMark } from './protect.ts';

const LEAST_CHARACTERS = 24;
const HEADING = /^\s{0,3}#{1,6}\s|^\s*\*\*[^*]+\*\*:?\s*$|^[A-Z][A-Z0-9 &/-]{3,}:?\s*$/;
const LABEL = /:\s*$/;
const NUMBERED = /^\s*(?:\d+|[a-z])[.)]\s/i;
const BULLET = /^\s*[-*+•–]\s+/;
/** Sections that hold for everything. */
const GENERAL =
  /\b(?:general|rules?|guidelines?|guardrails|instructions?|constraints?|requirements?|principles?|important|remember|reminders?|notes?|policy|policies|behaviou?r|overall|final|conventions?|style|tone|safety|about you|role|critical)\b/i;
/** What a sentence with such a word means hangs on where it stands. */
const POINTS =
  /\b(?:this|these|those|it|its|they|them|their|he|she|above|below|here|following|such|previous|next|former|latter|same|otherwise|then)\b|\bthat\b(?! (?:the|an?|no|are|is|was|were|has|have|had|you|we|can|could|do|does|did|cannot|must|may|might|will|would|should|not|only|each|every|all|any)\b)/i;
/** Begins behind a mark or at the very beginning, never in the middle of what was no sentence: that would cost its square. */
const SENTENCE = /(?<![^.!?])[^.!?]+(?:[.!?]+(?=\s|$)|$)/g;

/** Remembers across the system messages of one request what has been said for everything. */
export interface Memory {
  readonly general: Set<string>;
}

export const createMemory = (): Memory => ({ general: new Set() });

const keyOf = (text: string): string =>
  text
    .replace(BULLET, '')
    .replace(/\b(?:important|critical|note|remember|reminder|warning)\s*[:!]\s*/gi, '')
    .toLowerCase()
    .replace(/[\s*_]+/g, ' ')
    .replace(/(?<![.!\s])[.!\s]+$/, '')
    .trim();

interface Place {
  /** Section, and the lines above that this one is indented under. */
  readonly path: string;
  readonly isGeneral: boolean;
}

/** Drops repeated lines of one scope, and anywhere what a general section said word for word. Adds to `memory`. */
export function withoutRepeats(text: string, memory: Memory): string {
  const inScope = new Set<string>();
  const places = createPlaces();
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    if (line.trim() === '') {
      lines.push(line);
      continue;
    }
    const place = places.of(line);
    if (isStructure(line)) {
      lines.push(line);
      continue;
    }
    const key = keyOf(line);
    const scoped = `${place.path}\u0000${key}`;
    const repeatable = key.length >= LEAST_CHARACTERS && !hasMark(line);
    if (repeatable && inScope.has(scoped)) continue;
    inScope.add(scoped);
    const rest = withoutSaid(line, place, memory);
    if (rest !== null) lines.push(rest);
  }
  return lines.join('\n');
}

const isStructure = (line: string): boolean => HEADING.test(line) || LABEL.test(line) || NUMBERED.test(line);

/** The line without its sentences that hold for everything already; null when nothing is left. */
function withoutSaid(line: string, place: Place, { general }: Memory): string | null {
  const lead = /^\s*(?:[-*+•–]\s+)?/.exec(line)![0];
  const body = line.slice(lead.length);
  const sentences = body.match(SENTENCE) ?? [body];
  const bullet = BULLET.test(line);
  const kept: string[] = [];
  const fresh: string[] = [];
  for (const sentence of sentences) {
    const key = keyOf(sentence);
    const counts =
      key.length >= LEAST_CHARACTERS &&
      !hasMark(sentence) &&
      !POINTS.test(sentence) &&
      !/\w:\s/.test(sentence.replace(/^\W*\w+\s*:/, ''));
    if (counts && general.has(key)) continue;
    kept.push(sentence);
    if (counts) fresh.push(key);
  }
  // A bullet of several sentences speaks of one thing: only a whole one holds by itself.
  if (place.isGeneral && (!bullet || sentences.length === 1)) for (const key of fresh) general.add(key);
  if (kept.length === 0) return null;
  return kept.length === sentences.length ? line : lead + kept.join('').trim();
}

function createPlaces(): { of(line: string): Place } {
  let section = '';
  let general = true;
  let above: { readonly indent: number; readonly text: string }[] = [];
  return {
    of(line) {
      const indent = line.length - line.trimStart().length;
      if (HEADING.test(line)) {
        section = line.trim();
        general = GENERAL.test(line);
        above = [];
        return { path: section, isGeneral: false };
      }
      above = above.filter(
        (one) => one.indent < indent || (one.indent === indent && LABEL.test(one.text) && BULLET.test(line)),
      );
      const path = [section, ...above.map(({ text }) => text)].join('\u0001');
      const labels = above.filter(({ text }) => LABEL.test(text));
      const isGeneral = general && indent === 0 && labels.every(({ text }) => GENERAL.test(text));
      above.push({ indent, text: line.trim() });
      return { path, isGeneral };
    },
  };
}
