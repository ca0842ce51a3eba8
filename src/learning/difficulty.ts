// How much harder or easier than usual a prompt is for each model: logistic regression over its traits, kept solved by coordinate steps in the dual.
import { TRAIT_MEASURES, TRAIT_SLOTS, type Traits } from '../contract/index.ts';
import { logitOf, sigmoid } from './logistic.ts';
import { createWindow, type Labelled, type Prompt } from './prompts.ts';

/** One model's answer to a prompt, right or wrong. */
export interface Label {
  readonly model: string;
  /** 0-1. */
  readonly good: number;
  readonly weight: number;
}

/** A prompt with what came of it. */
interface Example {
  readonly key: string;
  readonly task: string;
  readonly traits: Traits;
  readonly labels: readonly Label[];
}

export interface Difficulty {
  /** Examples it was taught. */
  readonly seen: number;
  /** Log-odds to add to what is expected of a model whatever the prompt. */
  shift(traits: Traits, task: string, model: string): number;
  /** The same key again replaces what it said. */
  teach(example: Example): void;
  /** The model has changed at a task: what it did before says nothing any more. */
  drop(model: string, task: string): void;
  readonly bytes: number;
}

/**
 * Prior variances of log-odds: what similar prompts share for all models, what they share for one, and what a prompt has for itself.
 * Small on purpose: a verdict is one coin, and what is told apart too eagerly makes a winner of whoever was lucky.
 */
const SHARED = 2;
const OWN = 0.6;
const PROMPT = 1;
/** A logistic of a normal mean is flatter by this factor (MacKay 1992: 1/√(1 + πσ²/8)). */
const STEEPER = Math.sqrt(1 + (Math.PI * PROMPT) / 8);
/** Measures stand beside words of unit length with so little weight. */
const MEASURE_SCALE = 0.08;
const MOST_MEASURE = 3;
/** A task by its name, beside them: prompts of one task have so much in common. */
const TASK_SCALE = 0.25;
const TASKS = 64;
/** Each new example takes some older ones along; the solution stays near the exact one. */
const REPLAYS = 6;
const SWEEPS = 2;
const MOST_MODELS = 48;
/** A prompt has no more. */
const MOST_TRAITS = 512;
/** Columns of the table come in so many. */
const SIDE_BY_SIDE = 4;

