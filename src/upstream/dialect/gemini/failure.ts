// Gemini's errors: `{error: {code, message, status, details}}`, now and then in a list.
import type { FailureKind } from '../../../contract/index.ts';
import type { NativeError } from '../dialect.ts';
import { isObject, listOf, text, type Fields } from '../parts.ts';

/** Ours to put right: key, account, region, model's name. */
const OURS =
  /API key|API_KEY|billing|not found for API version|location is not supported|is not supported for generateContent/i;

export function geminiFailure(body: unknown, status: number): NativeError | null {
  const one: unknown = Array.isArray(body) ? body[0] : body;
  const error = isObject(one) ? one['error'] : null;
  if (!isObject(error)) return null;
  const real = status >= 300 ? status : codeOf(error);
  const message = text(error['message']);
  const name = text(error['status']);
  return {
    status: real,
    kind: kindOf(real, name, `${message} ${reasonsOf(error)}`),
    message,
    type: real === 429 ? 'rate_limit_error' : real < 500 ? 'invalid_request_error' : 'server_error',
    code: name === '' ? null : name.toLowerCase(),
    retryAfterMs: retryOf(error),
  };
}

function codeOf({ code }: Fields): number {
  return typeof code === 'number' && code >= 400 && code <= 599 ? code : 502;
}

function kindOf(status: number, name: string, words: string): FailureKind | null {
  if (status === 404 || ((status === 400 || status === 403) && OURS.test(words))) return 'refused';
  if (status === 400 && name === 'FAILED_PRECONDITION') return 'refused';
  return null;
}

const reasonsOf = (error: Fields): string =>
  listOf(error['details'])
    .map((detail) => text(detail['reason']))
    .join(' ');

/** `google.rpc.RetryInfo`: `"retryDelay": "17.5s"`. */
function retryOf(error: Fields): number | null {
  const delay = listOf(error['details'])
    .map((detail) => text(detail['retryDelay']))
    .find((value) => value !== '');
  const seconds = delay === undefined ? Number.NaN : Number.parseFloat(delay);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
}
