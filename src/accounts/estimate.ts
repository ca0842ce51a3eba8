// How many tokens a request can be, before anybody has counted them: a guess to plan with and a bound to reserve with.
import type { ChatRequest } from '../contract/index.ts';
import { requestTokens, textTokens } from '../wire/tokens.ts';

/** Most tokens one image has been billed as (a large one in high detail on a small model). */
const IMAGE_BOUND_TOKENS = 50_000;
const LOW_DETAIL_TOKENS = 3_000;
/** Role and separators of the reply's own opening, which no byte of the body stands for. */
const PRIMING_TOKENS = 16;

/** A guess of the input's tokens, in bounded time; see `requestTokens` for its error. */
export const estimateTokens = (request: ChatRequest): number => requestTokens(request);

/** A guess of a text's tokens, for a provider that reports no usage. */
export const estimateText = (text: string): number => textTokens(text);

/**
 * Never below the true count of a text request. A token of a byte-level tokenizer stands for at least one byte, JSON only
 * adds bytes, and a message's own wrapping (`{"role":"user","content":""},` is 29 bytes) is more than the tokens around it.
 * `bytes`: length of the request's JSON body in UTF-8. `images`: parts whose tokens don't depend on their bytes.
 */
export function upperBoundTokens(bytes: number, images = 0): number {
  return Math.ceil(Math.max(0, bytes)) + PRIMING_TOKENS + images * IMAGE_BOUND_TOKENS;
}

/**
 * The same for a chat request: what its bytes don't stand for, pictures and what the upstream fetches, is counted apart.
 * Infinity where nobody can tell: then the model's context is the bound.
 */
export function inputBound(request: ChatRequest, bytes: number): number {
  return upperBoundTokens(bytes) + unseenTokens(request);
}

/** What pictures and references may be billed as. */
export function unseenTokens({ messages }: ChatRequest): number {
  let tokens = 0;
  for (const { content } of messages) {
    if (!Array.isArray(content)) continue;
    for (const part of content) tokens += tokensUnseen(part);
  }
  return tokens;
}

function tokensUnseen(part: Readonly<Record<string, unknown>>): number {
  switch (part['type']) {
    case 'image_url':
    case 'input_image': {
      const { detail } = (part['image_url'] ?? part) as { readonly detail?: unknown };
      return detail === 'low' ? LOW_DETAIL_TOKENS : IMAGE_BOUND_TOKENS;
    }
    case 'text':
    case 'refusal':
    // Sound is billed by its length, and takes more bytes than tokens at any rate.
    case 'input_audio':
      return 0;
    default:
      // A file, a video, or what isn't invented yet.
      return Infinity;
  }
}
