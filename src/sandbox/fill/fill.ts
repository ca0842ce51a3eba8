// Fills a JSON schema from a text. Whatever the text says, the result is valid against the schema.
import { find, kindOf } from './find.ts';
import { fillBoolean, fillEnum, fillNumber, fillText, isThere, lastKey, thought, type Filling } from './scalar.ts';
import {
  admits,
  alternativesOf,
  conformNumber,
  conformText,
  propertiesOf,
  requiredOf,
  resolved,
  typesOf,
  type Json,
  type Schema,
} from './schema.ts';
import { recordsIn, seek } from './seek.ts';

export type { Filling } from './scalar.ts';

const MAX_DEPTH = 12;
const MAX_ITEMS = 50;
/** `minItems` beyond it is not met. */
const MAX_NEEDED_ITEMS = 1000;
/** Values in one answer. */
export const MAX_VALUES = 5000;

function fillObject(schema: Schema, filling: Filling, path: string, depth: number): Json {
  const properties = propertiesOf(schema);
  const required = new Set(requiredOf(schema));
  const result: Record<string, Json> = {};
  for (const [key, part] of Object.entries(properties)) {
    const at = path === '' ? key : `${path}.${key}`;
    if (required.has(key) || (depth < MAX_DEPTH && isThere(key, resolved(part, filling.root), filling)))
      put(result, key, fill(part, filling, at, depth + 1));
  }
  const free = schema['additionalProperties'];
  for (const key of required) {
    if (!Object.hasOwn(result, key))
      put(
        result,
        key,
        fill(typeof free === 'object' ? free : {}, filling, path === '' ? key : `${path}.${key}`, depth + 1),
      );
  }
  return result;
}

/** Also for the key `__proto__`, which plain assignment would swallow. */
function put(target: Record<string, Json>, key: string, value: Json): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

function fillArray(schema: Schema, filling: Filling, path: string, depth: number): Json[] {
  const fixed = Array.isArray(schema['prefixItems'])
    ? (schema['prefixItems'] as unknown[])
    : Array.isArray(schema['items'])
      ? (schema['items'] as unknown[])
      : [];
  const least = Math.min(typeof schema['minItems'] === 'number' ? schema['minItems'] : 0, MAX_NEEDED_ITEMS);
  const most = Math.min(
    typeof schema['maxItems'] === 'number' ? schema['maxItems'] : MAX_ITEMS,
    Math.max(MAX_ITEMS, least),
  );
  const rest = Array.isArray(schema['items']) ? schema['additionalItems'] : schema['items'];
  const items: Json[] = fixed.slice(0, most).map((part, index) => fill(part, filling, `${path}[${index}]`, depth + 1));
  if (rest === false) return items;
  const item = resolved(rest ?? {}, filling.root);
  const parts = depth >= MAX_DEPTH ? [] : partsFor(item, filling, path);
  for (const [index, text] of parts.entries()) {
    if (items.length >= most) break;
    items.push(fill(item, { ...filling, text }, `${path}[${index}]`, depth + 1));
  }
  const unique = schema['uniqueItems'] === true;
  const kept = unique ? [...new Map(items.map((each) => [JSON.stringify(each), each])).values()] : items;
  for (let index = 0; kept.length < least && index < least + 200; index++) {
    const more = unique
      ? another(item, index, filling, path, depth)
      : fill(item, filling, `${path}[${kept.length}]`, depth + 1);
    if (!unique || !kept.some((each) => JSON.stringify(each) === JSON.stringify(more))) kept.push(more);
  }
  return kept;
}

/** An item unlike the others, where all must differ. */
function another(item: Schema, index: number, filling: Filling, path: string, depth: number): Json {
  const list = item['enum'];
  if (Array.isArray(list)) return list[index % list.length] as Json;
  const types = typesOf(item);
  if (types.includes('integer') || types.includes('number')) {
    const low = [item['minimum'], item['exclusiveMinimum']].find((each) => typeof each === 'number') ?? 0;
    return conformNumber(
      low + (index + 1) * (typeof item['multipleOf'] === 'number' ? item['multipleOf'] : 1),
      item,
      types.includes('integer'),
    );
  }
  if (types.includes('boolean')) return index % 2 === 0;
  if (types.includes('string') && typeof item['pattern'] !== 'string' && typeof item['format'] !== 'string')
    return conformText(`${index + 1}`.padEnd(Number(item['minLength'] ?? 1), '_'), item);
  return fill(item, { ...filling, text: `item ${index + 1}` }, `${path}[${index}]`, depth + 1);
}

