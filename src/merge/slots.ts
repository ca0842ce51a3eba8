// The items of several lists, brought together: by what identifies them, then by everything else where only the spelling of that differs.
import { isObject } from './json.ts';
import type { Json, JsonList, JsonObject } from './json.ts';
import { identical, keyOf } from './same.ts';
import type { Vote } from './scalars.ts';

/** An item as the voices have it. */
interface Slot {
  readonly votes: Vote[];
  /** Key of the first version as a whole; made when it is needed. */
  whole: string | null;
}

/** Slots of one key; those before `next` are taken in this turn. */
interface Shelf {
  readonly slots: Slot[];
  next: number;
  turn: number;
}

const LOOK_AHEAD = 16;

/** The slot for an item: one that holds an equal item, else the next free one; null when all are taken. */
function claim(shelf: Shelf, item: Json, turn: number): Slot | null {
  if (shelf.turn !== turn) {
    shelf.turn = turn;
    shelf.next = 0;
  }
  const { slots, next } = shelf;
  if (next >= slots.length) return null;
  const near = slots.slice(next, next + LOOK_AHEAD);
  const equal = near.length === 1 ? 0 : near.findIndex((slot) => identical(slot.votes[0]!.value, item));
  const key = equal >= 0 ? '' : keyOf(item);
  const alike = equal >= 0 ? equal : near.findIndex((slot) => (slot.whole ??= keyOf(slot.votes[0]!.value)) === key);
  const at = next + Math.max(0, alike);
  const slot = slots[at]!;
  slots[at] = slots[next]!;
  slots[next] = slot;
  shelf.next++;
  return slot;
}

/** Every voice's items under their keys, in the order of the best list. */
export function slotsOf(votes: readonly Vote<JsonList>[], identity: (item: Json) => string): readonly Slot[] {
  const slots: Slot[] = [];
  const shelves = new Map<string, Shelf>();
  for (const [turn, { voice, value }] of votes.entries()) {
    const places = new Map(slots.map((slot, at) => [slot, at]));
    const added: { readonly slot: Slot; readonly after: number }[] = [];
    let previous = -1;
    for (const item of value) {
      const key = identity(item);
      const shelf = shelves.get(key) ?? { slots: [], next: 0, turn };
      shelves.set(key, shelf);
      const found = claim(shelf, item, turn);
      const slot = found ?? { votes: [], whole: null };
      slot.votes.push({ voice, value: item });
      previous = places.get(slot) ?? previous;
      if (found !== null) continue;
      shelf.slots.push(slot);
      shelf.next = shelf.slots.length;
      added.push({ slot, after: previous });
    }
    insert(slots, added);
  }
  return slots;
}

/** New slots go after the one they followed in their own list. */
function insert(slots: Slot[], added: readonly { readonly slot: Slot; readonly after: number }[]): void {
  if (added.length === 0) return;
  const following = new Map<number, Slot[]>();
  for (const { slot, after } of added) {
    const others = following.get(after);
    if (others === undefined) following.set(after, [slot]);
    else others.push(slot);
  }
  const all = [...(following.get(-1) ?? []), ...slots.flatMap((slot, at) => [slot, ...(following.get(at) ?? [])])];
  slots.length = 0;
  for (const slot of all) slots.push(slot);
}

/** What an item says besides its key; null when that is too little to know it by. */
function restOf(item: JsonObject, key: readonly string[]): string | null {
  const fields = [...item]
    .filter(([name, value]) => !key.includes(name) && value !== null && value !== '')
    .map(([name, value]) => `${name}:${keyOf(value)}`);
  return fields.length < 2 ? null : fields.sort().join('|');
}

/** `Unit 12` and `12`, `Alabama` and `AL`. */
function kin(left: string, right: string): boolean {
  if (left === right) return true;
  const [short, long] = [left.replace(/^\w:/, ''), right.replace(/^\w:/, '')].sort(
    (one, other) => one.length - other.length,
  ) as [string, string];
  if (short === '') return false;
  if (` ${long} `.includes(` ${short} `)) return true;
  if (short.length > 4 || short[0] !== long[0]) return false;
  let at = 0;
  for (const char of long) if (char === short[at]) at++;
  return at === short.length;
}

const named = (item: JsonObject, field: string): string => keyOf(item.get(field) ?? null);

/** All parts of the key are the same or akin. */
function akin(left: JsonObject, right: JsonObject, key: readonly string[]): boolean {
  return key.every((field) => kin(named(left, field), named(right, field)));
}

const MAX_TRIED = 16;

/** Slots that lack voices take in those whose key is only spelled otherwise and whose other fields are equal. */
export function reunited(slots: readonly Slot[], voices: number, key: readonly string[]): readonly Slot[] {
  const waiting = new Map<string, Slot[]>();
  return slots.filter((slot) => {
    const item = slot.votes[0]!.value;
    if (key.length === 0 || slot.votes.length >= voices || !isObject(item)) return true;
    const rest = restOf(item, key);
    if (rest === null) return true;
    const others = waiting.get(rest) ?? [];
    waiting.set(rest, others);
    const home = others
      .slice(0, MAX_TRIED)
      .find((other) => akin(other.votes[0]!.value as JsonObject, item, key) && apart(other, slot));
    if (home === undefined) others.push(slot);
    else home.votes.push(...slot.votes);
    return home === undefined;
  });
}

const apart = (left: Slot, right: Slot): boolean =>
  left.votes.every((vote) => right.votes.every((other) => other.voice !== vote.voice));
