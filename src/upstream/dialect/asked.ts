// What a request asks for besides its messages, read once for both native dialects.
import type { ChatRequest, Model, Provider } from '../../contract/index.ts';
import { applyHabits, chatShapeOf, type ChatShape } from './openai.ts';
import { rejection } from './rejection.ts';
import { isObject, listOf, text, type Fields } from './parts.ts';

export interface Asked {
  /** The request's own fields, with what provider and model refuse left out. */
  readonly fields: Fields;
  readonly maxTokens: number | null;
  readonly stops: readonly string[];
  readonly functions: readonly FunctionTool[];
  /** Tools in the provider's own words. */
  readonly otherTools: readonly Fields[];
  readonly choice: ToolChoice;
  readonly parallel: boolean;
  readonly format: Format;
  /** `none`, `low` …; one that the model knows. Null: not asked. */
  readonly effort: string | null;
}

export interface FunctionTool {
  readonly name: string;
  readonly description: string;
  readonly parameters: Fields | null;
  readonly source: Fields;
}

/** `one`: this function; `any`: one of them, whichever. Null: nothing was said. */
type ToolChoice = { readonly kind: 'auto' | 'none' | 'any' } | { readonly kind: 'one'; readonly name: string } | null;

type Format =
  | { readonly kind: 'text' }
  | { readonly kind: 'object' }
  | { readonly kind: 'schema'; readonly name: string; readonly schema: Fields };

/** The habits of provider and model but for what they add, which is in the dialect's own words. */
export function habitsOf(provider: Provider, model: Model): ChatShape {
  return chatShapeOf({ ...provider, extraBody: {} }, { ...model, extraBody: {} });
}

export function askedOf(request: ChatRequest, habits: ChatShape, model: Model): Asked {
  const fields: Record<string, unknown> = { ...request };
  const asked = effortAsked(request);
  applyHabits(fields, habits);
  if ((request.n ?? 1) > 1 && !model.capabilities.has('n'))
    throw rejection(`${model.name} gives one choice at a time.`, 'n');
  const choice = choiceOf(fields['tool_choice']);
  const functions = [...listOf(fields['tools']).flatMap(functionOf), ...listOf(fields['functions']).map(functionFrom)];
  return {
    fields,
    maxTokens: limitOf(fields, model),
    stops: (typeof fields['stop'] === 'string'
      ? [fields['stop']]
      : Array.isArray(fields['stop'])
        ? fields['stop']
        : []
    ).filter((stop): stop is string => text(stop).trim() !== ''),
    functions: choice.only === null ? functions : functions.filter(({ name }) => choice.only!.has(name)),
    otherTools: listOf(fields['tools']).filter((tool) => functionOf(tool).length === 0),
    choice: choice.choice,
    parallel: fields['parallel_tool_calls'] !== false,
    format: formatOf(fields['response_format']),
    effort: effortOf(asked, fields, habits),
  };
}

function limitOf(fields: Fields, model: Model): number | null {
  const limit = fields['max_completion_tokens'] ?? fields['max_tokens'];
  return typeof limit === 'number' ? Math.min(limit, model.maxOutput) : null;
}

function functionOf(tool: Fields): FunctionTool[] {
  return tool['type'] === 'function' && isObject(tool['function'])
    ? [{ ...functionFrom(tool['function']), source: tool }]
    : [];
}

function functionFrom(source: Fields): FunctionTool {
  const parameters = isObject(source['parameters']) ? source['parameters'] : null;
  return { name: text(source['name']), description: text(source['description']), parameters, source };
}

function choiceOf(asked: unknown): { choice: ToolChoice; only: ReadonlySet<string> | null } {
  const plain = (choice: ToolChoice): { choice: ToolChoice; only: null } => ({ choice, only: null });
  if (asked === 'auto' || asked === 'none') return plain({ kind: asked });
  if (asked === 'required' || asked === 'any') return plain({ kind: 'any' });
  if (!isObject(asked)) return plain(null);
  if (isObject(asked['allowed_tools'])) {
    const { mode, tools } = asked['allowed_tools'];
    const only = new Set(
      listOf(tools).map((tool) => text((isObject(tool['function']) ? tool['function'] : tool)['name'])),
    );
    return { choice: { kind: mode === 'required' ? 'any' : 'auto' }, only };
  }
  const name = text((isObject(asked['function']) ? asked['function'] : asked)['name']);
  return plain(name === '' ? null : { kind: 'one', name });
}

function formatOf(asked: unknown): Format {
  if (!isObject(asked)) return { kind: 'text' };
  if (asked['type'] === 'json_object') return { kind: 'object' };
  const given = asked['json_schema'];
  if (asked['type'] !== 'json_schema' || !isObject(given)) return { kind: 'text' };
  return isObject(given['schema'])
    ? { kind: 'schema', name: text(given['name']), schema: given['schema'] }
    : { kind: 'object' };
}

/** Said to a model that has no switch for it. */
export function formatInWords(format: Format): string | null {
  switch (format.kind) {
    case 'text':
      return null;
    case 'object':
      return 'Answer with one JSON object and nothing else: no words around it, no code fence.';
    case 'schema':
      return `Answer with JSON that fits this JSON Schema, and with nothing else: no words around it, no code fence.\n${JSON.stringify(format.schema)}`;
    default:
      return format satisfies never;
  }
}

const EFFORTS = ['minimal', 'low', 'medium', 'high', 'xhigh', 'max'];

/** OpenAI's field, or OpenRouter's `reasoning: { effort }`. */
function effortAsked(request: ChatRequest): string | null {
  const { reasoning_effort, reasoning } = request as Fields;
  const asked = text(reasoning_effort) || text(isObject(reasoning) ? reasoning['effort'] : null);
  return asked === 'none' || EFFORTS.includes(asked) ? asked : null;
}

/** What tools demand, else the nearest that the model knows; an effort never turns thinking off, and none never turns it up. */
function effortOf(asked: string | null, fields: Fields, { values, habits }: ChatShape): string | null {
  const known = values.find(([field]) => field === 'reasoning_effort')?.[1].map(text) ?? null;
  const set = text(fields['reasoning_effort']);
  if (set !== '') return set;
  if (asked === null || habits.some(({ drops }) => drops.includes('reasoning_effort'))) return null;
  if (known === null || known.includes(asked)) return asked;
  const ranks = known.map((each) => EFFORTS.indexOf(each)).filter((rank) => rank >= 0);
  if (ranks.length === 0) return null;
  const wanted = asked === 'none' ? 0 : EFFORTS.indexOf(asked);
  const nearest = ranks.toSorted((a, b) => Math.abs(a - wanted) - Math.abs(b - wanted) || a - b)[0]!;
  return EFFORTS[nearest]!;
}

/** Tokens of thinking that a word stands for where a model counts them (Google's table for its OpenAI-compatible API). */
export function thinkingTokens(effort: string): number {
  switch (effort) {
    case 'none':
      return 0;
    case 'minimal':
    case 'low':
      return 1024;
    case 'medium':
      return 8192;
    default:
      return 24_576;
  }
}

/** Adds the config's own fields, in the dialect's words, unless they are there. */
export function withExtras(body: Record<string, unknown>, provider: Provider, model: Model): Record<string, unknown> {
  for (const [field, value] of Object.entries({ ...provider.extraBody, ...model.extraBody })) {
    if (isObject(body[field]) && isObject(value)) body[field] = { ...value, ...body[field] };
    else body[field] ??= value;
  }
  return body;
}
