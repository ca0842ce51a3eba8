// JSON schemas with the same meaning in fewer characters: annotations that say nothing, keywords that constrain nothing, definitions nobody uses.
import { shortDescription } from './description.ts';

interface SchemaLimits {
  /** Characters a description may have before sentences that don't bind are left out. */
  readonly mostDescription: number;
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const OF_NAMES: ReadonlySet<string> = new Set([
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
]);
const OF_ONE: ReadonlySet<string> = new Set([
  'items',
  'additionalItems',
  'additionalProperties',
  'contains',
  'propertyNames',
  'not',
  'if',
  'then',
  'else',
  'unevaluatedItems',
  'unevaluatedProperties',
]);
const OF_MANY: ReadonlySet<string> = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems', 'items']);

/** Keywords with which leaving others out could change what is valid, or what a reference finds. */
const DELICATE =
  /"(?:unevaluatedProperties|unevaluatedItems|\$dynamicRef|\$recursiveRef|\$anchor|\$dynamicAnchor|\$id|id|minContains)":/;
/** Keywords that other drafts read otherwise. */
const DRAFTED = /"(?:dependencies|additionalItems|definitions|\$recursiveRef)":|"items":\[/;

/** What a generator takes from the program: the name of a class. */
const IDENTIFIER = /^\w+$/;

/** Same instances valid, property for property in the same order. A schema that isn't an object is given back as it is. */
export function slimSchema(schema: unknown, limits: SchemaLimits): unknown {
  if (!isFields(schema)) return schema;
  const text = JSON.stringify(schema);
  const delicate = DELICATE.test(text);
  const slimmed = slimOne(schema, null, limits, delicate);
  const root = Object.fromEntries(
    Object.entries(slimmed).filter(([keyword, value]) => {
      if (keyword === '$schema') return delicate || DRAFTED.test(text);
      return keyword !== 'title' || typeof value !== 'string' || !IDENTIFIER.test(value);
    }),
  );
  return delicate || hasPointers(text) ? root : withoutUnused(root);
}

function slimOne(schema: Fields, name: string | null, limits: SchemaLimits, delicate: boolean): Fields {
  const out: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (!delicate && isIdle(keyword, value)) continue;
    if (keyword === '$comment' && typeof value === 'string') continue;
    if (keyword === 'title' && typeof value === 'string' && isRestated(value, name)) continue;
    if (keyword === 'description' && typeof value === 'string') {
      const short = shortDescription(value, name, limits.mostDescription);
      if (short !== '') out[keyword] = short;
      continue;
    }
    out[keyword] = below(keyword, value, limits, delicate, name);
  }
  return out;
}

function below(keyword: string, value: unknown, limits: SchemaLimits, delicate: boolean, name: string | null): unknown {
  if (OF_NAMES.has(keyword) && isFields(value)) {
    const named = keyword === 'properties' || keyword === '$defs' || keyword === 'definitions';
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [
        key,
        isFields(each) ? slimOne(each, named ? key : null, limits, delicate) : each,
      ]),
    );
  }
  if (OF_MANY.has(keyword) && Array.isArray(value))
    return value.map((each: unknown) => (isFields(each) ? slimOne(each, null, limits, delicate) : each));
  if (OF_ONE.has(keyword) && isFields(value))
    return slimOne(value, keyword === 'items' ? name : null, limits, delicate);
  return value;
}

/** Keywords that allow what is allowed anyway. */
function isIdle(keyword: string, value: unknown): boolean {
  switch (keyword) {
    case 'required':
      return Array.isArray(value) && value.length === 0;
    case 'minItems':
    case 'minLength':
    case 'minProperties':
      return value === 0;
    case 'uniqueItems':
    case 'deprecated':
    case 'readOnly':
    case 'writeOnly':
      return value === false;
    case 'additionalProperties':
      return value === true;
    case 'description':
      return value === '';
    default:
      return false;
  }
}

const plain = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');

/** Generators give every field its own name as title, and the root the class's. */
const isRestated = (title: string, name: string | null): boolean => name !== null && plain(title) === plain(name);

/** References to something else than a definition or the whole. */
const hasPointers = (text: string): boolean =>
  [...text.matchAll(/"\$ref":"([^"]*)"/g)].some(
    ([, target]) => !/^#$|^#\/(?:\$defs|definitions)\/[^/]+$/.test(target!),
  );

/** Without the definitions that nothing leads to. */
function withoutUnused(schema: Fields): Fields {
  const used = new Set<string>();
  const look = (value: unknown): void => {
    for (const [, key] of JSON.stringify(value ?? null).matchAll(/"\$ref":"#\/((?:\$defs|definitions)\/[^"/]+)"/g)) {
      if (used.has(key!)) continue;
      used.add(key!);
      const [kind, name] = key!.split('/') as [string, string];
      const table = schema[kind];
      look(isFields(table) ? table[decoded(name)] : null);
    }
  };
  const { $defs, definitions, ...rest } = schema;
  look(rest);
  const kept = (kind: string, table: unknown): unknown => {
    if (!isFields(table)) return table;
    const left = Object.entries(table).filter(([name]) =>
      [...used].some((key) => key.startsWith(`${kind}/`) && decoded(key.slice(kind.length + 1)) === name),
    );
    return left.length === 0 ? undefined : Object.fromEntries(left);
  };
  const tables: Readonly<Record<string, unknown>> = {
    $defs: kept('$defs', $defs),
    definitions: kept('definitions', definitions),
  };
  return Object.fromEntries(
    Object.entries(schema).flatMap(([keyword, value]) => {
      const now = Object.hasOwn(tables, keyword) ? tables[keyword] : value;
      return now === undefined ? [] : [[keyword, now]];
    }),
  );
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    return name;
  }
}
