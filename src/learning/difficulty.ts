// How much harder or easier than usual a prompt is for each model: online logistic regression over its traits, shrunk towards task × model.
import { TRAIT_MEASURES, TRAIT_SLOTS, type Traits } from '../contract/index.ts';
import { logitOf, sigmoid } from './logistic.ts';

/** One model's answer to a prompt, right or wrong. */
export interface Label {
  readonly model: string;
  /** 0-1. */
  readonly good: number;
  readonly weight: number;
}

/** A prompt with what came of it. */
export interface Example {
  readonly key: string;
  readonly task: string;
  readonly traits: Traits;
  readonly labels: readonly Label[];
}

export interface Difficulty {
  /** Examples it was taught. */
  readonly seen: number;
  /** Log-odds to add to what is expected of a model at this task. */
  shift(traits: Traits, model: string): number;
  /** The same key again replaces what it said. */
  teach(example: Example): void;
  forget(key: string): void;
  readonly bytes: number;
}

/** Every model has a weight of its own for each trait beside one that all share, and moves slower than that: few labels must not make a winner of it. */
const SHARED_RATE = 0.06;
const OWN_RATE = 0.14;
const MEASURE_RATE = 0.008;
const DECAY = 0.002;
const MEASURE_DECAY = 0.003;
/** Each new example takes some older ones along, so that one pass is as good as several. */
const REPLAYS = 8;
const KEPT = 4_096;
const MOST_MODELS = 48;
/** No prompt is that much harder than the rest of its task. */
const MOST_SHIFT = 2.5;

/** `expected`: of a model at a task, without regard to the prompt. */
export function createDifficulty(expected: (task: string, model: string) => number): Difficulty {
  const places = new Map<string, number>();
  let capacity = 4;
  /** Row per trait: the shared weight, then one per model. */
  let table = new Float32Array(TRAIT_SLOTS * capacity);
  let measures = new Float32Array(TRAIT_MEASURES * capacity);
  const mean = new Float64Array(TRAIT_MEASURES);
  const spread = new Float64Array(TRAIT_MEASURES).fill(1);
  const scaled = new Float64Array(TRAIT_MEASURES);
  const kept: Example[] = [];
  const at = new Map<string, number>();
  let seen = 0;
  let oldest = 0;
  let state = 1;

  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };

  const placeOf = (model: string): number => {
    const known = places.get(model);
    if (known !== undefined) return known;
    if (places.size >= MOST_MODELS) return 0;
    const place = places.size + 1;
    places.set(model, place);
    if (place >= capacity) {
      table = widen(table, capacity, capacity * 2, TRAIT_SLOTS);
      measures = widen(measures, capacity, capacity * 2, TRAIT_MEASURES);
      capacity *= 2;
    }
    return place;
  };

  const scale = ({ measures: raw }: Traits): void => {
    for (let nth = 0; nth < TRAIT_MEASURES; nth += 1) {
      const value = (raw[nth]! - mean[nth]!) / (Math.sqrt(spread[nth]!) + 0.05);
      scaled[nth] = value > 3 ? 3 : value < -3 ? -3 : value;
    }
  };

  const sum = ({ slots, weights }: Traits, place: number): number => {
    let total = 0;
    for (let nth = 0; nth < slots.length; nth += 1) {
      const row = slots[nth]! * capacity;
      total += weights[nth]! * (table[row]! + (place === 0 ? 0 : table[row + place]!));
    }
    for (let nth = 0; nth < TRAIT_MEASURES; nth += 1) {
      const row = nth * capacity;
      total += scaled[nth]! * (measures[row]! + (place === 0 ? 0 : measures[row + place]!));
    }
    return total;
  };

  const clamp = (shift: number): number => Math.min(MOST_SHIFT, Math.max(-MOST_SHIFT, shift));

  const step = ({ task, traits, labels }: Example): void => {
    scale(traits);
    const { slots, weights } = traits;
    const share = 1 / labels.length;
    for (const { model, good, weight } of labels) {
      const place = placeOf(model);
      const error = weight * (good - sigmoid(logitOf(expected(task, model)) + clamp(sum(traits, place))));
      for (let nth = 0; nth < slots.length; nth += 1) {
        const row = slots[nth]! * capacity;
        const pull = error * weights[nth]!;
        table[row]! += SHARED_RATE * share * (pull - DECAY * table[row]!);
        if (place > 0) table[row + place]! += OWN_RATE * (pull - DECAY * table[row + place]!);
      }
      for (let nth = 0; nth < TRAIT_MEASURES; nth += 1) {
        const row = nth * capacity;
        const pull = error * scaled[nth]!;
        measures[row]! += MEASURE_RATE * share * (pull - MEASURE_DECAY * measures[row]!);
        if (place > 0) measures[row + place]! += MEASURE_RATE * (pull - MEASURE_DECAY * measures[row + place]!);
      }
    }
  };

  const keep = (example: Example): void => {
    const known = at.get(example.key);
    if (known !== undefined) kept[known] = example;
    else if (kept.length < KEPT) at.set(example.key, kept.push(example) - 1);
    else {
      at.delete(kept[oldest]!.key);
      at.set(example.key, oldest);
      kept[oldest] = example;
      oldest = (oldest + 1) % KEPT;
    }
  };

  return {
    get seen() {
      return seen;
    },
    get bytes() {
      const examples = kept.reduce((total, { traits }) => total + traits.slots.length * 6 + TRAIT_MEASURES * 4, 0);
      return table.byteLength + measures.byteLength + examples;
    },
    shift(traits, model) {
      if (seen === 0) return 0;
      scale(traits);
      return clamp(sum(traits, places.get(model) ?? 0));
    },
    teach(example) {
      if (example.labels.length === 0) return;
      seen += 1;
      const pace = Math.max(0.002, 1 / (seen + 1));
      for (let nth = 0; nth < TRAIT_MEASURES; nth += 1) {
        const off = example.traits.measures[nth]! - mean[nth]!;
        mean[nth]! += off * pace;
        spread[nth]! += (off * off - spread[nth]!) * pace;
      }
      step(example);
      for (let replay = 0; replay < REPLAYS && kept.length > 8; replay += 1) step(kept[random(kept.length)]!);
      keep(example);
    },
    forget(key) {
      const known = at.get(key);
      if (known !== undefined) kept[known] = { ...kept[known]!, labels: [] };
    },
  };
}

function widen(from: Float32Array<ArrayBuffer>, width: number, wider: number, rows: number): Float32Array<ArrayBuffer> {
  const to = new Float32Array(rows * wider);
  for (let row = 0; row < rows; row += 1) to.set(from.subarray(row * width, (row + 1) * width), row * wider);
  return to;
}
