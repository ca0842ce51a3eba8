// Anthropic's errors: `{type: "error", error: {type, message}}`, under a status or as an event of a stream.
import type { NativeError } from '../dialect.ts';
import { isObject, text } from '../parts.ts';

/** Anthropic, "Errors": HTTP errors. */
const STATUS: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  conflict_error: 409,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
};
const NO_MONEY = /credit balance is too low|usage limits|billing/i;

export function anthropicFailure(body: unknown, status: number): NativeError | null {
  const error = isObject(body) && body['type'] === 'error' ? body['error'] : null;
  if (!isObject(error)) return null;
  const type = text(error['type']);
  const message = text(error['message']);
  const real = status >= 300 ? status : (STATUS[type] ?? 502);
  const ours = real === 404 || (real === 400 && NO_MONEY.test(message));
  return { status: real, kind: ours ? 'refused' : null, message, type, code: type || null, retryAfterMs: null };
}
