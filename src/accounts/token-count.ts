// Counts a request's input with a tokenizer. Slow, so only where a budget is nearly used up.
import type { ChatRequest } from '../contract/index.ts';
import { unseenTokens } from './estimate.ts';

/** On an unbroken run the tokenizer takes quadratic time. */
const SLICE_CHARACTERS = 512;
/** Beyond it the count isn't worth the time; the rest is counted by its bytes. */
const MOST_CHARACTERS = 400_000;
const PER_MESSAGE_TOKENS = 8;
/** Other companies' tokenizers cut finer than the one at hand. */
const FOREIGN_FACTOR = 1.6;
/** `<|endoftext|>` in a prompt is text like any other. */
const AS_TEXT = { disallowedSpecial: new Set<string>() };
const ENCODED = /data:[a-z]+\/[\w.+-]+;base64,[\w+/=]+/gi;

/** Tokens of everything that is sent, pictures at their bound, rarely below what will be billed. `ours`: the model speaks this tokenizer. */
export async function countTokens(request: ChatRequest, ours: boolean): Promise<number> {
  const { encode } = await import('gpt-tokenizer/encoding/o200k_base');
  const { messages, tools, response_format: format } = request;
  const text = JSON.stringify([messages, tools ?? null, format ?? null]).replace(ENCODED, '');
  const counted = text.slice(0, MOST_CHARACTERS);
  let tokens = messages.length * PER_MESSAGE_TOKENS + Buffer.byteLength(text.slice(MOST_CHARACTERS));
  for (let from = 0; from < counted.length; from += SLICE_CHARACTERS)
    tokens += encode(counted.slice(from, from + SLICE_CHARACTERS), AS_TEXT).length;
  return Math.ceil(tokens * (ours ? 1 : FOREIGN_FACTOR)) + unseenTokens(request);
}
