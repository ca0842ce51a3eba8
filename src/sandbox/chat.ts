// POST /v1/chat/completions: checks the request, lets the model answer, and sends it whole or as a stream.
import { QuorumError, type ChatRequest, type Clock } from '../contract/index.ts';
import { parseChatRequest } from '../wire/index.ts';
import type { Behaviour } from './behaviour.ts';
import { fateOf, type Fate } from './failure.ts';
import { logprobOf } from './logprobs.ts';
import { createMind, type Mind } from './mind.ts';
import { readPrompt, type Prompt } from './prompt.ts';
import { digestOf } from './random.ts';
import { messageOf, replyTo, type Reply } from './reply.ts';

export const FINGERPRINT = 'quorum-sandbox';

/** What the sandbox is made of. */
export interface World {
  readonly clock: Clock;
  readonly seed: number;
  readonly behaviours: ReadonlyMap<string, Behaviour>;
}

/** All the choices of one answer, before any of it is sent. */
export interface Answer {
  readonly id: string;
  /** Seconds since the epoch. */
  readonly created: number;
  readonly model: string;
  readonly behaviour: Behaviour;
  readonly request: ChatRequest;
  readonly choices: readonly { readonly reply: Reply; readonly mind: Mind }[];
  readonly promptTokens: number;
  readonly fate: Fate;
}

const refuse = (param: string, message: string): QuorumError => new QuorumError('invalid_value', message, { param });
const ROLES = new Set(['system', 'developer', 'user', 'assistant', 'tool', 'function']);
const FORMATS = new Set(['text', 'json_object', 'json_schema']);
const MAX_TOKENS_OF_STOP = 4;

/** What OpenAI would refuse beyond what the contract's schema checks. */
function check(request: ChatRequest): void {
  const role = request.messages.findIndex((message) => !ROLES.has(message.role));
  if (role >= 0)
    throw refuse(
      `messages[${role}].role`,
      `Invalid value: '${request.messages[role]!.role}'. Supported values are: ${[...ROLES].join(', ')}.`,
    );
  checkFormat(request);
  const tools: readonly Readonly<Record<string, unknown>>[] = request.tools ?? [];
  const nameless = tools.findIndex(
    ({ type, function: definition }) =>
      type === 'function' && typeof (definition as { name?: unknown } | null)?.name !== 'string',
  );
  if (nameless >= 0)
    throw refuse(`tools[${nameless}].function.name`, `Missing required parameter: 'tools[${nameless}].function.name'.`);
  if (request.tool_choice === 'required' && tools.length === 0)
    throw refuse('tool_choice', "'tool_choice' is only allowed when 'tools' are specified.");
  const { top_logprobs: top, stop } = request;
  if (top !== undefined && top !== null) {
    if (!Number.isInteger(top) || (top as number) < 0 || (top as number) > 20)
      throw refuse('top_logprobs', "'top_logprobs' must be a whole number from 0 to 20.");
    if (request.logprobs !== true)
      throw refuse('top_logprobs', "'top_logprobs' is only allowed when 'logprobs' is true.");
  }
  const stops = stop === undefined || stop === null ? [] : Array.isArray(stop) ? (stop as unknown[]) : [stop];
  if (stops.length > MAX_TOKENS_OF_STOP || stops.some((each) => typeof each !== 'string'))
    throw refuse('stop', "'stop' must be a string or a list of at most four strings.");
}

function checkFormat({ response_format: format }: ChatRequest): void {
  if (format === undefined || format === null) return;
  if (!FORMATS.has(format.type))
    throw refuse(
      'response_format.type',
      `Invalid value: '${format.type}'. Supported values are: ${[...FORMATS].join(', ')}.`,
    );
  if (format.type !== 'json_schema') return;
  const definition = format['json_schema'] as { name?: unknown; schema?: unknown } | null | undefined;
  if (typeof definition?.name !== 'string')
    throw refuse('response_format.json_schema.name', "Missing required parameter: 'response_format.json_schema.name'.");
  if (typeof definition.schema !== 'object' || definition.schema === null)
    throw refuse(
      'response_format.json_schema.schema',
      "Missing required parameter: 'response_format.json_schema.schema'.",
    );
}

export function behaviourOf(world: World, model: string): Behaviour {
  const behaviour = world.behaviours.get(model);
  if (behaviour) return behaviour;
  throw new QuorumError(
    'model_not_found',
    `The model '${model}' does not exist; the sandbox has ${[...world.behaviours.keys()].join(', ')}.`,
    { param: 'model' },
  );
}

const numberOr = <Other>(value: unknown, other: Other): number | Other => (typeof value === 'number' ? value : other);

