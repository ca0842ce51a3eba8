// OpenAI's dialect: the body that one provider's server accepts, from the request as the caller made it.
import type { ChatRequest, Model, Provider, Written } from '../../contract/index.ts';
import { jsonAsWritten, readCompletion } from '../../wire/index.ts';
import type { Dialect } from './dialect.ts';

/** Body fields that are called otherwise or refused. */
interface Habits {
  readonly renames: readonly (readonly [from: string, to: string])[];
  readonly drops: readonly string[];
}

/** What is done to every body for one model; worked out once. */
export interface ChatShape {
  readonly upstreamModel: string;
  readonly streamUsage: boolean;
  /** The provider's, then the model's. */
  readonly habits: readonly Habits[];
  readonly messageDrops: readonly string[];
  readonly values: readonly (readonly [field: string, values: readonly unknown[]])[];
  readonly extras: readonly Field[];
  readonly withTools: readonly Field[];
}

type Field = readonly [field: string, value: unknown];

const CHAT_PATH = '/chat/completions';
/** Slashes, and the path itself where someone pasted the whole address. */
const PATH_END = /(\/chat\/completions)?\/*$/;

/** Fields that are Quorum's to set, never a provider's habit. */
const OWN_FIELDS = new Set(['model', 'stream', 'messages']);

export function chatShapeOf(provider: Provider, model: Model): ChatShape {
  return {
    upstreamModel: model.upstreamModel,
    streamUsage: provider.streamUsage,
    habits: [provider, model].map(({ renameFields, dropFields }) => ({
      renames: Object.entries(renameFields),
      drops: dropFields,
    })),
    messageDrops: provider.dropMessageFields,
    values: Object.entries(model.fieldValues),
    extras: notOurs({ ...provider.extraBody, ...model.extraBody }),
    withTools: notOurs(model.toolFields),
  };
}

const notOurs = (fields: Readonly<Record<string, unknown>>): readonly Field[] =>
  Object.entries(fields).filter(([field]) => !OWN_FIELDS.has(field));

type Body = Record<string, unknown>;

function streamOptions(asked: ChatRequest['stream_options'], streamUsage: boolean): object | null {
  if (streamUsage) return { ...asked, include_usage: true };
  const { include_usage: _, ...rest } = asked ?? {};
  return Object.keys(rest).length === 0 ? null : rest;
}

function set(body: Body, field: string, value: unknown): void {
  Object.defineProperty(body, field, { value, writable: true, enumerable: true, configurable: true });
}

/** The provider's habits, then the model's. A field that the caller set is never overwritten but where tools demand it. */
export function applyHabits(body: Body, shape: ChatShape): void {
  for (const { renames, drops } of shape.habits) {
    for (const [from, to] of renames) {
      if (!Object.hasOwn(body, from)) continue;
      if (!Object.hasOwn(body, to)) set(body, to, body[from]);
      delete body[from];
    }
    for (const field of drops) delete body[field];
  }
  for (const [field, values] of shape.values) {
    if (Object.hasOwn(body, field) && !values.includes(body[field])) delete body[field];
  }
  for (const [field, value] of shape.extras) {
    if (!Object.hasOwn(body, field)) set(body, field, value);
  }
  if (hasTools(body)) for (const [field, value] of shape.withTools) set(body, field, value);
}

const hasTools = ({ tools }: Body): boolean => Array.isArray(tools) && tools.length > 0;

/** A client that sends an answer back brings along what its model put into it. */
function plainMessages(messages: ChatRequest['messages'], drops: readonly string[]): ChatRequest['messages'] {
  return messages.map((message) => {
    if (!drops.some((field) => Object.hasOwn(message, field))) return message;
    return Object.fromEntries(Object.entries(message).filter(([field]) => !drops.includes(field))) as typeof message;
  });
}

/** JSON text. Fields that nobody changes go through as they were written. */
export function chatBody(shape: ChatShape, request: ChatRequest, stream: boolean, written?: Written): string {
  const { stream: _, stream_options: asked, ...rest } = request;
  const body: Body = rest;
  body['model'] = shape.upstreamModel;
  if (stream) {
    body['stream'] = true;
    const options = streamOptions(asked, shape.streamUsage);
    if (options !== null) body['stream_options'] = options;
  }
  if (shape.messageDrops.length > 0) body['messages'] = plainMessages(request.messages, shape.messageDrops);
  applyHabits(body, shape);
  if (!stream) delete body['stream_options'];
  return jsonAsWritten(body, written);
}

/** Answers are passed on as the bytes they came in. */
export const openai: Dialect = {
  route(provider, model) {
    const base = new URL(provider.baseUrl);
    const path = `${base.pathname.replace(PATH_END, '')}${CHAT_PATH}${base.search}`;
    const shape = chatShapeOf(provider, model);
    return {
      wholePath: path,
      streamPath: path,
      headers: {},
      shape: (request, stream, written) => chatBody(shape, request, stream, written),
    };
  },
  readWhole: (bytes) => ({ completion: readCompletion(bytes), bytes }),
  translate: null,
  failure: null,
};
