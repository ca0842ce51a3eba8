// Reading JSON schemas: references, nullability, alternatives, and bringing a value into what a schema allows.
import { isTame, matching } from './pattern.ts';
import { isoDate } from './find.ts';

export type Schema = Readonly<Record<string, unknown>>;
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const limit = (schema: Schema, key: string): number | undefined =>
  typeof schema[key] === 'number' ? schema[key] : undefined;

/** Follows `$ref` within the document and folds `allOf` in. */
export function resolved(schema: unknown, root: Schema, hops = 0): Schema {
  if (!isSchema(schema) || hops > 30) return {};
  const { $ref: reference, allOf, ...own } = schema;
  let merged: Schema = own;
  if (typeof reference === 'string') {
    const steps = reference.replace(/^#\/?/, '').split('/').filter(Boolean);
    const target = steps.reduce<unknown>((at, step) => {
      const key = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
      return isSchema(at) && Object.hasOwn(at, key) ? at[key] : undefined;
    }, root);
    merged = { ...resolved(target, root, hops + 1), ...own };
  }
  for (const part of Array.isArray(allOf) ? allOf : []) merged = both(merged, resolved(part, root, hops + 1));
  return merged;
}

function both(left: Schema, right: Schema): Schema {
  const joined: Record<string, unknown> = { ...left, ...right };
  if (isSchema(left['properties']) && isSchema(right['properties']))
    joined['properties'] = { ...left['properties'], ...right['properties'] };
  if (Array.isArray(left['required']) && Array.isArray(right['required'])) {
    joined['required'] = [...new Set([...(left['required'] as unknown[]), ...(right['required'] as unknown[])])];
  }
  return joined;
}

/** Types that the schema allows, the first that isn't null in front. */
export function typesOf(schema: Schema): string[] {
  const { type } = schema;
  if (Array.isArray(type)) return (type as string[]).toSorted((a, b) => Number(a === 'null') - Number(b === 'null'));
  if (typeof type === 'string') return [type];
  if (isSchema(schema['properties']) || isSchema(schema['additionalProperties'])) return ['object'];
  if (schema['items'] !== undefined || schema['prefixItems'] !== undefined) return ['array'];
  return [];
}

export function alternativesOf(schema: Schema, root: Schema): Schema[] | null {
  const list = schema['anyOf'] ?? schema['oneOf'];
  if (!Array.isArray(list) || list.length === 0) return null;
  const { anyOf: _any, oneOf: _one, ...rest } = schema;
  return list.map((part) => both(rest, resolved(part, root)));
}

export const propertiesOf = (schema: Schema): Readonly<Record<string, unknown>> =>
  isSchema(schema['properties']) ? schema['properties'] : {};

export const requiredOf = (schema: Schema): string[] =>
  Array.isArray(schema['required']) ? (schema['required'] as unknown[]).filter((key) => typeof key === 'string') : [];

/** `minLength` beyond it is not met. */
const MAX_LENGTH = 100_000;

const FORMATS: Readonly<Record<string, (text: string) => string>> = {
  email: (text) => (/^[\w.+-]+@[\w-]+(?:\.[\w-]+)+$/.test(text) ? text : 'unknown@example.com'),
  date: (text) => isoDate(text) ?? '1970-01-01',
  'date-time': (text) =>
    /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/.test(text)
      ? text
      : `${isoDate(text) ?? '1970-01-01'}T00:00:00Z`,
  time: (text) => clockTime(text),
  duration: (text) => (/^P(?=.)/.test(text) ? text : `PT${/\d+/.exec(text)?.[0] ?? '0'}M`),
  uri: (text) => (/^[a-z][a-z+.-]*:\/\/[^\s<>"{}|\\^`]+$/i.test(text) ? text : `https://example.com`),
  uuid: (text) =>
    /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text) ? text : '00000000-0000-4000-8000-000000000000',
  ipv4: (text) => (/^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.|$)){4}$/.test(text) ? text : '192.0.2.1'),
  ipv6: (text) => (/^[\da-f:]+:[\da-f:]+$/i.test(text) ? text : '2001:db8::1'),
  hostname: (text) => (/^(?=.{1,253}$)[a-z\d](?:[a-z\d-]*[a-z\d])?(?:\.[a-z\d]+)*$/i.test(text) ? text : 'example.com'),
};

function clockTime(text: string): string {
  const match = /(\d{1,2})(?::(\d{2}))?(?::(\d{2}))?\s*([ap])?/i.exec(text);
  const hour = (Number(match?.[1] ?? 0) % 24) + (match?.[4]?.toLowerCase() === 'p' && Number(match[1]) < 12 ? 12 : 0);
  return `${String(hour).padStart(2, '0')}:${match?.[2] ?? '00'}:${match?.[3] ?? '00'}Z`;
}

/** The nearest text that the schema allows. */
export function conformText(text: string, schema: Schema): string {
  const { format, pattern } = schema;
  const least = Math.min(limit(schema, 'minLength') ?? 0, MAX_LENGTH);
  const most = limit(schema, 'maxLength') ?? Infinity;
  if (typeof pattern === 'string') {
    if (isTame(pattern) && text.length <= 200 && text.length >= least && text.length <= most && matches(pattern, text))
      return text;
    const piece = isTame(pattern)
      ? text.split(/\s+/).find((word) => word.length >= least && word.length <= most && matches(pattern, word))
      : undefined;
    return piece ?? matching(pattern, least, most) ?? text;
  }
  const shaped = typeof format === 'string' && Object.hasOwn(FORMATS, format) ? FORMATS[format]!(text) : text;
  const points = Array.from(shaped);
  if (points.length > most) return points.slice(0, most).join('');
  return points.length < least ? shaped + 'x'.repeat(least - points.length) : shaped;
}

function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(text);
  } catch {
    return true;
  }
}

/** The nearest number that the schema allows. */
export function conformNumber(value: number, schema: Schema, whole: boolean): number {
  const given = limit(schema, 'multipleOf');
  const step = given !== undefined && given > 0 ? given : whole ? 1 : undefined;
  const nudge = step ?? 1e-6;
  const exclusiveLow = limit(schema, 'exclusiveMinimum');
  const exclusiveHigh = limit(schema, 'exclusiveMaximum');
  const low = Math.max(
    limit(schema, 'minimum') ?? -Infinity,
    exclusiveLow === undefined ? -Infinity : exclusiveLow + nudge,
  );
  const high = Math.min(
    limit(schema, 'maximum') ?? Infinity,
    exclusiveHigh === undefined ? Infinity : exclusiveHigh - nudge,
  );
  const within = Math.min(Math.max(value, low), high);
  if (step === undefined) return within;
  const near = Math.round(within / step) * step;
  const stepped = near < low ? Math.ceil(low / step) * step : near > high ? Math.floor(high / step) * step : near;
  return whole ? Math.round(stepped) : Number(stepped.toPrecision(15));
}

/** Whether a small choice of keywords rules the value out; for picking among alternatives. */
export function admits(schema: Schema, value: Json): boolean {
  const { const: only, enum: list } = schema;
  if (only !== undefined) return JSON.stringify(only) === JSON.stringify(value);
  if (Array.isArray(list)) return list.some((each) => JSON.stringify(each) === JSON.stringify(value));
  const types = typesOf(schema);
  const kind = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  return (
    types.length === 0 ||
    types.includes(kind) ||
    (kind === 'number' && types.includes('integer') && Number.isInteger(value))
  );
}
