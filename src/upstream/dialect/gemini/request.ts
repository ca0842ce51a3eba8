// A chat request as a request to Gemini's generateContent.
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
import { geminiSchema } from '../schema.ts';
import { isObject, type Fields } from '../parts.ts';
import { talkOf } from '../talk.ts';
import { geminiContents, systemParts } from './contents.ts';

/** More are refused. */
const MOST_STOPS = 5;
/** The API's own fields, for callers who know them. */
const PASSED = ['safetySettings', 'safety_settings', 'cachedContent', 'cached_content', 'labels'];

export function geminiShape(provider: Provider, model: Model): (request: ChatRequest, stream: boolean) => string {
  const habits = habitsOf(provider, model);
  return (request) => {
    const asked = askedOf(request, habits, model);
    const talk = talkOf(request.messages);
    const google = googleFields(asked.fields);
    const format = formatFields(asked, model);
    const system = [...systemParts(talk.system), ...(format.words === null ? [] : [{ text: format.words }])];
    const generation = {
      ...samplingFields(asked.fields),
      ...(asked.maxTokens !== null && { maxOutputTokens: asked.maxTokens }),
      ...(asked.stops.length > 0 && { stopSequences: asked.stops.slice(0, MOST_STOPS) }),
      ...format.fields,
      ...thinkingFields(asked, model),
      ...(isObject(google['thinking_config']) && { thinkingConfig: google['thinking_config'] }),
    };
    const tools = toolsOf(asked);
    const body: Record<string, unknown> = {
      ...Object.fromEntries(PASSED.flatMap((field) => passed(field, asked.fields[field] ?? google[field]))),
      ...(system.length > 0 && { systemInstruction: { parts: system } }),
      contents: geminiContents(talk, model),
      ...(tools.length > 0 && { tools }),
      ...toolConfig(asked),
      ...(Object.keys(generation).length > 0 && { generationConfig: generation }),
    };
    return JSON.stringify(withExtras(body, provider, model));
  };
}

const passed = (field: string, value: unknown): [string, unknown][] => (value == null ? [] : [[field, value]]);

/** Google's own way of saying more through OpenAI's format: `extra_body: { google: { … } }`. */
function googleFields({ extra_body, google }: Fields): Fields {
  const given = isObject(extra_body) ? extra_body['google'] : google;
  return isObject(given) ? given : {};
}

function samplingFields(fields: Fields): Fields {
  const names = {
    temperature: 'temperature',
    top_p: 'topP',
    top_k: 'topK',
    seed: 'seed',
    n: 'candidateCount',
    presence_penalty: 'presencePenalty',
    frequency_penalty: 'frequencyPenalty',
  };
  return Object.fromEntries(
    Object.entries(names).flatMap(([from, to]) => (typeof fields[from] === 'number' ? [[to, fields[from]]] : [])),
  );
}

/** Thoughts are told as `reasoning_content`; they are paid for whether they are told or not. */
function thinkingFields({ effort }: Asked, model: Model): Fields {
  if (!model.capabilities.has('reasoning')) return {};
  const includeThoughts = effort !== 'none';
  if (effort === null) return { thinkingConfig: { includeThoughts } };
  if (model.thinking === 'budget')
    return { thinkingConfig: { includeThoughts, thinkingBudget: thinkingTokens(effort) } };
  return { thinkingConfig: { includeThoughts, thinkingLevel: effort } };
}

function toolsOf({ functions, otherTools }: Asked): Fields[] {
  const own = functions.map(declarationOf);
  return [...(own.length > 0 ? [{ functionDeclarations: own }] : []), ...otherTools.map(nativeTool)];
}

function declarationOf({ name, description, parameters }: FunctionTool): Fields {
  const hasParameters = isObject(parameters?.['properties']) && Object.keys(parameters['properties']).length > 0;
  return {
    name,
    description: description || name,
    ...(parameters !== null && hasParameters && { parametersJsonSchema: geminiSchema(parameters) }),
  };
}

/** `{ type: google_search }` as `{ google_search: {} }`; what is in Google's own form stays. */
function nativeTool({ type, ...rest }: Fields): Fields {
  return typeof type === 'string' && rest[type] === undefined ? { [type]: rest } : rest;
}

function toolConfig({ choice, functions }: Asked): Fields {
  if (choice === null || functions.length === 0) return {};
  const config = (mode: string, more: Fields = {}): Fields => ({
    toolConfig: { functionCallingConfig: { mode, ...more } },
  });
  switch (choice.kind) {
    case 'auto':
      return config('AUTO');
    case 'none':
      return config('NONE');
    case 'any':
      return config('ANY');
    case 'one':
      return config('ANY', { allowedFunctionNames: [choice.name] });
    default:
      return choice satisfies never;
  }
}

/** Models before Gemini 3 take no schema beside tools. */
function formatFields(
  { format, functions }: Asked,
  model: Model,
): { readonly fields: Fields; readonly words: string | null } {
  const clashes = functions.length > 0 && model.thinking === 'budget';
  const able = model.capabilities.has('json_schema') || model.capabilities.has('json_object');
  if (format.kind === 'text' || clashes || !able) return { fields: {}, words: formatInWords(format) };
  const json = { responseMimeType: 'application/json' };
  if (format.kind === 'object') return { fields: json, words: null };
  return model.capabilities.has('json_schema')
    ? { fields: { ...json, responseJsonSchema: geminiSchema(format.schema) }, words: null }
    : { fields: json, words: formatInWords(format) };
}
