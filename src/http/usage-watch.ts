// Finds the token counts in an answer that passes by, from its beginning and its end; holds 72 KB at the most.
import type { Usage } from '../contract/index.ts';

const HEAD_BYTES = 8 * 1024;
const TAIL_BYTES = 64 * 1024;
/** Smaller pieces are put together: each for itself would take far more than its bytes. */
const PIECE_BYTES = 4 * 1024;
const NEEDLE = '"usage"';
const DATA = Buffer.from('data:');
const DONE = Buffer.from('data: [DONE]');
const TOKEN_BYTES = 4;

interface UsageWatch {
  push(chunk: Uint8Array): void;
  /** As the provider told it, under OpenAI's names for chat; null: it didn't. */
  usage(): Usage | null;
  /** A guess from what came: an event of a stream is about a token, four bytes of text are one. */
  outputTokens(): number;
}

export function createUsageWatch(streamed: boolean): UsageWatch {
  let head = Buffer.alloc(0);
  let tail: Uint8Array[] = [];
  let tailBytes = 0;
  let bytes = 0;
  let events = 0;

  return {
    push(chunk) {
      bytes += chunk.byteLength;
      if (head.byteLength < HEAD_BYTES) head = Buffer.concat([head, chunk.subarray(0, HEAD_BYTES - head.byteLength)]);
      const last = tail.at(-1);
      if (last === undefined || last.byteLength + chunk.byteLength > PIECE_BYTES) tail.push(chunk);
      else tail[tail.length - 1] = Buffer.concat([last, chunk]);
      tailBytes += chunk.byteLength;
      while (tail.length > 1 && tailBytes - tail[0]!.byteLength >= TAIL_BYTES) tailBytes -= tail.shift()!.byteLength;
      if (streamed) events += occurrences(chunk, DATA) - occurrences(chunk, DONE);
    },
    usage() {
      const end = Buffer.concat(tail);
      tail = [end];
      return lastUsage(end.subarray(-TAIL_BYTES).toString('utf8')) ?? lastUsage(head.toString('utf8'));
    },
    outputTokens: () => (streamed ? Math.max(0, events) : Math.ceil(bytes / TOKEN_BYTES)),
  };
}

function occurrences(chunk: Uint8Array, needle: Buffer): number {
  const buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  let count = 0;
  for (let at = buffer.indexOf(needle); at >= 0; at = buffer.indexOf(needle, at + needle.byteLength)) count += 1;
  return count;
}

/** The last that is an object with counts; one inside a text has a backslash before its quote. */
function lastUsage(text: string): Usage | null {
  for (let at = text.lastIndexOf(NEEDLE); at >= 0; at = at === 0 ? -1 : text.lastIndexOf(NEEDLE, at - 1)) {
    if (text[at - 1] === '\\') continue;
    const usage = asUsage(objectAt(text, at + NEEDLE.length));
    if (usage !== null) return usage;
  }
  return null;
}

/** The object after `: `, by its braces; null when it isn't whole. */
function objectAt(text: string, from: number): unknown {
  const start = /^\s*:\s*\{/.exec(text.slice(from, from + 16));
  if (start === null) return null;
  const open = from + start[0].length - 1;
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    if (text[at] === '{') depth += 1;
    else if (text[at] === '}' && (depth -= 1) === 0) return parsed(text.slice(open, at + 1));
  }
  return null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

type Counts = Readonly<Record<string, unknown>>;

/** The names of chat and embeddings, or those of responses, images and speech. */
function asUsage(value: unknown): Usage | null {
  if (typeof value !== 'object' || value === null) return null;
  const counts = value as Counts;
  const input = countOf(counts['prompt_tokens']) ?? countOf(counts['input_tokens']);
  const output = countOf(counts['completion_tokens']) ?? countOf(counts['output_tokens']);
  const total = countOf(counts['total_tokens']);
  if (input === null && output === null && total === null) return null;
  const inputDetails = counts['prompt_tokens_details'] ?? counts['input_tokens_details'];
  const outputDetails = counts['completion_tokens_details'] ?? counts['output_tokens_details'];
  const prompt = input ?? Math.max(0, (total ?? 0) - (output ?? 0));
  return {
    ...counts,
    prompt_tokens: prompt,
    completion_tokens: output ?? 0,
    total_tokens: total ?? prompt + (output ?? 0),
    ...(isObject(inputDetails) && { prompt_tokens_details: inputDetails }),
    ...(isObject(outputDetails) && { completion_tokens_details: outputDetails }),
  };
}

const isObject = (value: unknown): value is Counts => typeof value === 'object' && value !== null;
const countOf = (value: unknown): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
