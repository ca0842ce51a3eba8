// POST /v1/completions: the older form, as a chat of one message whose answer is plain text.
import { QuorumError } from '../contract/index.ts';
import { answerChat, FINGERPRINT, usageOf, type Answer, type Timed, type World } from './chat.ts';
import { logprobOf } from './logprobs.ts';
import type { Wire } from './play.ts';
import { messageOf } from './reply.ts';

type Loose = Readonly<Record<string, unknown>>;
/** OpenAI's own default for this endpoint. */
const DEFAULT_MAX_TOKENS = 16;
const MAX_PROMPTS = 128;

function promptsOf(prompt: unknown): readonly string[] {
  if (prompt === undefined || prompt === null) return [''];
  if (typeof prompt === 'string') return [prompt];
  const list = Array.isArray(prompt) ? (prompt as unknown[]) : [];
  if (list.length > 0 && list.length <= MAX_PROMPTS && list.every((each) => typeof each === 'string')) return list;
  throw new QuorumError(
    'invalid_value',
    "'prompt' must be a string or a list of 1 to 128 strings; token lists can't be read here.",
    { param: 'prompt' },
  );
}

function asChat(body: Loose, prompt: string): Loose {
  const { prompt: _prompt, logprobs, echo: _echo, suffix: _suffix, best_of: _best, max_tokens: most, ...rest } = body;
  return {
    ...rest,
    messages: [{ role: 'user', content: prompt }],
    max_tokens: most ?? DEFAULT_MAX_TOKENS,
    logprobs: typeof logprobs === 'number',
  };
}

function logprobsOf(answer: Answer, at: number, top: number, from: number, to: number): unknown {
  if (answer.request.logprobs !== true) return null;
  const { reply, mind } = answer.choices[at]!;
  const tokens = reply.pieces.slice(from, to).map((piece, index) => logprobOf(piece, from + index, reply, mind, top));
  let offset = reply.pieces.slice(0, from).reduce((sum, piece) => sum + ('token' in piece ? piece.token.length : 0), 0);
  const offsets = tokens.map(({ token }) => {
    offset += token.length;
    return offset - token.length;
  });
  return {
    tokens: tokens.map(({ token }) => token),
    token_logprobs: tokens.map(({ logprob }) => logprob),
    top_logprobs:
      top === 0
        ? null
        : tokens.map((each) => Object.fromEntries(each.top_logprobs.map(({ token, logprob }) => [token, logprob]))),
    text_offset: offsets,
  };
}

/** One answer to all the prompts, its choices numbered through. */
function joined(answers: readonly Answer[]): Answer {
  return {
    ...answers[0]!,
    id: answers[0]!.id.replace('chatcmpl', 'cmpl'),
    choices: answers.flatMap(({ choices }) => choices),
    promptTokens: answers.reduce((sum, { promptTokens }) => sum + promptTokens, 0),
  };
}

export function answerCompletion(world: World, body: Loose): { readonly answer: Answer; readonly wire: Wire } {
  const prompts = promptsOf(body['prompt']);
  const answers = prompts.map((prompt) => answerChat(world, asChat(body, prompt)));
  const answer = joined(answers);
  const top = typeof body['logprobs'] === 'number' ? Math.min(Math.max(Math.trunc(body['logprobs']), 0), 5) : 0;
  const perPrompt = answers[0]!.choices.length;
  const echo = (index: number): string => (body['echo'] === true ? prompts[Math.floor(index / perPrompt)]! : '');
  const head = {
    id: answer.id,
    object: 'text_completion',
    created: answer.created,
    model: answer.model,
    system_fingerprint: FINGERPRINT,
  };
  const whole = (): unknown => ({
    ...head,
    choices: answer.choices.map(({ reply }, index) => {
      const message = messageOf(reply.pieces);
      const text = `${echo(index)}${message.content ?? message.refusal ?? ''}`;
      return {
        index,
        text,
        logprobs: logprobsOf(answer, index, top, 0, reply.pieces.length),
        finish_reason: reply.finishReason,
      };
    }),
    usage: usageOf(answer),
  });
  return { answer, wire: { whole, chunks: () => chunks(answer, head, echo, top) } };
}

function* chunks(answer: Answer, head: Loose, echo: (index: number) => string, top: number): Generator<Timed> {
  const asked = answer.request.stream_options?.include_usage === true;
  const chunk = (index: number, text: string, logprobs: unknown, finish: string | null): unknown => ({
    ...head,
    choices: [{ index, text, logprobs, finish_reason: finish }],
    ...(asked && { usage: null }),
  });
  const longest = Math.max(...answer.choices.map(({ reply }) => reply.pieces.length));
  for (const index of answer.choices.keys())
    if (echo(index) !== '') yield { due: 0, chunk: chunk(index, echo(index), null, null) };
  for (let at = 0; at <= longest; at++) {
    for (const [index, { reply }] of answer.choices.entries()) {
      const piece = reply.pieces[at];
      if (piece)
        yield {
          due: at,
          chunk: chunk(index, 'token' in piece ? piece.token : '', logprobsOf(answer, index, top, at, at + 1), null),
        };
      else if (at === reply.pieces.length) yield { due: at, chunk: chunk(index, '', null, reply.finishReason) };
    }
  }
  if (asked) yield { due: longest, chunk: { ...head, choices: [], usage: usageOf(answer) } };
}
