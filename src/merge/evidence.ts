// What speaks for a tool's argument besides who gave it: the tool's schema and the words of the request.
import type { ChatRequest } from '../contract/index.ts';
import { isList, isObject, JsonNumber } from './json.ts';
import type { Json } from './json.ts';
import { promptOf } from './request.ts';
import type { PropertySchema, Tool } from './request.ts';
import type { Call } from './reading.ts';
import { loosely } from './text.ts';

interface Evidence {
  /** Multiplies the odds of those who give this value. */
  value(name: string, value: Json): number;
  /** Multiplies the odds of those who give an optional argument at all, against those who leave it out. */
  given(name: string, value: Json): number;
}

const MISFIT = 0.2;
const MAX_ITEMS = 1_000;

/** `5 %` given as 5 where the schema takes any number and doesn't speak of percent. */
const AS_IS = 0.2;

/** The request's words decide between values that equally many give; they don't outvote two that agree. */
export function evidenceFor(request: ChatRequest, tool: Tool | undefined): Evidence {
  const closed = tool !== undefined && Object.keys(tool.properties).length > 0;
  return {
    value(name, value) {
      const property = tool?.properties[name];
      if (property === undefined) return closed ? MISFIT : 1;
      if (!fits(value, property)) return MISFIT;
      if (isPercentAsIs(value, property, request)) return AS_IS;
      return 0.7 + 0.3 * (founded(value, property, request) ?? 1) - 0.3 * redundancy(name, value, property);
    },
    given(name, value) {
      const property = tool?.properties[name];
      if (property === undefined) return closed ? MISFIT : 1;
      if (value === true || Array.isArray(property.enum)) return 2;
      const share = founded(value, property, request);
      return share === null ? 1 : 0.7 + 1.3 * share;
    },
  };
}

/** Share of words that only repeat what the argument is called: `luxury room` as a room type. */
function redundancy(name: string, value: Json, property: PropertySchema): number {
  if (typeof value !== 'string' || value.length > 200 || Array.isArray(property.enum)) return 0;
  const parts = loosely(value).split(' ');
  if (parts.length < 2) return 0;
  const own = new Set(loosely(name.replace(/([a-z])([A-Z])/g, '$1 $2')).split(' '));
  return parts.filter((part) => own.has(part) || own.has(part.replace(/s$/, ''))).length / parts.length;
}

function isOf(value: Json, type: string): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string';
    case 'integer':
      return value instanceof JsonNumber && Number.isInteger(value.value);
    case 'number':
      return value instanceof JsonNumber;
    case 'boolean':
      return typeof value === 'boolean';
    case 'array':
      return isList(value);
    case 'object':
      return isObject(value);
    case 'null':
      return value === null;
    default:
      return true;
  }
}

/** The declared type and the allowed values; the whole schema is checked on the merged call. */
function fits(value: Json, property: PropertySchema): boolean {
  const types: readonly unknown[] = Array.isArray(property.type)
    ? property.type
    : property.type === undefined
      ? []
      : [property.type];
  if (types.length > 0 && !types.some((type) => typeof type === 'string' && isOf(value, type))) return false;
  const plain = value instanceof JsonNumber ? value.value : value;
  if (Array.isArray(property.enum) && !property.enum.includes(plain)) return false;
  const items = property.items;
  if (!isList(value) || typeof items !== 'object' || items === null || value.length > MAX_ITEMS) return true;
  return value.every((item) => fits(item, items as PropertySchema));
}

/** Words and numbers of the request, to look values up in. */
interface Words {
  readonly text: string;
  readonly numbers: ReadonlySet<string>;
  /** Those with a percent sign, as they stand. */
  readonly percents: ReadonlySet<string>;
}

const plainNumber = (value: number): string => String(Number(value.toPrecision(12)));

const words = new WeakMap<ChatRequest, Words>();

function wordsOf(request: ChatRequest): Words {
  let known = words.get(request);
  if (known === undefined) {
    const prompt = promptOf(request);
    const flat = prompt.replace(/(\d),(?=\d{3})/g, '$1');
    const numbers = new Set([...flat.matchAll(/\d+(?:\.\d+)?/g)].map(([digits]) => plainNumber(Number(digits))));
    const percents = new Set(
      [...flat.matchAll(/(\d+(?:\.\d+)?)\s*(?:%|percent\b|per cent\b)/gi)].map((found) =>
        plainNumber(Number(found[1])),
      ),
    );
    words.set(request, (known = { text: ` ${loosely(prompt)} `, numbers, percents }));
  }
  return known;
}

/** How much of a value the request itself says, 0-1; null where that tells nothing: yes or no, one of a few, nothing at all. */
function founded(value: Json, property: PropertySchema | undefined, request: ChatRequest): number | null {
  if (value === null || typeof value === 'boolean' || Array.isArray(property?.enum)) return null;
  const known = wordsOf(request);
  if (value instanceof JsonNumber) return numberFounded(Math.abs(value.value), property, known);
  if (typeof value === 'string') return inText(value, known);
  const parts = isList(value) ? value : [...value.values()];
  const found = parts
    .slice(0, MAX_ITEMS)
    .map((part) => founded(part, undefined, request))
    .filter((share) => share !== null);
  return found.length === 0 ? null : found.reduce((sum, share) => sum + share, 0) / found.length;
}

/** `5 %` is 0.05 for a rate that takes fractions, unless the schema speaks of percent. */
function numberFounded(value: number, property: PropertySchema | undefined, known: Words): number {
  const own = known.numbers.has(plainNumber(value));
  const fraction = takesFractions(property);
  if (fraction && known.percents.has(plainNumber(value * 100))) return 1;
  return own ? (fraction && known.percents.has(plainNumber(value)) ? 0.4 : 1) : 0;
}

function isPercentAsIs(value: Json, property: PropertySchema, request: ChatRequest): boolean {
  if (!(value instanceof JsonNumber) || !takesFractions(property)) return false;
  const { percents } = wordsOf(request);
  return percents.has(plainNumber(value.value)) && !percents.has(plainNumber(value.value * 100));
}

const takesFractions = (property: PropertySchema | undefined): boolean =>
  property?.type === 'number' && !(typeof property.description === 'string' && /percent|%/i.test(property.description));

function inText(value: string, known: Words): number | null {
  const text = loosely(value);
  if (text === '') return null;
  if (known.text.includes(` ${text} `) || (text.length > 3 && known.text.includes(text))) return 1;
  const parts = text.split(' ');
  return parts.filter((part) => known.text.includes(` ${part} `) || known.numbers.has(part)).length / parts.length;
}

/** Share of a call's arguments that the request speaks of; 1 when it has none that could be. */
export function foundedShare(call: Call, tool: Tool | undefined, request: ChatRequest): number {
  const shares = [...(call.arguments ?? [])]
    .filter(([name]) => tool?.required.has(name) ?? true)
    .map(([name, value]) => founded(value, tool?.properties[name], request))
    .filter((share) => share !== null);
  return shares.length === 0 ? 1 : shares.reduce((sum, share) => sum + share, 0) / shares.length;
}