/** The pieces of text that one item each is filled from. */
function partsFor(item: Schema, filling: Filling, path: string): string[] {
  const [type] = typesOf(item);
  const list = item['enum'];
  if (Array.isArray(list))
    return list.filter(
      (each) => typeof each === 'string' && filling.text.toLowerCase().includes(each.toLowerCase()),
    ) as string[];
  if (type === 'object') {
    const keys = Object.entries(propertiesOf(item)).filter(([, part]) =>
      /string|number|integer/.test(String(typesOf(resolved(part, filling.root))[0])),
    );
    const speaks = (text: string): boolean =>
      keys.some(([key, part]) => seek(key, text, typesOf(resolved(part, filling.root))[0] !== 'string').length > 0);
    return recordsIn(filling.text).filter((text) => speaks(text) && !/\b(?:sub)?total\b/i.test(text));
  }
  const key = lastKey(path).replace(/ies$/, 'y').replace(/s$/, '');
  if (type === 'number' || type === 'integer') return find('number', filling.text);
  if (type !== 'string') return [];
  if (/step|reason/i.test(key)) return [thought(filling)];
  const found = seek(key, filling.text, false, typeof item['format'] === 'string' ? item['format'] : undefined);
  if (found.length > 0)
    return found.flatMap((each) => (each.includes(', ') && kindOf(key) === null ? each.split(', ') : [each]));
  return [];
}

/** One alternative of several: the one whose values the text speaks of, else the first that isn't null. */
function fillAlternative(options: readonly Schema[], filling: Filling, path: string, depth: number): Json {
  const isNull = (option: Schema): boolean => typesOf(option)[0] === 'null' || option['const'] === null;
  const real = options.filter((option) => !isNull(option));
  const nullable = real.length < options.length;
  if (real.length === 0) return null;
  if (nullable && (depth >= MAX_DEPTH || !real.some((option) => isThere(lastKey(path), option, filling)))) return null;
  const simple =
    depth >= MAX_DEPTH ? real.find((option) => !['object', 'array'].includes(typesOf(option)[0] ?? '')) : undefined;
  const spoken = real.find((option) => isThere(lastKey(path), option, filling));
  return fill(simple ?? spoken ?? real[0], filling, path, depth + 1);
}

/** A value for `schema`; `path` names the field, as in `items[0].price`. */
export function fill(part: unknown, filling: Filling, path = '', depth = 0): Json {
  if (depth > MAX_DEPTH * 3 || filling.room.left-- <= 0) return null;
  const schema = resolved(part, filling.root);
  if (schema['const'] !== undefined) return schema['const'] as Json;
  const alternatives = alternativesOf(schema, filling.root);
  if (alternatives) return fillAlternative(alternatives, filling, path, depth);
  const types = typesOf(schema);
  const nullable = types.length > 1 && types.includes('null');
  if (nullable && (depth > MAX_DEPTH || !isThere(lastKey(path), { ...schema, type: types[0] }, filling))) return null;
  if (Array.isArray(schema['enum'])) {
    const open = (schema['enum'] as Json[]).filter((each) => admits({ ...schema, enum: undefined }, each));
    return fillEnum(open.length > 0 ? open : (schema['enum'] as Json[]), filling, path);
  }
  switch (types[0]) {
    case 'object':
      return fillObject(schema, filling, path, depth);
    case 'array':
      return fillArray(schema, filling, path, depth);
    case 'number':
    case 'integer':
      return fillNumber(schema, filling, path, types[0] === 'integer');
    case 'boolean':
      return fillBoolean(filling, path);
    case 'null':
      return null;
    case undefined:
    default:
      return fillText(schema, filling, path);
  }
}
