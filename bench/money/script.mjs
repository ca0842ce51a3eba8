// What each call will come to, fixed by the request's mark and the model: the upstream plays it, the audit looks it up.

/** USD per million tokens, as in the config; dear, so that budgets run out. */
export const PRICES = {
  quick: { input: 20, cached_input: 5, output: 80, reasoning: 100 },
  plain: { input: 50, cached_input: 12.5, output: 200, reasoning: 260 },
  clever: { input: 120, cached_input: 30, output: 480, reasoning: 600 },
  deep: { input: 300, cached_input: 75, output: 1_200, reasoning: 1_500 },
};
export const MODELS = Object.keys(PRICES);
export const MAX_OUTPUT = 400;

const FAULTS = [
  '400',
  '429',
  '500',
  '503',
  'reset',
  'cut',
  'stall',
  'stall late',
  'garbage',
  'no usage',
  'error event',
];
const TEXTS = ['42', 'Forty-two.', 'It is 42.', 'The answer is forty-one.', '17'];

/** 32 bits of a text (FNV-1a, then a finalizer so that neighbours differ in every bit). */
export function hash(text) {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x45d9f3b);
  value = Math.imul(value ^ (value >>> 16), 0x45d9f3b);
  return (value ^ (value >>> 16)) >>> 0;
}

const share = (text) => hash(text) / 2 ** 32;

/** `faults`: share of calls that go wrong at the upstream. `nth`: retries and ranking of one model are calls of their own. */
export function scriptOf(mark, model, nth, faults) {
  const name = `${mark} ${model} ${nth}`;
  const broken = share(`${name} fault`) < faults;
  return {
    fault: broken ? FAULTS[hash(`${name} which`) % FAULTS.length] : null,
    delayMs: Math.floor(share(`${name} delay`) * 30),
    outputTokens: 5 + Math.floor(share(`${name} length`) ** 2 * 120),
    cachedShare: share(`${name} cached`) < 0.3 ? share(`${name} how much`) * 0.8 : 0,
    reasoningShare: share(`${name} thinks`) < 0.3 ? share(`${name} how long`) * 0.7 : 0,
    text: TEXTS[hash(`${name} text`) % TEXTS.length],
  };
}

const pico = (usdPerMillion) => BigInt(Math.round(usdPerMillion * 1e6));

/** The upstream's own sum, in big whole numbers and by nobody else's code. Nano-dollars, rounded up. */
export function charged(model, { input, cached = 0, output, reasoning = 0 }) {
  const price = PRICES[model];
  const sum =
    BigInt(input - cached) * pico(price.input) +
    BigInt(cached) * pico(price.cached_input) +
    BigInt(output - reasoning) * pico(price.output) +
    BigInt(reasoning) * pico(price.reasoning);
  return Number((sum + 999n) / 1_000n);
}
