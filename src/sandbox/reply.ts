// One choice of a completion: what a model says to a request, as the pieces in which it would stream.
import type { ChatRequest, ToolCall } from '../contract/index.ts';
import { majority, rank } from './council.ts';
import { bodyOf, schemaInWords, solveExtraction } from './fill/extract-text.ts';
import { fill, MAX_VALUES } from './fill/fill.ts';
import type { Schema } from './fill/schema.ts';
import type { Mind } from './mind.ts';
import type { Prompt } from './prompt.ts';
import { solve, wordAnswer, writeAnswer, type Written } from './solve/index.ts';
import { tokensOf } from './tokens.ts';
import { callTools, tellResults, type DraftCall } from './tools.ts';

export type Piece =
  | { readonly kind: 'content' | 'refusal'; readonly token: string }
  | { readonly kind: 'call'; readonly index: number; readonly id: string; readonly name: string }
  | { readonly kind: 'arguments'; readonly index: number; readonly token: string };

export interface Reply {
  /** One token each. */
  readonly pieces: readonly Piece[];
  readonly finishReason: 'stop' | 'length' | 'tool_calls';
  /** null where there is no truth to compare with. */
  readonly right: boolean | null;
}

interface Draft {
  readonly text: string;
  readonly refused?: boolean;
  readonly calls?: readonly DraftCall[];
  readonly right: boolean | null;
}

type Loose = Readonly<Record<string, unknown>>;
const REFUSAL = "I'm sorry, but I can't help with that (simulated).";

function formatOf(request: ChatRequest): {
  readonly name: string;
  readonly schema: Schema | null;
  readonly json: boolean;
} {
  const { type, json_schema: definition } = (request.response_format ?? { type: 'text' }) as Loose;
  const { name, schema } = (definition ?? {}) as Loose;
  return {
    name: typeof name === 'string' ? name : '',
    schema: type === 'json_schema' ? ((schema ?? {}) as Schema) : null,
    json: type === 'json_object',
  };
}

/** The text that a schema is filled from: what the tools said, else what the user gave. */
const materialOf = (prompt: Prompt): string =>
  prompt.toolResults.length > 0 ? prompt.toolResults.map(({ content }) => content).join('\n') : bodyOf(prompt.text);

function writeJson(schema: Schema, prompt: Prompt, mind: Mind): Written {
  let right: boolean | null = null;
  const value = fill(schema, {
    text: materialOf(prompt),
    root: schema,
    mind,
    family: 'extraction',
    solution: solve(prompt.text, prompt.system),
    room: { left: MAX_VALUES },
    decided: (good) => {
      right = good && right !== false;
    },
  });
  return { text: JSON.stringify(value), right };
}

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

const ANSWER_SCHEMA: Schema = { type: 'object', properties: { answer: { type: 'string' } }, required: ['answer'] };

function draftOf(request: ChatRequest, prompt: Prompt, mind: Mind): Draft {
  if (mind.own.unit('refusal') < mind.behaviour.refusalRate) return { text: REFUSAL, refused: true, right: null };
  const called = callTools(request, prompt, mind);
  if (called !== null) return { text: '', calls: called.calls, right: called.right };
  const format = formatOf(request);
  if (format.name === 'quorum_ranking' && format.schema)
    return { text: rank(format.schema, prompt, mind), right: null };
  const agreed = majority(prompt);
  if (agreed !== null && ((!format.schema && !format.json) || isJson(agreed))) return { text: agreed, right: null };
  if (format.schema) return writeJson(format.schema, prompt, mind);
  const described = schemaInWords(`${prompt.system}\n${prompt.text}`);
  if (described || format.json) {
    const written = writeJson(described ?? ANSWER_SCHEMA, prompt, mind);
    const fenced = !format.json && mind.behaviour.voice !== 'terse';
    return fenced ? { ...written, text: `\`\`\`json\n${written.text}\n\`\`\`` } : written;
  }
  if (prompt.toolResults.length > 0) return { text: tellResults(prompt), right: null };
  const extracted = solveExtraction(prompt.text);
  return extracted ? wordAnswer(extracted, prompt, mind) : writeAnswer(prompt, mind);
}

