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
const SHARED_RATE = 0.2;
const OWN_RATE = 0.12;
const MEASURE_RATE = 0.004;
const DECAY = 0.0003;
const MEASURE_DECAY = 0.003;
/** Each new example takes some older ones along, so that one pass is as good as several. */
const REPLAYS = 8;
const KEPT = 4_096;
const MOST_MODELS = 48;
/** A trait of so many prompts counts half. */
const RARE = 4;
/** A prompt has no more. */
const MOST_TRAITS = 512;
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
  /** How many prompts hold a trait, and the logarithm of it. */
  const holders = new Uint32Array(TRAIT_SLOTS);
  const logHolders = new Float32Array(TRAIT_SLOTS).fill(Math.log(0.5));
  const sums = new Float64Array(3);
  /** How far each part is to be believed, by how well it told before each verdict what the verdict would be. */
  const trust = [createTrust(1), createTrust(0.5), createTrust(0.5)];
  const telling = new Float32Array(MOST_TRAITS);
  const kept: Example[] = [];
  const at = new Map<string, number>();
  let seen = 0;
  let prompts = 0;
  let latest: Traits | null = null;
  /** Whose weights and measures stand in `telling` and `scaled`. */
  let scaledFor: Traits | null = null;
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

  /** What every prompt holds tells nothing, and what hardly any holds would only be learnt by heart. */
  const tellingOf = (most: number, slot: number): number => {
    const count = holders[slot]!;
    return (Math.sqrt(Math.max(0, most - logHolders[slot]!)) * count) / (count + RARE);
  };

  /** Weights by inverse frequency (Sparck Jones 1972), of unit length. */
  const scale = (traits: Traits): void => {
    if (scaledFor === traits) return;
    scaledFor = traits;
    const { slots, weights, measures: raw } = traits;
    const most = Math.log(prompts + 1);
    const count = Math.min(MOST_TRAITS, slots.length);
    let squares = 0;
    for (let nth = 0; nth < count; nth += 1) {
      const slot = slots[nth]!;
      const weight = weights[nth]! * tellingOf(most, slot);
      telling[nth] = weight;
      squares += weight * weight;
    }
    const shrink = squares > 0 ? 1 / Math.sqrt(squares) : 0;
    for (let nth = 0; nth < count; nth += 1) telling[nth]! *= shrink;
    for (let nth = 0; nth < TRAIT_MEASURES; nth += 1) {
      const value = (raw[nth]! - mean[nth]!) / (Math.sqrt(spread[nth]!) + 0.05);
      scaled[nth] = value > 3 ? 3 : value < -3 ? -3 : value;
    }
  };

  /** What all models share, and the model's own words and measures, apart: into `sums`. */
  const sum = ({ slots }: Traits, place: number): void => {
    let [shared, words, own] = [0, 0, 0];
    const count = Math.min(MOST_TRAITS, slots.length);
    for (let nth = 0; nth < count; nth += 1) {
      const row = slots[nth]! * capacity;
      shared += telling[nth]! * table[row]!;
      words += telling[nth]! * table[row + place]!;
    }
    for (let nth = 0; nth < TRAIT_MEASURES; nth += 1) {
      const row = nth * capacity;
      shared += scaled[nth]! * measures[row]!;
      own += scaled[nth]! * measures[row + place]!;
    }
    sums[0] = shared;
    sums[1] = place === 0 ? 0 : words;
    sums[2] = place === 0 ? 0 : own;
  };
  const whole = (): number => sums[0]! + sums[1]! + sums[2]!;
  const trusted = (): number =>
    sums[0]! * trust[0]!.share() + sums[1]! * trust[1]!.share() + sums[2]! * trust[2]!.share();

  const clamp = (shift: number): number => Math.min(MOST_SHIFT, Math.max(-MOST_SHIFT, shift));

  const step = ({ task, traits, labels }: Example, isNew: boolean): void => {
    scale(traits);
    const { slots } = traits;
    const share = 1 / labels.length;
    for (const { model, good, weight } of labels) {
      const place = placeOf(model);
      const base = logitOf(expected(task, model));
      sum(traits, place);
      if (isNew) prove(base, good, weight);
      const error = weight * (good - sigmoid(base + clamp(whole())));
      for (let nth = 0; nth < slots.length; nth += 1) {
        const row = slots[nth]! * capacity;
        const pull = error * telling[nth]!;
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

  /** Each part in turn on top of those before it. */
  const prove = (base: number, good: number, weight: number): void => {
    let logit = base;
    for (let part = 0; part < trust.length; part += 1) {
      trust[part]!.observe(sums[part]!, good, sigmoid(logit), weight);
      logit += sums[part]! * trust[part]!.share();
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
      sum(traits, places.get(model) ?? 0);
      return clamp(trusted());
    },
    teach(example) {
      if (example.labels.length === 0) return;
      seen += 1;
      if (latest === null || !isSame(latest, example.traits)) {
        prompts += 1;
        for (const slot of example.traits.slots) logHolders[slot] = Math.log((holders[slot]! += 1) + 0.5);
      }
      latest = example.traits;
      scaledFor = null;
      const pace = Math.max(0.002, 1 / (seen + 1));
      for (let nth = 0; nth < TRAIT_MEASURES; nth += 1) {
        const off = example.traits.measures[nth]! - mean[nth]!;
        mean[nth]! += off * pace;
        spread[nth]! += (off * off - spread[nth]!) * pace;
      }
      step(example, !at.has(example.key));
      for (let replay = 0; replay < REPLAYS && kept.length > 8; replay += 1) step(kept[random(kept.length)]!, false);
      keep(example);
    },
    forget(key) {
      const known = at.get(key);
      if (known !== undefined) kept[known] = { ...kept[known]!, labels: [] };
    },
  };
}

/** Several verdicts on one prompt come together: it is counted once. */
const isSame = (left: Traits, right: Traits): boolean =>
  left.slots.length === right.slots.length && left.slots.every((slot, nth) => slot === right.slots[nth]);

interface Trust {
  /** 0-1. */
  share(): number;
  observe(part: number, good: number, expected: number, weight: number): void;
}

const TRUST_STRENGTH = 4;
const TRUST_KEPT = 0.9995;

/** The slope of what came true on what was foretold: one step of a logistic regression from zero, with a prior. */
function createTrust(prior: number): Trust {
  let [along, across] = [prior * TRUST_STRENGTH, TRUST_STRENGTH];
  return {
    share: () => Math.min(1, Math.max(0, along / across)),
    observe(part, good, expected, weight) {
      along = along * TRUST_KEPT + weight * part * (good - expected);
      across = across * TRUST_KEPT + weight * part * part * expected * (1 - expected);
    },
  };
}

function widen(from: Float32Array<ArrayBuffer>, width: number, wider: number, rows: number): Float32Array<ArrayBuffer> {
  const to = new Float32Array(rows * wider);
  for (let row = 0; row < rows; row += 1) to.set(from.subarray(row * width, (row + 1) * width), row * wider);
  return to;
}
