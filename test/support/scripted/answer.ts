// A script and a request become the bytes of an answer.
import { completionBody, streamChunks, usageOf, wordsOf, type AnswerOptions } from './builders.ts';
import type { ReceivedRequest, Script, StreamStep } from './script.ts';

export interface Piece {
  readonly delayMs: number;
  readonly bytes: Uint8Array;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly streamed: boolean;
  readonly pieces: readonly Piece[];
}

type Fields = Readonly<Record<string, unknown>>;

/** `models` are those of `GET /v1/models`. */
export function answerTo(request: ReceivedRequest, script: Script, models: readonly string[]): Answer {
  if (script.html) return whole(script, '<!doctype html><title>502</title><h1>Bad gateway</h1>', 'text/html');
  if (script.malformed)
    return whole(script, '{"id":"chatcmpl-scripted","choices":[{"index":0,"mess', 'application/json');
  if (script.body !== undefined) return whole(script, script.body, 'application/json');
  if (script.error !== undefined) return whole(script, { error: script.error }, 'application/json');
  if (script.chunks) return streamed(script, script.chunks);
  if ((script.status ?? 200) >= 400) return whole(script, errorBody(script.status ?? 500), 'application/json');
  return usual(request, script, models);
}

function usual(request: ReceivedRequest, script: Script, models: readonly string[]): Answer {
  const path = request.path.replace(/\?.*$/, '');
  if (path.endsWith('/chat/completions')) return chat(request, script);
  if (path.endsWith('/completions')) return legacy(request, script);
  if (path.endsWith('/embeddings')) return whole(script, embeddings(request), 'application/json');
  if (path.endsWith('/models'))
    return whole(script, { object: 'list', data: models.map(modelBody) }, 'application/json');
  if (/\/models\/[^/]+$/.test(path)) return whole(script, modelBody(path.replace(/^.*\//, '')), 'application/json');
  const { method, headers, body } = request;
  return whole(script, { method, path: request.path, headers, body }, 'application/json');
}

function chat(request: ReceivedRequest, script: Script): Answer {
  const body = fieldsOf(request.body);
  const options: AnswerOptions = { ...echo(request), ...script, choices: script.choices ?? (Number(body['n']) || 1) };
  if (body['stream'] !== true) return whole(script, completionBody(options), 'application/json');
  const includeUsage = script.streamUsage ?? fieldsOf(body['stream_options'])['include_usage'] === true;
  return streamed(
    script,
    streamChunks({ ...options, includeUsage }).map((data) => ({ data })),
  );
}

/** The default answer: what the user said last. */
function echo({ body, model }: ReceivedRequest): AnswerOptions {
  const messages = (fieldsOf(body)['messages'] ?? []) as readonly { readonly content?: unknown }[];
  const last = messages.at(-1)?.content ?? fieldsOf(body)['prompt'] ?? '';
  const text = typeof last === 'string' ? last : JSON.stringify(last);
  const prompt_tokens = wordsOf(JSON.stringify(messages)).length + 3;
  return { model: model || 'scripted-model', content: `You said: ${text}`, usage: { prompt_tokens } };
}

function legacy(request: ReceivedRequest, script: Script): Answer {
  const options = { ...echo(request), ...script };
  const head = { id: 'cmpl-scripted', object: 'text_completion', created: 1_767_225_600, model: options.model };
  const choice = (text: string, finish_reason: string | null): Fields => ({
    index: 0,
    text,
    logprobs: null,
    finish_reason,
  });
  const text = options.content ?? '';
  if (fieldsOf(request.body)['stream'] !== true) {
    return whole(script, { ...head, choices: [choice(text, 'stop')], usage: usageOf(options) }, 'application/json');
  }
  const chunks = [...wordsOf(text).map((word) => choice(word, null)), choice('', 'stop')];
  return streamed(
    script,
    chunks.map((one) => ({ data: { ...head, choices: [one] } })),
  );
}

function whole(script: Script, body: unknown, contentType: string): Answer {
  const bytes = body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return {
    status: script.status ?? 200,
    headers: { 'content-type': contentType },
    streamed: false,
    pieces: [{ delayMs: 0, bytes }],
  };
}

function streamed(script: Script, steps: readonly StreamStep[]): Answer {
  const lineEnd = script.lineEnd ?? '\n';
  const pieces = steps.map(({ delayMs, ...step }, at) => ({
    delayMs: delayMs ?? (at === 0 ? 0 : (script.chunkDelayMs ?? 0)),
    bytes: bytesOf(step, lineEnd),
  }));
  const closed = pieces.some(({ bytes }) => Buffer.from(bytes).includes('[DONE]'));
  if (script.done !== false && !closed) pieces.push({ delayMs: 0, bytes: bytesOf({ data: '[DONE]' }, lineEnd) });
  return {
    status: script.status ?? 200,
    headers: { 'content-type': 'text/event-stream; charset=utf-8' },
    streamed: true,
    pieces,
  };
}

function bytesOf({ data, raw }: StreamStep, lineEnd: string): Uint8Array {
  if (raw !== undefined) return typeof raw === 'string' ? Buffer.from(raw) : raw;
  if (data === undefined) return new Uint8Array();
  return Buffer.from(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}${lineEnd}${lineEnd}`);
}

const ERRORS: Readonly<Record<number, readonly [type: string, code: string]>> = {
  401: ['invalid_request_error', 'invalid_api_key'],
  403: ['permission_error', 'permission_denied'],
  404: ['invalid_request_error', 'model_not_found'],
  429: ['rate_limit_error', 'rate_limit_exceeded'],
};

function errorBody(status: number): Fields {
  const [type, code] =
    ERRORS[status] ?? (status < 500 ? ['invalid_request_error', 'invalid_value'] : ['server_error', 'server_error']);
  return { error: { message: `Scripted failure with status ${status}.`, type, param: null, code } };
}

function modelBody(id: string): Fields {
  return { id, object: 'model', created: 1_767_225_600, owned_by: 'scripted' };
}

const DIMENSIONS = 64;

/** Texts with the same words get close vectors: each word adds to the dimension its letters hash to. */
function embeddings({ body, model }: ReceivedRequest): Fields {
  const { input = '', encoding_format, dimensions } = fieldsOf(body);
  const inputs = Array.isArray(input) ? (input as readonly unknown[]) : [input];
  const size = typeof dimensions === 'number' ? dimensions : DIMENSIONS;
  const data = inputs.map((one, index) => {
    const vector = vectorOf(typeof one === 'string' ? one : JSON.stringify(one), size);
    const embedding = encoding_format === 'base64' ? Buffer.from(vector.buffer).toString('base64') : [...vector];
    return { object: 'embedding', index, embedding };
  });
  const prompt_tokens = inputs.reduce<number>((sum, one) => sum + wordsOf(String(one)).length, 0);
  return { object: 'list', data, model, usage: { prompt_tokens, total_tokens: prompt_tokens } };
}

function vectorOf(text: string, size: number): Float32Array {
  const vector = new Float32Array(size);
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? ['']) {
    let hash = 7;
    for (const letter of word) hash = (hash * 31 + letter.codePointAt(0)!) >>> 0;
    vector[hash % size]! += 1;
  }
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}
