// OpenAI's dialect: the body that one provider's server accepts, from the request as the caller made it.
import type { ChatRequest, Model, Provider } from '../../contract/index.ts';

/** What is done to every body for one model; worked out once. */
export interface ChatShape {
  readonly upstreamModel: string;
  readonly streamUsage: boolean;
  readonly renames: readonly (readonly [from: string, to: string])[];
  readonly drops: readonly string[];
  readonly extras: readonly (readonly [field: string, value: unknown])[];
}

export const CHAT_PATH = '/chat/completions';

/** Fields that are Quorum's to set, never a provider's habit. */
const OWN_FIELDS = new Set(['model', 'stream', 'messages']);

export function chatShapeOf(provider: Provider, model: Model): ChatShape {
  return {
    upstreamModel: model.upstreamModel,
    streamUsage: provider.streamUsage,
    renames: Object.entries(provider.renameFields),
    drops: provider.dropFields,
    extras: Object.entries({ ...provider.extraBody, ...model.extraBody }).filter(([field]) => !OWN_FIELDS.has(field)),
  };
}

type Body = Record<string, unknown>;

function streamOptions(asked: ChatRequest['stream_options'], streamUsage: boolean): object | null {
  if (streamUsage) return { ...asked, include_usage: true };
  const { include_usage: _, ...rest } = asked ?? {};
  return Object.keys(rest).length === 0 ? null : rest;
}

function set(body: Body, field: string, value: unknown): void {
  Object.defineProperty(body, field, { value, writable: true, enumerable: true, configurable: true });
}

/** The provider's habits. A field that the caller set is never overwritten. */
function applyHabits(body: Body, shape: ChatShape): void {
  for (const [from, to] of shape.renames) {
    if (!Object.hasOwn(body, from)) continue;
    if (!Object.hasOwn(body, to)) set(body, to, body[from]);
    delete body[from];
  }
  for (const field of shape.drops) delete body[field];
  for (const [field, value] of shape.extras) {
    if (!Object.hasOwn(body, field)) set(body, field, value);
  }
}

/** JSON text. Fields it doesn't know go through untouched. */
export function chatBody(shape: ChatShape, request: ChatRequest, stream: boolean): string {
  const { stream: _, stream_options: asked, ...rest } = request;
  const body: Body = rest;
  body['model'] = shape.upstreamModel;
  if (stream) {
    body['stream'] = true;
    const options = streamOptions(asked, shape.streamUsage);
    if (options !== null) body['stream_options'] = options;
  }
  applyHabits(body, shape);
  if (!stream) delete body['stream_options'];
  return JSON.stringify(body);
}
