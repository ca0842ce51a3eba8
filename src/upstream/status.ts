// What a status (or an error inside a 200) means: one table from an upstream's answer to a fault.
import type { FailureKind, Provider } from '../contract/index.ts';
import { parseAnswer } from '../wire/index.ts';
import type { Dialect, NativeError } from './dialect/index.ts';
import { Fault } from './fault.ts';

export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What is read of OpenAI's error object and its many cousins. */
interface UpstreamError {
  readonly code: string;
  readonly type: string;
  readonly message: string;
  /** Some aggregators put the real status in `code`. */
  readonly status: number | null;
}

const QUOTA = /insufficient_quota|insufficient_balance|billing_(hard_limit|not_active)|quota_exhausted/;
const MODEL_GONE = /model_not_(found|available|supported)|invalid_model|unknown_model|deploymentnotfound/;
const MODEL_GONE_TEXT =
  /\b(model|deployment)\b.{0,100}\b(not (found|exist|available)|doesn'?t exist)|\b(unknown|invalid|no such) model\b/i;
const RATE = /rate_limit|too_many_requests/;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The error that a parsed body carries; null where it is none. */
export function errorIn(body: unknown): UpstreamError | null {
  if (!isObject(body)) return null;
  const bare = body['object'] === 'error' || body['type'] === 'error';
  const error = isObject(body['error']) || typeof body['error'] === 'string' ? body['error'] : bare ? body : null;
  if (error === null) return null;
  if (typeof error === 'string') return { code: '', type: '', message: error, status: null };
  const code = error['code'];
  const status = Number(code ?? error['status'] ?? error['status_code']);
  return {
    code: text(code).toLowerCase(),
    type: text(error['type']).toLowerCase(),
    message: text(error['message']),
    status: status >= 400 && status <= 599 ? status : null,
  };
}

function parse(body: Uint8Array | null): unknown {
  if (body === null || body.length === 0) return null;
  try {
    return parseAnswer(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString());
  } catch {
    return null;
  }
}

/** Whether a body that should have been a completion is an error instead. */
export function isErrorBody(body: Uint8Array, { failure }: Dialect): boolean {
  const parsed = parse(body);
  return errorIn(parsed) !== null || (failure?.(parsed, 200) ?? null) !== null;
}

const isModelGone = (error: UpstreamError): boolean =>
  MODEL_GONE.test(error.code) || MODEL_GONE.test(error.type) || MODEL_GONE_TEXT.test(error.message);

function kindOf(status: number, error: UpstreamError | null): FailureKind {
  if (status < 400) return 'malformed';
  if (status >= 500 || status === 408 || status === 409 || status === 425) return 'server_error';
  if (status === 401 || status === 402 || status === 403) return 'refused';
  if (status === 429) {
    return error !== null && (QUOTA.test(error.code) || QUOTA.test(error.type)) ? 'refused' : 'rate_limited';
  }
  // Our catalog is wrong, or the configured address: a 404 that isn't the API's own speech.
  if ((status === 400 || status === 404) && error !== null && isModelGone(error)) return 'refused';
  if (status === 404 && error === null) return 'refused';
  return 'rejected';
}

const WORDS: Readonly<Partial<Record<FailureKind, string>>> = {
  rejected: 'it finds the request wrong',
  refused: 'access, quota or model there',
  rate_limited: 'too many requests',
  server_error: 'trouble on its side',
  malformed: 'not an answer to a chat request',
};

/** The answer's own wish, in milliseconds; null when it has none. Seconds or an HTTP date, or OpenAI's `retry-after-ms`. */
function retryAfterMs(headers: Headers, now: number): number | null {
  const exact = Number(headers['retry-after-ms'] ?? Number.NaN);
  if (Number.isFinite(exact) && exact >= 0) return exact;
  const value = headers['retry-after'];
  if (typeof value !== 'string' || value.trim() === '') return null;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return seconds >= 0 ? seconds * 1000 : null;
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

/** A body that goes on to the client must not carry our key, should the upstream echo it. */
function withoutKey(body: Uint8Array, { apiKey }: Provider): Uint8Array {
  if (apiKey === null) return body;
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString();
  const hidden = apiKey.hideIn(text);
  return hidden === text ? body : Buffer.from(hidden);
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** null: too long to be kept. */
  readonly body: Uint8Array | null;
  readonly now: number;
}

/** Who answered, and in what dialect. */
interface Speaker {
  readonly provider: Provider;
  readonly dialect: Dialect;
}

/** For an answer that isn't 2xx, or a 2xx whose body is an error. */
export function faultOf({ provider, dialect }: Speaker, answer: Answer): Fault {
  const parsed = parse(answer.body);
  const native = dialect.failure?.(parsed, answer.status) ?? null;
  const error = errorIn(parsed);
  const status =
    native?.status ?? (answer.status >= 300 ? answer.status : (error?.status ?? statusOfKindlessError(error)));
  const kind = native?.kind ?? kindOf(status, error);
  const body = native === null ? answer.body : asOpenAi(native);
  const kept = (kind === 'rejected' || kind === 'rate_limited') && body !== null && body.length > 0;
  const contentType = answer.headers['content-type'];
  const redirect = status < 400 ? ', a redirect that is not followed' : '';
  return new Fault(kind, `${provider.name} answered ${status}${redirect}: ${WORDS[kind] ?? kind}`, {
    status,
    retryAfterMs: retryAfterMs(answer.headers, answer.now) ?? native?.retryAfterMs ?? null,
    body: kept ? withoutKey(body, provider) : null,
    ...(native === null && typeof contentType === 'string' && answer.status >= 300 && { contentType }),
    retryable: (kind === 'rate_limited' || kind === 'server_error') && answer.headers['x-should-retry'] !== 'false',
  });
}

function asOpenAi({ message, type, code }: NativeError): Buffer {
  return Buffer.from(JSON.stringify({ error: { message, type, param: null, code } }));
}

/** An error under a 200 that names no status: as the words have it, else a 502. */
function statusOfKindlessError(error: UpstreamError | null): number {
  if (error === null) return 502;
  const words = `${error.code} ${error.type}`;
  if (QUOTA.test(words)) return 402;
  if (RATE.test(words)) return 429;
  if (isModelGone(error)) return 404;
  if (/authentication|permission|invalid_api_key/.test(words)) return 401;
  if (/invalid_request|context_length/.test(words)) return 400;
  return 502;
}
