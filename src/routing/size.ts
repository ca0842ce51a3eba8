// How many tokens a request is for the choice of a model: spaces, emphasis and signs that only lay text out don't count, so that they don't decide.
import type { ChatMessage, ChatRequest } from '../contract/index.ts';
import { requestTokens } from '../wire/tokens.ts';
import { DENSE, DIGIT, KIND, LETTER, MARK, SPACE } from './alphabet.ts';
import { MOST_UNITS, unitsOf } from './units.ts';

/** Signs that only lay text out. */
export const LAYOUT = new Set(Array.from('#>-|•+', (sign) => sign.charCodeAt(0)));

/** Tokens per UTF-16 unit, measured against o200k_base as in `wire/tokens.ts`. */
const UNIT = Float32Array.from({ length: 0x10000 }, (_, code) => {
  const kind = KIND[code];
  if (kind === SPACE || kind === MARK || LAYOUT.has(code)) return 0;
  if (kind === LETTER) return code < 0x250 ? 0.23 : code < 0x530 ? 0.36 : 0.6;
  if (kind === DIGIT) return 0.42;
  if (kind === DENSE) return 0.9;
  return code < 0x2000 ? 0.65 : 1;
});

/** `asked`: the message whose layout is left out; all others are counted as they stand. */
export function sizeOf(request: ChatRequest, asked: ChatMessage | undefined): number {
  const text = asked?.content;
  if (typeof text !== 'string' || text.length > MOST_UNITS) return requestTokens(request);
  const units = unitsOf(text);
  // Two sums side by side: an addition need not wait for the one before.
  let even = 0;
  let odd = 0;
  for (let at = 1; at < text.length; at += 2) {
    even += UNIT[units[at - 1]!]!;
    odd += UNIT[units[at]!]!;
  }
  if (text.length % 2 === 1) even += UNIT[units[text.length - 1]!]!;
  const rest = {
    ...request,
    messages: request.messages.map((each) => (each === asked ? { ...each, content: '' } : each)),
  };
  return requestTokens(rest) + Math.ceil(even + odd);
}
