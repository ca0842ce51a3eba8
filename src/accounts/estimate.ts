// How many tokens a request can be, before anybody has counted them: a guess to plan with and a bound to reserve with.
import type { ChatRequest } from '../contract/index.ts';
import { requestTokens, textTokens } from '../wire/tokens.ts';

/** Most tokens one image has been billed as (a large one in high detail on a small model). */
const IMAGE_BOUND_TOKENS = 50_000;
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
