// JSON Schemas cut down to what a provider's constrained decoding knows. What is left out is told in words.
import { isObject, text, type Fields } from './parts.ts';

interface Subset {
  readonly keeps: ReadonlySet<string>;
  /** Every object says that it has no further properties. */
  readonly closed: boolean;
}

/** Anthropic, "Structured outputs": JSON Schema limitations. */
const ANTHROPIC: Subset = {
  keeps: new Set([
    'type',
    'title',
    'description',
    'enum',
    'const',
    'default',
    '$ref',
    'required',
    'format',
    'minItems',
  ]),
  closed: true,
};
/** Gemini API, "Structured output": JSON Schema support. */
const GEMINI: Subset = {
  keeps: new Set(
    'type title description enum format $ref $id $anchor required propertyOrdering minItems maxItems minimum maximum'.split(
      ' ',
    ),
  ),
  closed: false,
};
const FORMATS = new Set(['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'uri', 'ipv4', 'ipv6', 'uuid']);
/** Rules that the model is at least told of. */
const TOLD =
  'minLength maxLength pattern format minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minItems maxItems uniqueItems minProperties maxProperties'.split(
    ' ',
  );
const MOST_DEPTH = 100;

class Inexpressible extends Error {}

/** Null when the schema can't be said: recursion, free maps, references to elsewhere. */
export function closedSchema(schema: Fields): Fields | null {
  try {
    if (isRecursive(schema)) return null;
    return cut(schema, ANTHROPIC, 0);
  } catch (thrown) {
    if (thrown instanceof Inexpressible) return null;
    throw thrown;
  }
}

/** Never fails: what isn't known or lies too deep is left out. */
export const geminiSchema = (schema: Fields): Fields => cut(schema, GEMINI, 0);

function cut(schema: Fields, subset: Subset, depth: number): Fields {
  if (depth > MOST_DEPTH) {
    if (subset.closed) throw new Inexpressible();
    return {};
  }
  const whole = flattened(schema, depth);
  const out: Record<string, unknown> = {};
  const below = (value: unknown): unknown => (isObject(value) ? cut(value, subset, depth + 1) : value);
  for (const [key, value] of Object.entries(whole)) {
    if (key === 'properties' || key === '$defs' || key === 'definitions')
      out[key === 'definitions' ? '$defs' : key] = each(value, below);
    else if (key === 'items') out[key] = below(value);
    else if (key === 'anyOf' || key === 'oneOf' || key === 'prefixItems')
      out[key === 'oneOf' ? 'anyOf' : key] = Array.isArray(value) ? value.map(below) : value;
    else if (key === 'additionalProperties' && !subset.closed) out[key] = below(value);
    else if (subset.keeps.has(key)) out[key] = value;
  }
  if (text(out['$ref']) !== '') out['$ref'] = text(out['$ref']).replace('#/definitions/', '#/$defs/');
  if (subset.closed) close(out);
  else if (whole['const'] !== undefined) out['enum'] = [whole['const']];
  tell(whole, out);
  return out;
}

const each = (table: unknown, below: (value: unknown) => unknown): unknown =>
  isObject(table) ? Object.fromEntries(Object.entries(table).map(([key, value]) => [key, below(value)])) : table;

/** `allOf` of objects as one object, since neither side takes it everywhere. What stands outside of it wins. */
function flattened(schema: Fields, depth: number): Fields {
  const parts = schema['allOf'];
  if (!Array.isArray(parts) || depth > MOST_DEPTH) return schema;
  const { allOf: _, ...own } = schema;
  const ones = parts.filter(isObject).map((part) => flattened(part, depth + 1));
  const all = [own, ...ones];
  const required = new Set(all.flatMap((one) => list(one['required'])));
  const properties = Object.fromEntries(
    all.flatMap(({ properties: some }) => (isObject(some) ? Object.entries(some) : [])),
  );
  const rest = Object.fromEntries(all.toReversed().flatMap((one) => Object.entries(one)));
  return {
    ...rest,
    ...(required.size > 0 && { required: [...required] }),
    ...(Object.keys(properties).length > 0 && { properties }),
  };
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function close(out: Record<string, unknown>): void {
  if (text(out['$ref']) !== '' && !text(out['$ref']).startsWith('#/')) throw new Inexpressible();
  if (list(out['enum']).some((value) => typeof value === 'object' && value !== null)) throw new Inexpressible();
  const isTable = out['type'] === 'object' || list(out['type']).includes('object') || out['properties'] !== undefined;
  if (isTable) {
    if (!isObject(out['properties']) || Object.keys(out['properties']).length === 0) throw new Inexpressible();
    out['additionalProperties'] = false;
  }
  if (out['minItems'] !== undefined && out['minItems'] !== 0 && out['minItems'] !== 1) delete out['minItems'];
  if (out['format'] !== undefined && !FORMATS.has(text(out['format']))) delete out['format'];
  const says = ['type', 'enum', 'const', '$ref', 'anyOf'].some((key) => out[key] !== undefined);
  if (!says) throw new Inexpressible();
}

function tell(schema: Fields, out: Record<string, unknown>): void {
  const rules = TOLD.filter((key) => schema[key] !== undefined && out[key] === undefined);
  if (rules.length === 0) return;
  const words = rules.map((key) => `${key}: ${JSON.stringify(schema[key])}`).join(', ');
  out['description'] = [text(out['description']), `(${words})`].filter(Boolean).join(' ');
}

/** Whether a definition leads back to itself. */
function isRecursive(schema: Fields): boolean {
  const tables = ['$defs', 'definitions'].map((key) => (isObject(schema[key]) ? schema[key] : {}));
  const named = new Map<string, unknown>(
    tables.flatMap((table, at) =>
      Object.entries(table).map(([name, value]) => [`#/${at === 0 ? '$defs' : 'definitions'}/${name}`, value] as const),
    ),
  );
  const done = new Set<string>();
  const leadsBack = (value: unknown, path: ReadonlySet<string>, depth: number): boolean => {
    if (depth > MOST_DEPTH) return true;
    if (Array.isArray(value)) return value.some((one) => leadsBack(one, path, depth + 1));
    if (!isObject(value)) return false;
    const ref = value['$ref'];
    if (typeof ref === 'string') {
      if (path.has(ref) || ref === '#') return true;
      if (!done.has(ref) && leadsBack(named.get(ref), new Set([...path, ref]), depth + 1)) return true;
      done.add(ref);
    }
    return Object.entries(value).some(
      ([key, one]) => key !== '$defs' && key !== 'definitions' && leadsBack(one, path, depth + 1),
    );
  };
  return leadsBack(schema, new Set(), 0);
}
