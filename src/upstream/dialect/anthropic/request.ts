// A chat request as a request to Anthropic's Messages API.
import type { ChatRequest, Model, Provider } from '../../../contract/index.ts';
import {
  askedOf,
  formatInWords,
  habitsOf,
  thinkingTokens,
  withExtras,
  type Asked,
  type FunctionTool,
} from '../asked.ts';
import { closedSchema } from '../schema.ts';
import { isObject, text, type Fields } from '../parts.ts';
import { talkOf, type Talk } from '../talk.ts';
import { anthropicMessages, lacksThinking, systemBlocks, toolsOfTheTalk } from './messages.ts';

/** Without a limit of the caller's; Anthropic asks for one. Room for thinking and a long answer, and no more to pay for a runaway. */
const USUAL_MOST_TOKENS = 32_000;
const LEAST_THINKING = 1024;
/** The API's own fields, for callers who know them. */
const PASSED = [
  'top_k',
  'thinking',
  'output_config',
  'container',
  'context_management',
  'mcp_servers',
  'inference_geo',
];
const MOST_USER_LENGTH = 256;

export function anthropicShape(provider: Provider, model: Model): (request: ChatRequest, stream: boolean) => string {
  const habits = habitsOf(provider, model);
  return (request, stream) => {
    const asked = askedOf(request, habits, model);
    const talk = talkOf(request.messages);
    const { fields } = asked;
    const maxTokens = asked.maxTokens ?? Math.min(model.maxOutput, USUAL_MOST_TOKENS);
    const tools = toolFields(asked, talk);
    const thinking = thinkingFields(asked, talk, model, maxTokens);
    const format = formatFields(asked, model);
    const system = [
      ...systemBlocks(talk.system),
      ...(format.words === null ? [] : [{ type: 'text', text: format.words }]),
    ];
    const body: Record<string, unknown> = {
      ...Object.fromEntries(PASSED.flatMap((field) => (fields[field] == null ? [] : [[field, fields[field]]]))),
      model: model.upstreamModel,
      max_tokens: maxTokens,
      ...(system.length > 0 && { system }),
      messages: anthropicMessages(talk, model.upstreamModel),
      ...(stream && { stream: true }),
      ...tools,
      ...(asked.stops.length > 0 && { stop_sequences: asked.stops }),
      ...samplingFields(fields, isThinking(thinking)),
      ...userFields(fields),
    };
    mergeInto(body, thinking);
    mergeInto(body, format.fields);
    return JSON.stringify(withExtras(body, provider, model));
  };
}

function mergeInto(body: Record<string, unknown>, more: Fields): void {
  for (const [field, value] of Object.entries(more)) {
    const there = body[field];
    // What the caller said in Anthropic's own words stands.
    body[field] = isObject(there) && isObject(value) ? { ...value, ...there } : (there ?? value);
  }
}

function toolFields(asked: Asked, talk: Talk): Fields {
  const own = [...asked.functions.map(toolOf), ...asked.otherTools];
  const tools = own.length > 0 ? own : toolsOfTheTalk(talk);
  if (tools.length === 0) return {};
  const choice = own.length > 0 ? choiceOf(asked) : { type: 'none' };
  return { tools, ...(choice !== null && { tool_choice: choice }) };
}

function toolOf({ name, description, parameters, source }: FunctionTool): Fields {
  const cache = source['cache_control'];
  return {
    name,
    ...(description !== '' && { description }),
    input_schema: { ...parameters, type: 'object', properties: parameters?.['properties'] ?? {} },
    ...(cache !== undefined && { cache_control: cache }),
  };
}

function choiceOf({ choice, parallel }: Asked): Fields | null {
  const single = parallel ? {} : { disable_parallel_tool_use: true };
  switch (choice?.kind) {
    case undefined:
      return parallel ? null : { type: 'auto', ...single };
    case 'none':
      return { type: 'none' };
    case 'auto':
    case 'any':
      return { type: choice.kind, ...single };
    case 'one':
      return { type: 'tool', name: choice.name, ...single };
    default:
      return choice satisfies never;
  }
}

const isForced = ({ choice }: Asked): boolean => choice?.kind === 'any' || choice?.kind === 'one';

/**
 * Models that count their thinking get a budget, the others an effort (`thinking: adaptive`, `output_config.effort`).
 * Nobody thinks while a tool is forced: the API refuses both at once.
 */
function thinkingFields(asked: Asked, talk: Talk, model: Model, maxTokens: number): Fields {
  const canTurnOff = model.fieldValues['reasoning_effort']?.includes('none') === true;
  if (isForced(asked) && canTurnOff && model.thinking !== 'budget') return { thinking: { type: 'disabled' } };
  if (asked.effort === null || isForced(asked) || !model.capabilities.has('reasoning')) return {};
  if (asked.effort === 'none') return model.thinking === 'budget' ? {} : { thinking: { type: 'disabled' } };
  if (model.thinking !== 'budget')
    return { thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: asked.effort } };
  const budget = Math.min(thinkingTokens(asked.effort), maxTokens - LEAST_THINKING);
  return budget < LEAST_THINKING || lacksThinking(talk) ? {} : { thinking: { type: 'enabled', budget_tokens: budget } };
}

const isThinking = ({ thinking }: Fields): boolean => isObject(thinking) && thinking['type'] !== 'disabled';

/** A thinking model's sampling is its own. Anthropic's temperature ends at 1. */
function samplingFields({ temperature, top_p }: Fields, thinking: boolean): Fields {
  if (thinking) return {};
  return {
    ...(typeof temperature === 'number' && { temperature: Math.min(temperature, 1) }),
    ...(typeof top_p === 'number' && { top_p }),
  };
}

function userFields({ user, safety_identifier, service_tier }: Fields): Fields {
  const id = text(safety_identifier) || text(user);
  return {
    ...(id !== '' && { metadata: { user_id: id.slice(0, MOST_USER_LENGTH) } }),
    ...(service_tier === 'default' && { service_tier: 'standard_only' }),
  };
}

/** Constrained decoding where the schema can be said, words where not. */
function formatFields({ format }: Asked, model: Model): { readonly fields: Fields; readonly words: string | null } {
  const schema = format.kind === 'schema' && model.capabilities.has('json_schema') ? closedSchema(format.schema) : null;
  return schema === null
    ? { fields: {}, words: formatInWords(format) }
    : { fields: { output_config: { format: { type: 'json_schema', schema } } }, words: null };
}
