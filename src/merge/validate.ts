// The validators that a task declares, run over an answer. What isn't there is only `required`'s concern.
import type { Validator, Violation } from '../contract/index.ts';
import { dateOf, timeOf } from './dates.ts';
import { JsonNumber, isList, isObject } from './json.ts';
import type { Json } from './json.ts';
import { keyOf } from './same.ts';
import { placesOf } from './path.ts';
import type { Place } from './path.ts';
import { boundedRegExp } from './pattern.ts';
import { quantityOf } from './quantity.ts';
import { shortened } from './text.ts';

const MAX_VIOLATIONS = 50;

/** Numbers as such, and texts that are one (`"$1,200.50"`). */
function numberAt(value: Json | undefined): number | null {
  if (value instanceof JsonNumber) return value.value;
  return typeof value === 'string' ? (quantityOf(value)?.plain ?? null) : null;
}

const present = (place: Place): boolean => place.value !== undefined && place.value !== null && place.value !== '';

function isType(value: Json, type: Extract<Validator, { kind: 'type' }>['type']): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string';
    case 'number':
      return value instanceof JsonNumber;
    case 'integer':
      return value instanceof JsonNumber && Number.isInteger(value.value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'object':
      return isObject(value);
    case 'array':
      return isList(value);
    case 'date':
      return typeof value === 'string' && dateOf(value) !== null;
    default:
      return type satisfies never;
  }
}

const outside = (value: number, min: number | null, max: number | null): boolean =>
  (min !== null && value < min) || (max !== null && value > max);
const bounds = (min: number | null, max: number | null): string => `${min ?? '…'} to ${max ?? '…'}`;

function lengthOf(value: Json): number | null {
  if (typeof value === 'string' || isList(value)) return value.length;
  return isObject(value) ? value.size : null;
}

/** Numbers, dates and texts, each with its like; null where they can't be compared. */
function compareValues(left: Json, right: Json | number): number | null {
  const [leftNumber, rightNumber] = [numberAt(left), typeof right === 'number' ? right : numberAt(right)];
  if (leftNumber !== null && rightNumber !== null) return leftNumber - rightNumber;
  if (typeof left !== 'string' || typeof right !== 'string') return null;
  const [leftTime, rightTime] = [timeOf(left), timeOf(right)];
  if (leftTime !== null && rightTime !== null) return leftTime - rightTime;
  return left < right ? -1 : left > right ? 1 : 0;
}

function holds(order: number, op: Extract<Validator, { kind: 'compare' }>['op']): boolean {
  switch (op) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '=':
      return order === 0;
    case '!=':
      return order !== 0;
    case '>=':
      return order >= 0;
    case '>':
      return order > 0;
    default:
      return op satisfies never;
  }
}

function compareFields(answer: Json, validator: Extract<Validator, { kind: 'compare' }>): readonly Violation[] {
  const { left, op, right } = validator;
  const rights = typeof right === 'number' ? [] : placesOf(answer, right);
  const byIndices = new Map(rights.map((place) => [place.indices, place]));
  const found: Violation[] = [];
  for (const place of placesOf(answer, left)) {
    const other =
      typeof right === 'number'
        ? right
        : (byIndices.get(place.indices) ?? (rights.length === 1 ? rights[0]! : null))?.value;
    if (!present(place) || other === undefined || other === null) continue;
    const order = compareValues(place.value!, other);
    if (order === null || !holds(order, op))
      found.push({ validator: 'compare', field: place.path, message: `is not ${op} ${right}` });
  }
  return found;
}

function repeated(answer: Json, validator: Extract<Validator, { kind: 'unique' }>): readonly Violation[] {
  return placesOf(answer, validator.list).flatMap((place) => {
    if (!isList(place.value)) return [];
    const seen = new Set<string>();
    return place.value.flatMap((item, at) => {
      const key =
        validator.by.length === 0
          ? keyOf(item)
          : JSON.stringify(validator.by.map((field) => keyOf(placesOf(item, field)[0]?.value ?? null)));
      const again = seen.has(key);
      seen.add(key);
      return again
        ? [
            {
              validator: 'unique' as const,
              field: `${place.path}[${at}]`,
              message: `repeats ${validator.by.join(', ') || 'an item'}`,
            },
          ]
        : [];
    });
  });
}

/** `wrong` says what is wrong with a value that is there, or null. */
function each(
  answer: Json,
  kind: Validator['kind'],
  field: string,
  wrong: (value: Json) => string | null,
): readonly Violation[] {
  return placesOf(answer, field).flatMap((place) => {
    const message = present(place) ? wrong(place.value!) : null;
    return message === null ? [] : [{ validator: kind, field: place.path, message }];
  });
}

function run(answer: Json, validator: Validator, now: number): readonly Violation[] {
  switch (validator.kind) {
    case 'required':
      return validator.fields.flatMap((field) =>
        placesOf(answer, field)
          .filter((place) => !present(place))
          .map((place) => ({ validator: 'required' as const, field: place.path, message: 'is missing' })),
      );
    case 'type':
      return each(answer, 'type', validator.field, (value) =>
        isType(value, validator.type) ? null : `is not of type ${validator.type}`,
      );
    case 'range':
      return each(answer, 'range', validator.field, (value) => {
        const number = numberAt(value);
        if (number === null) return 'is not a number';
        return outside(number, validator.min, validator.max)
          ? `${shortened(String(number), 40)} is outside ${bounds(validator.min, validator.max)}`
          : null;
      });
    case 'length':
      return each(answer, 'length', validator.field, (value) => {
        const length = lengthOf(value);
        return length !== null && outside(length, validator.min, validator.max)
          ? `length ${length} is outside ${bounds(validator.min, validator.max)}`
          : null;
      });
    case 'pattern':
      return each(answer, 'pattern', validator.field, (value) => {
        const text = typeof value === 'string' ? value : value instanceof JsonNumber ? value.text : null;
        return text !== null && boundedRegExp(validator.pattern).test(text)
          ? null
          : `does not match ${shortened(validator.pattern.source, 60)}`;
      });
    case 'enum':
      return each(answer, 'enum', validator.field, (value) => {
        const plain = value instanceof JsonNumber ? value.value : value;
        return validator.values.includes(plain as string) ? null : 'is not one of the allowed values';
      });
    case 'unique':
      return repeated(answer, validator);
    case 'compare':
      return compareFields(answer, validator);
    case 'fresh':
      return each(answer, 'fresh', validator.field, (value) => {
        const time =
          typeof value === 'string' ? timeOf(value) : value instanceof JsonNumber ? epochOf(value.value) : null;
        if (time === null) return 'is not a date';
        return now - time > validator.maxAgeMs ? 'is too old' : null;
      });
    default:
      return validator satisfies never;
  }
}

/** Seconds or milliseconds since the epoch. */
const epochOf = (value: number): number => (value < 1e11 ? value * 1_000 : value);

export function validate(answer: Json, validators: readonly Validator[], now: number): readonly Violation[] {
  return validators.flatMap((validator) => run(answer, validator, now)).slice(0, MAX_VIOLATIONS);
}
