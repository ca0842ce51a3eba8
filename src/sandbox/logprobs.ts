// Token probabilities: near one where the model is right, lower on average where it isn't.
import type { Mind } from './mind.ts';
import type { Piece, Reply } from './reply.ts';

interface Likely {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: readonly number[];
}

interface TokenLogprob extends Likely {
  readonly top_logprobs: readonly Likely[];
}

const likely = (token: string, probability: number): Likely => ({
  token,
  logprob: Number(Math.log(probability).toFixed(6)),
  bytes: [...Buffer.from(token)],
});

/** Probability of the token that was said; skewed towards 1. */
function confidence(reply: Reply, mind: Mind, index: number): number {
  const luck = mind.own.unit(`sure/${index}`);
  const doubt = reply.right === false ? 0.65 : reply.right === true ? 0.12 : 0.3;
  return 1 - doubt * luck ** 2 - 0.0001;
}

/** What could have been said instead: a neighbouring digit, another case, another word. */
function otherTokens(token: string, count: number): string[] {
  const digits = /\d/.test(token)
    ? [1, 2, 3, 9, 8].map((by) => token.replace(/\d(?=\D*$)/, (digit) => String((Number(digit) + by) % 10)))
    : [];
  const cased = [token.toUpperCase(), token.toLowerCase(), ` ${token.trim()}`, token.trim()];
  const words = [
    ' the',
    ' a',
    '.',
    ',',
    '\n',
    ' is',
    ' of',
    ' and',
    ' to',
    ' in',
    ' it',
    ':',
    ' not',
    ' that',
    ' for',
    ' as',
    ' an',
    ' The',
    '"',
    ' (',
    ')',
    ' on',
  ];
  return [...new Set([...digits, ...cased, ...words])]
    .filter((other) => other !== token && other !== '')
    .slice(0, count);
}

export function logprobOf(piece: Piece, index: number, reply: Reply, mind: Mind, top: number): TokenLogprob {
  const token = 'token' in piece ? piece.token : piece.name;
  const sure = confidence(reply, mind, index);
  const said = likely(token, sure);
  let rest = 1 - sure;
  const others = otherTokens(token, top - 1).map((other) => {
    const share = rest * 0.6;
    rest -= share;
    return likely(other, Math.max(share, 1e-9));
  });
  const all = top === 0 ? [] : [said, ...others];
  return { ...said, top_logprobs: all.toSorted((a, b) => b.logprob - a.logprob) };
}
