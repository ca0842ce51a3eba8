// Reasoning under a name of its own (Ollama's, vLLM's and OpenRouter's `reasoning`) is told as `reasoning_content` beside it.
import { createEventCutter, eventEnd, readCompletion } from '../../wire/index.ts';
import type { Dialect, Translator } from './dialect.ts';

const MAX_HELD_BYTES = 16 * 1024 * 1024;
const OURS = '"reasoning_content":';
const [QUOTE, BACKSLASH, COLON] = [0x22, 0x5c, 0x3a];
const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;

/** OpenAI's dialect of a provider that calls it `field`. Everything else stays the bytes that they were. */
export function withReasoning(openai: Dialect, field: string): Dialect {
  const key = Buffer.from(JSON.stringify(field));
  return {
    ...openai,
    readWhole(came) {
      const bytes = withOurName(came, key);
      return { completion: readCompletion(bytes), bytes };
    },
    translate: () => translatorOf(key),
  };
}

function translatorOf(key: Buffer): Translator {
  const cutter = createEventCutter(MAX_HELD_BYTES);
  const told = (events: Uint8Array | null): Buffer | null =>
    events === null || events.length === 0
      ? null
      : inEach(Buffer.from(events.buffer, events.byteOffset, events.byteLength), key);
  return { push: (chunk) => told(cutter.push(chunk)), end: () => told(cutter.rest()), spoke: true, error: null };
}

/** As a rule the name isn't there, and nothing is copied. */
function inEach(events: Buffer, key: Buffer): Buffer {
  if (!events.includes(key)) return events;
  const parts: Buffer[] = [];
  for (let start = 0; start < events.length;) {
    const end = eventEnd(events, start);
    parts.push(withOurName(events.subarray(start, end), key));
    start = end;
  }
  return Buffer.concat(parts);
}

/** The name with its quotes can only be a key or a value of its own in JSON: inside of a text quotes are escaped. */
function withOurName(json: Buffer, key: Buffer): Buffer {
  if (!json.includes(key) || json.includes(OURS)) return json;
  const parts: Buffer[] = [];
  let from = 0;
  for (let at = json.indexOf(key); at >= 0; at = json.indexOf(key, at + key.length)) {
    const text = textAfter(json, at + key.length);
    if (text === null) continue;
    parts.push(json.subarray(from, at), Buffer.from(OURS), text, Buffer.from(','));
    from = at;
  }
  return from === 0 ? json : Buffer.concat([...parts, json.subarray(from)]);
}

/** The text that is the value of the key before `at`, as it is written; null where the value is none. */
function textAfter(json: Buffer, at: number): Buffer | null {
  let start = at;
  while (isSpace(json[start])) start++;
  if (json[start] !== COLON) return null;
  start++;
  while (isSpace(json[start])) start++;
  if (json[start] !== QUOTE) return null;
  for (let end = start + 1; end < json.length; end++) {
    if (json[end] === BACKSLASH) end++;
    else if (json[end] === QUOTE) return json.subarray(start, end + 1);
  }
  return null;
}
