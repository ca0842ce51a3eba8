// How much of what a request names a set of calls takes up: numbers, proper names, quotations.
import type { ChatRequest } from '../contract/index.ts';
import { promptOf } from './request.ts';
import { keyOf } from './same.ts';
import type { Voice } from './vote.ts';

const MAX_NAMED = 300;
const MAX_ARGUMENT_CHARS = 50_000;

const named = new WeakMap<ChatRequest, ReadonlySet<string>>();

/** What the request names, lower case; words that begin a sentence aren't names. */
function namedBy(request: ChatRequest): ReadonlySet<string> {
  let known = named.get(request);
  if (known === undefined) {
    const prompt = promptOf(request).replace(/(\d),(?=\d{3})/g, '$1');
    const numbers = [...prompt.matchAll(/\d+(?:\.\d+)?/g)].map(([digits]) => String(Number(digits)));
    const names = [...prompt.matchAll(/(?<=[^\s.!?"':]["'(]?\s["'(]?)\p{Lu}[\p{L}\p{N}]+/gu)].map(([name]) =>
      name.toLowerCase(),
    );
    const quotations = [...prompt.matchAll(/(?<!\p{L})'([^'\n]{2,60})'(?!\p{L})/gu)].map((found) =>
      found[1]!.toLowerCase(),
    );
    named.set(request, (known = new Set([...numbers, ...names, ...quotations].slice(0, MAX_NAMED))));
  }
  return known;
}

function coveredBy(voice: Voice, request: ChatRequest): number {
  const text = voice.reading.calls
    .map((call) => call.source.function.arguments)
    .join(' ')
    .slice(0, MAX_ARGUMENT_CHARS);
  const numbers = new Set([...text.matchAll(/\d+(?:\.\d+)?/g)].map(([digits]) => String(Number(digits))));
  const lower = text.toLowerCase();
  return [...namedBy(request)].filter((name) => numbers.has(name) || (!/^[\d.]+$/.test(name) && lower.includes(name)))
    .length;
}

function repeats(voice: Voice): boolean {
  const keys = voice.reading.calls.map(
    (call) => `${call.name}${call.arguments === null ? '?' : keyOf(call.arguments)}`,
  );
  return new Set(keys).size < keys.length;
}

const REPEATED = 0.1;
const INCOMPLETE = 0.3;
/** Several calls where one takes up as much: usually one too many. Where others need several as well, more is usually right. */
const SUPERFLUOUS = 0.4;
const THOROUGH = 1.3;

/** Factors on the odds of callers who differ in which calls they make. */
export function completeness(callers: readonly Voice[], request: ChatRequest): ReadonlyMap<Voice, number> {
  const covered = new Map(callers.map((voice) => [voice, coveredBy(voice, request)]));
  const most = Math.max(...covered.values());
  const complete = callers.filter((voice) => covered.get(voice) === most && !repeats(voice));
  const fewest = Math.min(...complete.map((voice) => voice.reading.calls.length));
  return new Map(
    callers.map((voice) => {
      const count = voice.reading.calls.length;
      if (repeats(voice)) return [voice, REPEATED];
      if (covered.get(voice)! < most) return [voice, INCOMPLETE];
      return [voice, count === fewest ? 1 : fewest === 1 ? SUPERFLUOUS : THOROUGH];
    }),
  );
}