/** Everything that will be said, decided at once from the request alone. Throws what is to be refused. */
export function answerChat(world: World, body: unknown): Answer {
  const request = parseChatRequest(body);
  const behaviour = behaviourOf(world, request.model);
  check(request);
  const prompt: Prompt = readPrompt(request);
  const temperature = request.temperature ?? 1;
  const seed = numberOr(request['seed'], null);
  const name = `${prompt.digest}/${temperature}/${seed}`;
  const choices = Array.from({ length: request.n ?? 1 }, (_, index) => {
    const mind = createMind(world.seed, request.model, behaviour, prompt.digest, { temperature, seed, index });
    return { reply: replyTo(request, prompt, mind), mind };
  });
  return {
    id: `chatcmpl-sim-${digestOf(`${request.model}/${name}`, world.seed)}`,
    created: Math.floor(world.clock.now() / 1000),
    model: request.model,
    behaviour,
    request,
    choices,
    promptTokens: prompt.tokens,
    fate: fateOf(world.seed, request.model, behaviour, name),
  };
}

export function usageOf(answer: Answer): Readonly<Record<string, unknown>> {
  const completion = answer.choices.reduce((sum, { reply }) => sum + reply.pieces.length, 0);
  return {
    prompt_tokens: answer.promptTokens,
    completion_tokens: completion,
    total_tokens: answer.promptTokens + completion,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

const topOf = (request: ChatRequest): number => numberOr(request['top_logprobs'], 0);

/** Probabilities of the pieces from `from` to `to`, by kind as OpenAI groups them; null when not asked for. */
function logprobsOf(answer: Answer, { reply, mind }: Answer['choices'][number], from: number, to: number): unknown {
  if (answer.request.logprobs !== true) return null;
  const all = reply.pieces
    .slice(from, to)
    .map((piece, at) => ({ piece, token: logprobOf(piece, from + at, reply, mind, topOf(answer.request)) }));
  const of = (kind: 'content' | 'refusal'): unknown[] | null => {
    const tokens = all.filter(({ piece }) => piece.kind === kind).map(({ token }) => token);
    return tokens.length === 0 ? null : tokens;
  };
  return { content: of('content'), refusal: of('refusal') };
}

export function completionOf(answer: Answer): Readonly<Record<string, unknown>> {
  return {
    id: answer.id,
    object: 'chat.completion',
    created: answer.created,
    model: answer.model,
    choices: answer.choices.map((choice, index) => ({
      index,
      message: messageOf(choice.reply.pieces),
      logprobs: logprobsOf(answer, choice, 0, choice.reply.pieces.length),
      finish_reason: choice.reply.finishReason,
    })),
    usage: usageOf(answer),
    service_tier: 'default',
    system_fingerprint: FINGERPRINT,
  };
}

/** One chunk of a stream, and the token's place in its choice; `due` counts tokens since the first. */
export interface Timed {
  readonly due: number;
  readonly chunk: unknown;
}

function deltaOf(piece: Reply['pieces'][number]): Readonly<Record<string, unknown>> {
  switch (piece.kind) {
    case 'content':
    case 'refusal':
      return { [piece.kind]: piece.token };
    case 'call':
      return {
        tool_calls: [
          { index: piece.index, id: piece.id, type: 'function', function: { name: piece.name, arguments: '' } },
        ],
      };
    case 'arguments':
      return { tool_calls: [{ index: piece.index, function: { arguments: piece.token } }] };
    default:
      return piece satisfies never;
  }
}

/** The chunks in the order in which they go out; all choices speak at once. */
export function* chunksOf(answer: Answer): Generator<Timed> {
  const asked = answer.request.stream_options?.include_usage === true;
  const chunk = (choices: unknown[], usage: unknown = null): unknown => ({
    id: answer.id,
    object: 'chat.completion.chunk',
    created: answer.created,
    model: answer.model,
    service_tier: 'default',
    system_fingerprint: FINGERPRINT,
    choices,
    ...(asked && { usage }),
  });
  const longest = Math.max(...answer.choices.map(({ reply }) => reply.pieces.length));
  const only = (index: number, delta: unknown, logprobs: unknown, finish: string | null): unknown =>
    chunk([{ index, delta, logprobs, finish_reason: finish }]);
  for (const [index, { reply }] of answer.choices.entries()) {
    const calls = reply.pieces[0]?.kind === 'call';
    yield { due: 0, chunk: only(index, { role: 'assistant', content: calls ? null : '', refusal: null }, null, null) };
  }
  for (let at = 0; at <= longest; at++) {
    for (const [index, choice] of answer.choices.entries()) {
      const { pieces, finishReason } = choice.reply;
      const piece = pieces[at];
      if (piece) yield { due: at, chunk: only(index, deltaOf(piece), logprobsOf(answer, choice, at, at + 1), null) };
      else if (at === pieces.length) yield { due: at, chunk: only(index, {}, null, finishReason) };
    }
  }
  if (asked) yield { due: longest, chunk: chunk([], usageOf(answer)) };
}
