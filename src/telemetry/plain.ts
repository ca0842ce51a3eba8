// What a line of the log tells of a value: enough to understand, never a prompt, a body or a secret.

const LONGEST_TEXT = 2_000;
const LONGEST_NAME = 100;
const LINE_CHARACTERS = 16_000;
const DEEPEST = 4;
const MOST_ITEMS = 50;

const SECRET_FIELD =
  /^(?:x[-_])?(?:api[-_]?key|(?:proxy[-_])?authorization|(?:set[-_])?cookie|password|passwd|secret|(?:client|webhook)[-_]?secret|(?:access|refresh|auth|bearer)?[-_]?token|(?:admin|private|master|virtual)[-_]?key)$/i;
/** What people and models wrote. */
const PROMPT_FIELD = /^(?:messages|prompt|content|input|body|completion|choices|arguments)$/i;

/** Any value as plain data for the log, bounded in size and depth. Secrets and prompts are known by their fields' names. */
export function plainOf(value: unknown): unknown {
  return plain(value, { depth: 0, room: { characters: LINE_CHARACTERS } });
}

/** `room` is shared by the whole value, `depth` is the part's own. */
interface Place {
  readonly depth: number;
  readonly room: { characters: number };
}

function plain(value: unknown, place: Place): unknown {
  place.room.characters -= typeof value === 'string' ? Math.min(value.length, LONGEST_TEXT) : 8;
  if (place.room.characters < 0) return '[more]';
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
      return value === null ? null : plainObject(value, place);
    default:
      return null;
  }
}

function plainObject(value: object, place: Place): unknown {
  if (value instanceof Error) return plainError(value, place);
  if (place.depth >= DEEPEST) return '[more]';
  const inside = { ...place, depth: place.depth + 1 };
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.slice(0, MOST_ITEMS).map((item) => plain(item, inside));
  if ('toJSON' in value && typeof value.toJSON === 'function')
    return plain((value as { toJSON(): unknown }).toJSON(), inside);
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return Object.fromEntries(
    entries
      .slice(0, MOST_ITEMS)
      .map(([key, field]) => [
        String(key).slice(0, LONGEST_NAME),
        plainField(String(key).slice(0, LONGEST_NAME), field, inside),
      ]),
  );
}

function plainField(key: string, value: unknown, place: Place): unknown {
  if (value === null || value === undefined || typeof value === 'number' || typeof value === 'boolean') return value;
  if (SECRET_FIELD.test(key)) return '***';
  if (PROMPT_FIELD.test(key)) return '[left out]';
  return plain(value, place);
}

/** Never an error's own fields: they may hold bodies and headers. */
function plainError(error: Error, place: Place): unknown {
  const { code, status, kind } = error as { code?: unknown; status?: unknown; kind?: unknown };
  const short = (field: unknown): unknown =>
    typeof field === 'string' || typeof field === 'number' ? field : undefined;
  return {
    name: error.name,
    message: plain(error.message, place),
    code: short(code),
    status: short(status),
    kind: short(kind),
    stack: plain(error.stack, place),
    cause:
      error.cause === undefined || place.depth >= DEEPEST
        ? undefined
        : plain(error.cause, { ...place, depth: place.depth + 1 }),
  };
}
