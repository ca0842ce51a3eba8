// Is this body a chat request? If not, a 400 in OpenAI's manner that names the field.
import { chatRequestSchema, QuorumError, type ChatRequest } from '../contract/index.ts';

type Issue = NonNullable<ReturnType<typeof chatRequestSchema.safeParse>['error']>['issues'][number];
type Path = readonly PropertyKey[];

/**
 * The same value, checked; nothing is copied, so unknown fields and odd keys stay as they came.
 * Throws `invalid_value` with `param` such as `messages[0].role`, and `model_not_found` for a name that is longer than any.
 */
export function parseChatRequest(value: unknown): ChatRequest {
  if (isPlain(value)) return value;
  const result = chatRequestSchema.safeParse(value);
  if (result.success) return value as ChatRequest;
  throw refusal(value, result.error.issues[0]!, []);
}

const isShort = (value: unknown, most: number): boolean =>
  typeof value === 'string' && value.length > 0 && value.length <= most;
const isWithin = (value: unknown, most: number): boolean => typeof value === 'number' && value >= 0 && value <= most;
const isCount = (value: unknown): boolean => Number.isInteger(value) && (value as number) > 0 && isWithin(value, 1e8);

/** Whether it is a chat request by what most of them are made of, which spares them the schema. It says yes to nothing that the schema refuses. */
function isPlain(value: unknown): value is ChatRequest {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const body = value as Readonly<Record<string, unknown>>;
  for (const name in body) if (!isPlainField(name, body[name])) return false;
  return body['model'] !== undefined && body['messages'] !== undefined;
}

function isPlainField(name: string, value: unknown): boolean {
  switch (name) {
    case 'model':
      return isShort(value, 256);
    case 'messages':
      return Array.isArray(value) && value.length > 0 && value.every(isPlainMessage);
    case 'stream':
      return typeof value === 'boolean';
    case 'max_tokens':
    case 'max_completion_tokens':
      return isCount(value);
    case 'temperature':
      return isWithin(value, 2);
    case 'top_p':
      return isWithin(value, 1);
    case 'user':
      return isShort(value, 1024);
    default:
      return false;
  }
}

function isPlainMessage(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { role, content } = value as Readonly<Record<string, unknown>>;
  return typeof role === 'string' && role !== '' && typeof content === 'string';
}

function refusal(body: unknown, issue: Issue, above: Path): QuorumError {
  const path = [...above, ...issue.path];
  const deeper = issue.code === 'invalid_union' ? deepestOf(issue.errors) : null;
  if (deeper) return refusal(body, deeper, path);
  const param = nameOf(path);
  if (param === 'model' && issue.code === 'too_big')
    return new QuorumError('model_not_found', `No model's name is longer than ${issue.maximum} characters.`, { param });
  return new QuorumError('invalid_value', messageFor(issue, param, valueAt(body, path)), { param });
}

/** Of a union's complaints the one that got furthest into the value: the branch the caller meant. */
function deepestOf(branches: readonly (readonly Issue[])[]): Issue | null {
  return branches.map((issues) => issues[0]).find((issue) => issue !== undefined && issue.path.length > 0) ?? null;
}

function messageFor(issue: Issue, param: string | null, found: unknown): string {
  if (param === null) return `Invalid type for the request body: expected an object, but got ${kindOf(found)} instead.`;
  const got = `but got ${kindOf(found)} instead`;
  if (issue.code === 'invalid_type') {
    if (found === undefined) return `Missing required parameter: '${param}'.`;
    return `Invalid type for '${param}': expected ${NAMES[issue.expected] ?? issue.expected}, ${got}.`;
  }
  if (issue.code === 'invalid_union')
    return `Invalid type for '${param}': expected a string, an array of content parts or null, ${got}.`;
  if (issue.code === 'too_small') return outOfBounds(param, found, 'minimum', issue.minimum);
  if (issue.code === 'too_big') return outOfBounds(param, found, 'maximum', issue.maximum);
  return `Invalid value for '${param}': ${issue.message}.`;
}

function nameOf(path: Path): string | null {
  const name = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return name === '' ? null : name.replace(/^\./, '');
}

function valueAt(body: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], body);
}

function outOfBounds(param: string, found: unknown, side: 'minimum' | 'maximum', limit: number | bigint): string {
  const beyond = side === 'minimum' ? 'below' : 'above';
  if (typeof found === 'string') {
    return `Invalid '${param}': string ${beyond} ${side} length. Expected ${side} length ${limit}, but got length ${found.length} instead.`;
  }
  if (Array.isArray(found)) {
    return `Invalid '${param}': array ${beyond} ${side} length. Expected ${side} length ${limit}, but got length ${found.length} instead.`;
  }
  const sign = side === 'minimum' ? '>=' : '<=';
  return `Invalid '${param}': number ${beyond} ${side} value. Expected a value ${sign} ${limit}, but got ${String(found)} instead.`;
}

const NAMES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'an integer',
  boolean: 'a boolean',
  object: 'an object',
  record: 'an object',
  array: 'an array',
};

function kindOf(found: unknown): string {
  if (found === null) return 'null';
  if (Array.isArray(found)) return 'an array';
  if (typeof found === 'number') return Number.isInteger(found) ? 'an integer' : 'a decimal number';
  return NAMES[typeof found] ?? typeof found;
}
