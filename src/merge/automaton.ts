// Thompson's construction: a regular expression as states that are followed side by side, so that matching is linear in the text.
// https://swtch.com/~rsc/regexp/regexp1.html

interface Automaton {
  readonly size: number;
  test(text: string): boolean;
}

type State =
  | { readonly kind: 'char'; readonly accepts: (char: string) => boolean; next: number }
  | { readonly kind: 'split'; next: number; other: number }
  | { readonly kind: 'start' | 'end'; next: number }
  | { readonly kind: 'match' };

type Node =
  | { readonly kind: 'char'; readonly accepts: (char: string) => boolean }
  | { readonly kind: 'start' | 'end' | 'empty' }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly Node[] }
  | { readonly kind: 'repeat'; readonly part: Node; readonly least: number; readonly most: number };

const MAX_STATES = 1_000;
const MAX_REPEAT = 500;
const MAX_DEPTH = 50;

class Unsupported extends Error {}

interface Reader {
  readonly source: string;
  readonly flags: string;
  at: number;
  depth: number;
}

function readChoice(reader: Reader): Node {
  if (++reader.depth > MAX_DEPTH) throw new Unsupported();
  const parts = [readSequence(reader)];
  while (reader.source[reader.at] === '|') {
    reader.at++;
    parts.push(readSequence(reader));
  }
  reader.depth--;
  return parts.length === 1 ? parts[0]! : { kind: 'choice', parts };
}

function readSequence(reader: Reader): Node {
  const parts: Node[] = [];
  while (reader.at < reader.source.length && !'|)'.includes(reader.source[reader.at]!)) parts.push(readRepeat(reader));
  return parts.length === 0 ? { kind: 'empty' } : { kind: 'sequence', parts };
}

const COUNT = /\{(\d+)(?:(,)(\d*))?\}/y;

function readRepeat(reader: Reader): Node {
  const part = readAtom(reader);
  const char = reader.source[reader.at];
  COUNT.lastIndex = reader.at;
  const count = char === '{' ? COUNT.exec(reader.source) : null;
  if (count === null && (char === undefined || !'*+?'.includes(char))) return part;
  reader.at += count === null ? 1 : count[0].length;
  if (reader.source[reader.at] === '?') reader.at++;
  if (count === null) return { kind: 'repeat', part, least: char === '+' ? 1 : 0, most: char === '?' ? 1 : Infinity };
  const least = Number(count[1]);
  const most = count[2] === undefined ? least : count[3] === '' ? Infinity : Number(count[3]);
  if (least > MAX_REPEAT || (Number.isFinite(most) && most > MAX_REPEAT)) throw new Unsupported();
  return { kind: 'repeat', part, least, most };
}

/** One character's worth of pattern, judged by the native engine on one character at a time. */
function single(reader: Reader, length: number): Node {
  const accepted = new RegExp(`^(?:${reader.source.slice(reader.at, reader.at + length)})$`, reader.flags);
  reader.at += length;
  return { kind: 'char', accepts: (char) => accepted.test(char) };
}

const CLASS = /\[\^?\]?(?:\\[^]|[^\]\\])*\]/y;
const ESCAPE = /\\(?:[dDwWsStrnfv0]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|u\{[0-9a-fA-F]+\}|[pP]\{[^}]*\}|[^a-zA-Z0-9])/y;

function readAtom(reader: Reader): Node {
  const char = reader.source[reader.at]!;
  if (char === '(') return readGroup(reader);
  if (char === '^' || char === '$') {
    reader.at++;
    return { kind: char === '^' ? 'start' : 'end' };
  }
  const shape = char === '[' ? CLASS : char === '\\' ? ESCAPE : null;
  if (shape === null) return single(reader, reader.source.codePointAt(reader.at)! > 0xffff ? 2 : 1);
  shape.lastIndex = reader.at;
  const found = shape.exec(reader.source);
  if (found === null) throw new Unsupported();
  return single(reader, found[0].length);
}

function readGroup(reader: Reader): Node {
  const opening = /\((?:\?:|\?<[A-Za-z_]\w*>)?/y;
  opening.lastIndex = reader.at;
  const found = opening.exec(reader.source)![0];
  if (found === '(' && reader.source[reader.at + 1] === '?') throw new Unsupported();
  reader.at += found.length;
  const inner = readChoice(reader);
  if (reader.source[reader.at] !== ')') throw new Unsupported();
  reader.at++;
  return inner;
}

/** Adds the states of `node` in front of state `next`; returns where they begin. */
function add(states: State[], node: Node, next: number): number {
  if (states.length > MAX_STATES) throw new Unsupported();
  switch (node.kind) {
    case 'empty':
      return next;
    case 'start':
    case 'end':
      return states.push({ kind: node.kind, next }) - 1;
    case 'char':
      return states.push({ kind: 'char', accepts: node.accepts, next }) - 1;
    case 'sequence':
      return node.parts.reduceRight((after, part) => add(states, part, after), next);
    case 'choice':
      return node.parts
        .map((part) => add(states, part, next))
        .reduce((left, right) => states.push({ kind: 'split', next: left, other: right }) - 1);
    case 'repeat':
      return repeat(states, node, next);
    default:
      return node satisfies never;
  }
}

function repeat(states: State[], node: Extract<Node, { kind: 'repeat' }>, next: number): number {
  let begins = next;
  if (node.most === Infinity) {
    const loop: State = { kind: 'split', next: -1, other: next };
    begins = states.push(loop) - 1;
    loop.next = add(states, node.part, begins);
  } else {
    for (let more = node.least; more < node.most; more++) {
      const inner = add(states, node.part, begins);
      begins = states.push({ kind: 'split', next: inner, other: next }) - 1;
    }
  }
  for (let more = 0; more < node.least; more++) begins = add(states, node.part, begins);
  return begins;
}

/** All states that can be reached without reading a character. */
function reach(states: readonly State[], from: number, into: Set<number>, atStart: boolean, atEnd: boolean): void {
  const open = [from];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (into.has(at)) continue;
    into.add(at);
    const state = states[at]!;
    if (state.kind === 'split') open.push(state.next, state.other);
    else if ((state.kind === 'start' && atStart) || (state.kind === 'end' && atEnd)) open.push(state.next);
  }
}

function run(states: readonly State[], begin: number, text: string): boolean {
  const chars = Array.from(text);
  let current = new Set<number>();
  for (let at = 0; at <= chars.length; at++) {
    reach(states, begin, current, at === 0, at === chars.length);
    if (current.has(0)) return true;
    if (at === chars.length) return false;
    const following = new Set<number>();
    for (const index of current) {
      const state = states[index]!;
      if (state.kind === 'char' && state.accepts(chars[at]!))
        reach(states, state.next, following, false, at + 1 === chars.length);
    }
    current = following;
  }
  return false;
}

/** null: uses what an automaton can't follow, such as look-around, back-references or `\b`, or is too large. */
export function automatonOf(source: string, flags: string): Automaton | null {
  if (flags.includes('m')) return null;
  const reader: Reader = { source, flags, at: 0, depth: 0 };
  const states: State[] = [{ kind: 'match' }];
  try {
    const begin = add(states, readChoice(reader), 0);
    if (reader.at < source.length) return null;
    return { size: states.length, test: (text) => run(states, begin, text) };
  } catch (error) {
    if (error instanceof Unsupported || error instanceof SyntaxError) return null;
    throw error;
  }
}
