// Watches a single model's stream while its bytes go on to the client as they came: usage, how it ended, errors in the band, damage.
import type { Usage } from '../contract/index.ts';
import { createAlike, type Alike } from './alike.ts';
import { ENDS_WELL, saysSomething } from './endings.ts';
import { createEventCutter, eventData, eventEnd } from './event-bytes.ts';
import { parseAnswer } from './nesting.ts';
import { usageOfChunk } from './usage.ts';

const MAX_HELD_BYTES = 16 * 1024 * 1024;
const BLANK_LINE = new Uint8Array([0x0a, 0x0a]);

interface InBandError {
  readonly message: string;
  readonly type: string | null;
  readonly code: string | null;
}

export interface TapEnd {
  /** `[DONE]` or each choice's finish_reason came, and no error. */
  readonly complete: boolean;
  readonly usage: Usage | null;
  /** Of what came, roughly: as a rule a piece is one; where pieces are longer, their bytes are counted. */
  readonly outputTokens: number;
  /** Of several choices, of one that didn't end well where there is one. */
  readonly finishReason: string | null;
  /** There was more in it than a role. */
  readonly said: boolean;
  readonly model: string | null;
  readonly error: InBandError | null;
  /** Bytes pushed. */
  readonly bytes: number;
  /** A last event that came whole but without its blank line, closed; forward it. Null when there is none. */
  readonly tail: Uint8Array | null;
}

interface StreamTap {
  /**
   * The bytes to forward now: whole events only. The same object when all of it may pass. Without `[DONE]`, events that
   * carry an error, and (if hidden) the usage-only chunk. Throws when one event passes 16 MiB. Each event is read, unless it is the
   * one before with another text.
   */
  push(chunk: Uint8Array): Uint8Array | null;
  /** An event was no JSON: nothing of it or after it is given out, and the answer can't be whole any more. */
  isDamaged(): boolean;
  /** `[DONE]` or an error came: nothing that follows is given out. */
  isOver(): boolean;
  /** After the last push; the same again when asked again. */
  end(): TapEnd;
}

type Fields = Readonly<Record<string, unknown>>;

/** What has been learned so far. */
interface Seen {
  done: boolean;
  usage: Usage | null;
  /** How choices ended, by their index; null until one did. */
  endings: string[] | null;
  said: boolean;
  model: string | null;
  error: InBandError | null;
  damaged: boolean;
  /** Pieces of generated text, the last of them, and their bytes. */
  pieces: number;
  text: string;
  textBytes: number;
  readonly alike: Alike;
}

/** What a choice says that ends in an error without words. */
const BROKEN_OFF: InBandError = { message: 'the model broke off', type: null, code: null };
/** A token of English, a short one at that. */
const BYTES_PER_TOKEN = 4;

export interface TapOptions {
  readonly hideUsage: boolean;
  /** So many were asked for; default: one. */
  readonly choices?: number;
}

export function createStreamTap({ hideUsage, choices = 1 }: TapOptions): StreamTap {
  const seen: Seen = {
    done: false,
    usage: null,
    endings: null,
    said: false,
    model: null,
    error: null,
    damaged: false,
    pieces: 0,
    text: '',
    textBytes: 0,
    alike: createAlike(),
  };
  const cutter = createEventCutter(MAX_HELD_BYTES);
  let started = false;
  let bytes = 0;
  let ended: TapEnd | null = null;
  const mayPass = (event: Uint8Array): boolean => look(event, seen, hideUsage) && !seen.damaged;

  return {
    push(chunk) {
      bytes += chunk.length;
      const whole = cutter.push(chunk);
      if (whole === null) return null;
      const events = started ? whole : withoutMark(whole);
      started = true;
      return sift(events, mayPass);
    },
    isDamaged: () => seen.damaged,
    isOver: () => seen.done || seen.error !== null,
    end() {
      if (ended !== null) return ended;
      const tail = lastWords(cutter.rest(), seen, hideUsage);
      const { done, usage, said, model, error } = seen;
      const endings = Object.values(seen.endings ?? []);
      const finishReason = endings.find((reason) => !ENDS_WELL.has(reason)) ?? endings[0] ?? null;
      const outputTokens = Math.max(seen.pieces, Math.ceil(seen.textBytes / BYTES_PER_TOKEN));
      const complete = error === null && !seen.damaged && (done || endings.length >= choices);
      ended = { complete, usage, outputTokens, finishReason, said, model, error, bytes, tail };
      return ended;
    },
  };
}