/** Breaks what was to be JSON: an end that is missing, or a first field that is. */
function broken(json: string, mind: Mind): string {
  const withoutFirst = json.replace(/^\{"(?:[^"\\]|\\.)*":(?:"(?:[^"\\]|\\.)*"|[\w.+-]+),?/, '{');
  return mind.own.unit('broken') < 0.5 || withoutFirst === json
    ? json.slice(0, Math.max(1, Math.floor(json.length * 0.7)))
    : withoutFirst;
}

function spoilt(draft: Draft, mind: Mind): Draft {
  if (mind.own.unit('invalid') >= mind.behaviour.invalidRate) return draft;
  if (draft.calls) {
    return {
      ...draft,
      right: false,
      calls: draft.calls.map((call) => ({ ...call, arguments: broken(call.arguments, mind) })),
    };
  }
  return /^(?:```json\n)?[[{]/.test(draft.text) ? { ...draft, right: false, text: broken(draft.text, mind) } : draft;
}

function piecesOf(draft: Draft, mind: Mind): Piece[] {
  if (draft.calls) {
    return draft.calls.flatMap((call, index): Piece[] => [
      {
        kind: 'call',
        index,
        id: `call_${Math.floor(mind.own.unit(`id/${index}`) * 2 ** 32)
          .toString(36)
          .padStart(7, '0')}${index}`,
        name: call.name,
      },
      ...tokensOf(call.arguments).map((token): Piece => ({ kind: 'arguments', index, token })),
    ]);
  }
  const kind = draft.refused ? 'refusal' : 'content';
  return tokensOf(draft.text).map((token): Piece => ({ kind, token }));
}

function stopsOf(request: ChatRequest): readonly string[] {
  const { stop } = request;
  return (typeof stop === 'string' ? [stop] : Array.isArray(stop) ? (stop as string[]) : []).filter(
    (each) => each !== '',
  );
}

function stopped(text: string, stops: readonly string[]): string {
  const ends = stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0);
  return ends.length === 0 ? text : text.slice(0, Math.min(...ends));
}

/** Deterministic in the request and the mind. */
export function replyTo(request: ChatRequest, prompt: Prompt, mind: Mind): Reply {
  const draft = spoilt(draftOf(request, prompt, mind), mind);
  const structured = formatOf(request).schema !== null;
  const shaped = {
    ...draft,
    text: stopped(draft.text, stopsOf(request)),
    refused: draft.refused === true && structured,
  };
  const pieces = piecesOf(shaped, mind);
  const most = request.max_completion_tokens ?? request.max_tokens ?? Infinity;
  const cut = mind.own.unit('truncate') < mind.behaviour.truncateRate ? Math.ceil(pieces.length / 2) : Infinity;
  const limit = Math.min(most, cut);
  if (pieces.length > limit) return { pieces: pieces.slice(0, limit), finishReason: 'length', right: draft.right };
  const forced = typeof request.tool_choice === 'object' && request.tool_choice !== null;
  return { pieces, finishReason: draft.calls && !forced ? 'tool_calls' : 'stop', right: draft.right };
}

/** The message that the pieces add up to. */
export function messageOf(pieces: readonly Piece[]): {
  readonly role: 'assistant';
  readonly content: string | null;
  readonly refusal: string | null;
  readonly tool_calls?: readonly ToolCall[];
} {
  const joined = (kind: 'content' | 'refusal'): string =>
    pieces.map((piece) => (piece.kind === kind ? piece.token : '')).join('');
  const calls = pieces.flatMap((piece) => (piece.kind === 'call' ? [piece] : []));
  const refused = pieces.some(({ kind }) => kind === 'refusal');
  const toolCalls = calls.map(({ id, name, index }): ToolCall => {
    const text = pieces
      .map((piece) => (piece.kind === 'arguments' && piece.index === index ? piece.token : ''))
      .join('');
    return { id, type: 'function', function: { name, arguments: text } };
  });
  return {
    role: 'assistant',
    content: refused || calls.length > 0 ? null : joined('content'),
    refusal: refused ? joined('refusal') : null,
    ...(toolCalls.length > 0 && { tool_calls: toolCalls }),
  };
}