/** `expected`: of a model, without regard to the prompt; the task only says what the catalog thinks. */
export function createDifficulty(expected: (task: string, model: string) => number): Difficulty {
  const places = new Map<string, number>();
  let capacity = SIDE_BY_SIDE;
  /** Row per trait, then per measure, then per task: the shared weight, then one per model. */
  let table = new Float32Array(ROWS * capacity);
  let scores = new Float64Array(capacity);
  let moves = new Float64Array(capacity);
  let scored: Traits | null = null;
  let scoredTask = '';
  let scoredDual = 0;
  let seen = 0;

  const placeOf = (model: string): number => {
    const known = places.get(model);
    if (known !== undefined) return known;
    if (places.size >= MOST_MODELS) return 0;
    const place = places.size + 1;
    places.set(model, place);
    if (place >= capacity) {
      table = widen(table, capacity, capacity * 2);
      capacity *= 2;
      [scores, moves] = [new Float64Array(capacity), new Float64Array(capacity)];
      scored = null;
    }
    return place;
  };

  /** What every model's weights say to these traits, into `scores`; four models side by side, so that their sums needn't be stored between rows. */
  const score = (traits: Traits, task: string): void => {
    [scored, scoredTask] = [traits, task];
    const rows = table;
    const count = gather(traits, task, capacity);
    for (let place = 0; place <= places.size; place += SIDE_BY_SIDE) {
      let first = 0;
      let second = 0;
      let third = 0;
      let fourth = 0;
      for (let nth = 0; nth < count; nth += 1) {
        const from = starts[nth]! + place;
        const by = weighs[nth]!;
        first += by * rows[from]!;
        second += by * rows[from + 1]!;
        third += by * rows[from + 2]!;
        fourth += by * rows[from + 3]!;
      }
      scores[place] = first;
      scores[place + 1] = second;
      scores[place + 2] = third;
      scores[place + 3] = fourth;
    }
  };

  /** Adds `moves` times the traits to the weights. */
  const move = ({ traits, task }: Prompt): void => {
    scored = null;
    const rows = table;
    const width = places.size + 1;
    const count = gather(traits, task, capacity);
    for (let nth = 0; nth < count; nth += 1)
      for (let place = 0; place < width; place += 1) rows[starts[nth]! + place]! += weighs[nth]! * moves[place]!;
    moves.fill(0);
  };

  /** Of one label's dual variable; what it changes for the prompt's other labels is known without looking again. */
  const shiftDual = (prompt: Prompt, label: Labelled, by: number): void => {
    label.dual += by;
    prompt.dual += by;
    moves[0]! += SHARED * by;
    scores[0]! += SHARED * by * prompt.square;
    if (label.place === 0) return;
    moves[label.place]! += OWN * by;
    scores[label.place]! += OWN * by * prompt.square;
  };

  /** For each label in turn, given all the others, one Newton step towards dual = weight · (verdict − expected). */
  const solve = (prompt: Prompt): void => {
    score(prompt.traits, prompt.task);
    for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
      for (const label of prompt.labels) {
        const own = label.place === 0 ? 0 : OWN;
        const said = scores[0]! + (own === 0 ? 0 : scores[label.place]!) + PROMPT * prompt.dual;
        const told = sigmoid(STEEPER * logitOf(expected(prompt.task, label.model)) + said);
        const curve = label.weight * told * (1 - told) * ((SHARED + own) * prompt.square + PROMPT);
        shiftDual(prompt, label, (label.weight * (label.good - told) - label.dual) / (1 + curve));
      }
    }
    move(prompt);
  };

  const takeBack = (prompt: Prompt, labels: readonly Labelled[]): void => {
    if (labels.length === 0) return;
    score(prompt.traits, prompt.task);
    for (const label of labels) shiftDual(prompt, label, -label.dual);
    move(prompt);
  };
  const prompts = createWindow(takeBack);

  return {
    get seen() {
      return seen;
    },
    get bytes() {
      return table.byteLength + prompts.bytes;
    },
    shift(traits, task, model) {
      if (seen === 0) return 0;
      if (scored !== traits || scoredTask !== task) {
        score(traits, task);
        scoredDual = prompts.dualOf(traits, task);
      }
      const place = places.get(model);
      return (scores[0]! + (place === undefined ? 0 : scores[place]!) + PROMPT * scoredDual) / STEEPER;
    },
    teach({ key, task, traits, labels }) {
      if (labels.length === 0) return;
      seen += 1;
      prompts.forget(key);
      const added = labels.map(({ model, good, weight }) => ({
        key,
        model,
        place: placeOf(model),
        good,
        weight: Math.max(1e-3, weight),
        dual: 0,
      }));
      solve(prompts.add(traits, task, squareOf(traits), added));
      for (let replay = 0; replay < REPLAYS; replay += 1) {
        const other = prompts.any();
        if (other.labels.length > 0) solve(other);
      }
    },
    drop(model, task) {
      for (const prompt of prompts.all())
        if (prompt.task === task)
          prompts.remove(
            prompt,
            prompt.labels.filter((label) => label.model === model),
          );
    },
  };
}

/** Where the rows of a prompt's traits and of its task begin, and how much each weighs. */
const starts = new Int32Array(MOST_TRAITS + TRAIT_MEASURES + 1);
const weighs = new Float64Array(starts.length);

/** Fills them; returns how many there are. */
function gather({ slots, weights, measures }: Traits, task: string, stride: number): number {
  let count = Math.min(MOST_TRAITS, slots.length);
  for (let nth = 0; nth < count; nth += 1) {
    starts[nth] = slots[nth]! * stride;
    weighs[nth] = weights[nth]!;
  }
  for (let nth = 0; nth < TRAIT_MEASURES; nth += 1, count += 1) {
    starts[count] = (TRAIT_SLOTS + nth) * stride;
    weighs[count] = measured(measures[nth]!);
  }
  starts[count] = taskRow(task) * stride;
  weighs[count] = TASK_SCALE;
  return count + 1;
}

const ROWS = TRAIT_SLOTS + TRAIT_MEASURES + TASKS;

function taskRow(task: string): number {
  let hash = 17;
  for (let at = 0; at < task.length; at += 1) hash = (Math.imul(hash, 31) + task.charCodeAt(at)) | 0;
  return TRAIT_SLOTS + TRAIT_MEASURES + ((hash ^ (hash >>> 13)) & (TASKS - 1));
}

const measured = (value: number): number => MEASURE_SCALE * Math.min(MOST_MEASURE, Math.max(-MOST_MEASURE, value));

/** Squared length of the traits as they are weighed. */
function squareOf({ slots, weights, measures }: Traits): number {
  let square = TASK_SCALE ** 2;
  const count = Math.min(MOST_TRAITS, slots.length);
  for (let nth = 0; nth < count; nth += 1) square += weights[nth]! ** 2;
  for (const measure of measures) square += measured(measure) ** 2;
  return square;
}

function widen(from: Float32Array<ArrayBuffer>, width: number, wider: number): Float32Array<ArrayBuffer> {
  const to = new Float32Array(ROWS * wider);
  for (let row = 0; row < ROWS; row += 1) to.set(from.subarray(row * width, (row + 1) * width), row * wider);
  return to;
}
