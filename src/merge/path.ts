// Paths into an answer: `items[].price`, and what stands there.
import { isList, isObject } from './json.ts';
import type { Json } from './json.ts';

export interface Place {
  /** Concrete: `items[3].price`. */
  readonly path: string;
  /** Indices stepped through, so that two paths can be matched item by item. */
  readonly indices: string;
  /** undefined: nothing there. */
  readonly value: Json | undefined;
}

const MAX_PLACES = 20_000;

/** `items[].price` → `items`, `[]`, `price`. */
const stepsOf = (path: string): string[] =>
  path
    .split('.')
    .flatMap((part) => part.split(/(\[\])/))
    .filter((part) => part !== '');

/** Every place that the path leads to; one that ends early has no value. Empty path: the answer itself. */
export function placesOf(answer: Json, path: string): readonly Place[] {
  let places: Place[] = [{ path: '', indices: '', value: answer }];
  for (const step of stepsOf(path))
    places = places.flatMap((place) => (step === '[]' ? itemsOf(place) : [fieldOf(place, step)])).slice(0, MAX_PLACES);
  return places;
}

function itemsOf(place: Place): Place[] {
  if (!isList(place.value)) return [];
  return place.value.map((value, at) => ({ path: `${place.path}[${at}]`, indices: `${place.indices},${at}`, value }));
}

function fieldOf(place: Place, name: string): Place {
  const value = isObject(place.value)
    ? place.value.get(name)
    : isList(place.value) && /^\d+$/.test(name)
      ? place.value[Number(name)]
      : undefined;
  return { path: place.path === '' ? name : `${place.path}.${name}`, indices: place.indices, value };
}

/** `items.3.price` and `items[3].price` as `items.price`: what rules by field are looked up with. */
function rulePath(path: string): string {
  return path
    .replace(/\[[^\]]*\]/g, '')
    .replace(/\.{2,}/g, '.')
    .replace(/^\./, '');
}

/** The rule for a path: its own, one that ends like it, that of the last field, or `*`. */
export function ruleFor<Rule>(rules: Readonly<Record<string, Rule>>, path: string): Rule | undefined {
  const plain = rulePath(path);
  for (const name of [plain, plain.split('.').at(-1) ?? '']) {
    for (const spelled of [name, ...Object.keys(rules)]) {
      if (Object.hasOwn(rules, spelled) && (spelled === name || rulePath(spelled) === name)) return rules[spelled];
    }
  }
  return Object.hasOwn(rules, '*') ? rules['*'] : undefined;
}