/** A byte order mark means something at the very start only, and the caller may have written before. */
function withoutMark(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

/** The events that `keep` lets pass: the same object when all do, null when none does. */
function sift(bytes: Uint8Array, keep: (event: Uint8Array) => boolean): Uint8Array | null {
  const kept: Uint8Array[] = [];
  let dropped = false;
  for (let start = 0; start < bytes.length;) {
    const end = eventEnd(bytes, start);
    // As a rule they come one by one.
    if (start === 0 && end === bytes.length) return keep(bytes) ? bytes : null;
    const event = bytes.subarray(start, end);
    if (keep(event)) kept.push(event);
    else dropped = true;
    start = end;
  }
  if (!dropped) return bytes;
  return kept.length === 0 ? null : Buffer.concat(kept);
}

/** Whether an event is one like those before, and counted. */
function isUsual(event: Uint8Array, seen: Seen): boolean {
  const bytes = seen.alike.textBytesOf(event);
  if (bytes > 0) {
    seen.pieces += 1;
    seen.textBytes += bytes;
  }
  return bytes >= 0;
}

/** Learns from one event; whether it may be forwarded. */
function look(event: Uint8Array, seen: Seen, hideUsage: boolean): boolean {
  if (isUsual(event, seen)) return !seen.done;
  const data = eventData(event);
  if (data === null) return !seen.done;
  const chunk = valueIn(data);
  if (chunk === undefined) {
    const text = data.trim();
    if (text === '[DONE]') seen.done = true;
    // What comes after the end harms nobody, and an event of another name is none of the answer.
    else if (text !== '' && !seen.done && !isNamed(event)) seen.damaged = true;
    else return !seen.done;
    return false;
  }
  if (!isFields(chunk)) return !seen.done;
  const { pieces } = seen;
  const passes = learn(chunk, seen, hideUsage);
  // Not the first: somebody waits for it.
  const isPlain = pieces > 0 && seen.pieces === pieces + 1;
  if (isPlain && seen.usage === null && seen.endings === null && seen.error === null)
    seen.alike.remember(event, seen.text);
  return passes;
}

/** A ping in its own words, say. */
const isNamed = (event: Uint8Array): boolean => /^event:(?! *message\s*$)/m.test(Buffer.from(event).toString('latin1'));

function learn(chunk: Fields, seen: Seen, hideUsage: boolean): boolean {
  const wasDone = seen.done;
  const error = errorIn(chunk);
  if (error !== null) {
    seen.error ??= error;
    return false;
  }
  if (seen.model === null && typeof chunk['model'] === 'string' && chunk['model'] !== '') seen.model = chunk['model'];
  const usage = usageOfChunk(chunk);
  seen.usage = usage ?? seen.usage;
  const choices = Array.isArray(chunk['choices']) ? (chunk['choices'] as readonly unknown[]) : [];
  for (const choice of choices) {
    if (!isFields(choice)) continue;
    const reason = choice['finish_reason'];
    if (reason === 'error') {
      seen.error ??= errorIn(choice) ?? BROKEN_OFF;
      return false;
    }
    if (typeof reason === 'string' && reason !== '') endsWith(reason, choice['index'], seen);
    if (isFields(choice['delta'])) hear(choice['delta'], seen);
  }
  return !wasDone && !(hideUsage && choices.length === 0 && usage !== null);
}

function endsWith(reason: string, index: unknown, seen: Seen): void {
  const at = typeof index === 'number' ? index : 0;
  (seen.endings ??= [])[at] ??= reason;
}

/** Generated text, wherever it stands. */
function hear(delta: Fields, seen: Seen): void {
  seen.said ||= saysSomething(delta);
  count(delta['content'], seen);
  count(delta['reasoning_content'] ?? delta['reasoning'], seen);
  count(delta['refusal'], seen);
  if (isFields(delta['function_call'])) count(delta['function_call']['arguments'], seen);
  const calls = delta['tool_calls'];
  if (!Array.isArray(calls)) return;
  for (const call of calls as readonly unknown[])
    if (isFields(call)) {
      if (isFields(call['function'])) count(call['function']['arguments'], seen);
      if (isFields(call['custom'])) count(call['custom']['input'], seen);
    }
}

function count(text: unknown, seen: Seen): void {
  if (typeof text !== 'string' || text === '') return;
  seen.pieces += 1;
  seen.text = text;
  seen.textBytes += Buffer.byteLength(text);
}

/** A last event without its blank line counts if it came whole, and so does an error without `data:`: some servers end like that. */
function lastWords(rest: Uint8Array, seen: Seen, hideUsage: boolean): Uint8Array | null {
  const data = eventData(rest);
  const bare = data ?? Buffer.from(rest).toString('utf8');
  if (bare.trim() !== '[DONE]' && objectIn(bare) === null) return null;
  if (data !== null) return look(rest, seen, hideUsage) ? Buffer.concat([rest, BLANK_LINE]) : null;
  seen.error ??= errorIn(objectIn(bare) ?? {});
  return null;
}

/** undefined: it is no JSON. */
function valueIn(data: string): unknown {
  try {
    return parseAnswer(data);
  } catch {
    return undefined;
  }
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function objectIn(data: string): Fields | null {
  const value = valueIn(data);
  return isFields(value) ? value : null;
}

/** OpenAI's `{error: {…}}`, a bare `{error: "…"}`, and vLLM's `{object: "error", message}`. */
function errorIn(chunk: Fields): InBandError | null {
  const error = chunk['object'] === 'error' ? chunk : chunk['error'];
  if (typeof error === 'string' && error !== '') return { message: error, type: null, code: null };
  if (typeof error !== 'object' || error === null) return null;
  const { message, type, code } = error as Fields;
  return {
    message: typeof message === 'string' ? message : JSON.stringify(error),
    type: label(type),
    code: label(code),
  };
}

function label(value: unknown): string | null {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
}
