// Keeps keys, passwords and prompts out of the log, wherever they turn up.
import type { Secret } from '../contract/index.ts';

export interface Redactor {
  /** The line without what looks like a secret, and without control characters. JSON stays JSON. */
  line(text: string): string;
  /** A field's value as plain data, bounded in size and depth; secrets by their field's name are gone. */
  value(value: unknown): unknown;
  /** From now on this value is hidden wherever it stands, whatever it looks like. */
  hide(secret: Secret): void;
}

const MASK = '***';
const LONGEST_TEXT = 2_000;
const DEEPEST = 4;
const MOST_ITEMS = 50;

const SECRET_FIELD =
  /^(?:x[-_])?(?:api[-_]?key|(?:proxy[-_])?authorization|(?:set[-_])?cookie|password|passwd|secret|(?:client|webhook)[-_]?secret|(?:access|refresh|auth|bearer)?[-_]?token|(?:admin|private|master|virtual)[-_]?key)$/i;
/** What people and models wrote. */
const PROMPT_FIELD = /^(?:messages|prompt|content|input|body|completion|choices|arguments)$/i;

// Unescaped quotes never match, so a pattern stays inside one text of the line.
const LOOKS_SECRET = [
  /\b(?:sk|pk|rk|gsk|xai|hf|ghp|pplx|tgp|nvapi|whsec)[-_][\w-]{8,}/, // provider keys by their prefixes
  /\bAIza[\w-]{20,}|\bAKIA[0-9A-Z]{12,}/, // Google, AWS
  /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/, // JSON web tokens
  /(?<=\b(?:bearer|basic)\s+)[\w.~+/=-]{6,}/i,
  /(?<=\b(?:api[-_]?key|access[-_]?token|authorization|password|passwd|secret)(?:\\"|')?\s*[:=]\s*(?:\\"|')?)[^\s"'\\,;&}*]{4,}/i,
  /(?<=[?&](?:key|token|sig|signature)=)[^\s"'\\&]{4,}/i,
  /(?<=:\/\/[^\s/:@"'\\]{0,64}:)[^\s/@"'\\]+(?=@)/, // a password in a URL
];
/** One of these stands in every text that could match, so that most lines pay for this search alone. */
const WORTH_A_LOOK =
  /[ks]k[-_]|xai-|hf_|ghp_|pplx|tgp_|nvapi|whsec|AIza|AKIA|eyJ|bearer|basic|key|token|authorization|passw|secret|[?&]sig|:\/\//i;
// Control characters other than JSON's own escapes, and Unicode's line ends: they forge lines and steer terminals.
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

export function createRedactor(): Redactor {
  const flags = 'gi';
  const looks = LOOKS_SECRET.map((pattern) => new RegExp(pattern.source, pattern.flags.includes('i') ? flags : 'g'));
  const hidden = new Set<string>();
  let known: RegExp | null = null;

  function line(text: string): string {
    let clean = known === null ? text : text.replace(known, MASK);
    if (WORTH_A_LOOK.test(clean)) for (const look of looks) clean = clean.replace(look, MASK);
    return clean.replace(CONTROL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  }

  return {
    line,
    value: (value) => plain(value, 0),
    hide: (secret) => {
      const value = secret.reveal();
      if (value.length < 6) return;
      hidden.add(value).add(JSON.stringify(value).slice(1, -1));
      const longestFirst = [...hidden].sort((a, b) => b.length - a.length);
      known = new RegExp(
        longestFirst.map((text) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`)).join('|'),
        'g',
      );
    },
  };
}

function plain(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      return value.length > LONGEST_TEXT ? `${value.slice(0, LONGEST_TEXT)}… (${value.length} characters)` : value;
    case 'number':
    case 'boolean':
    case 'undefined':
      return value;
    case 'bigint':
    case 'symbol':
      return String(value);
    case 'function':
      return '[function]';
    case 'object':
      return value === null ? null : plainObject(value, depth);
    default:
      return null;
  }
}

function plainObject(value: object, depth: number): unknown {
  if (value instanceof Error) return plainError(value, depth);
  if (depth >= DEEPEST) return '[more]';
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.slice(0, MOST_ITEMS).map((item) => plain(item, depth + 1));
  if ('toJSON' in value && typeof value.toJSON === 'function')
    return plain((value as { toJSON(): unknown }).toJSON(), depth + 1);
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return Object.fromEntries(
    entries.slice(0, MOST_ITEMS).map(([key, field]) => [String(key), plainField(String(key), field, depth + 1)]),
  );
}

function plainField(key: string, value: unknown, depth: number): unknown {
  if (value === null || value === undefined || typeof value === 'number' || typeof value === 'boolean') return value;
  if (SECRET_FIELD.test(key)) return MASK;
  if (PROMPT_FIELD.test(key)) return '[left out]';
  return plain(value, depth);
}

/** Never an error's own fields: they may hold bodies and headers. */
function plainError(error: Error, depth: number): unknown {
  const { code, status, kind } = error as { code?: unknown; status?: unknown; kind?: unknown };
  const short = (field: unknown): unknown =>
    typeof field === 'string' || typeof field === 'number' ? field : undefined;
  return {
    name: error.name,
    message: plain(error.message, depth),
    code: short(code),
    status: short(status),
    kind: short(kind),
    stack: plain(error.stack, depth),
    cause: error.cause === undefined || depth >= DEEPEST ? undefined : plain(error.cause, depth + 1),
  };
}
