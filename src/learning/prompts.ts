// The latest prompts with verdicts, each once however often it was asked: what the model of difficulty goes over again.
import { TRAIT_MEASURES, type Traits } from '../contract/index.ts';

export interface Labelled {
  /** Of the lesson it came with. */
  readonly key: string;
  readonly model: string;
  /** Column of the model; 0: none of its own. */
  readonly place: number;
  readonly good: number;
  readonly weight: number;
  /** How hard it pulls at the weights. */
  dual: number;
}

export interface Prompt {
  readonly task: string;
  readonly traits: Traits;
  readonly square: number;
  labels: readonly Labelled[];
  /** Sum of its labels' duals. */
  dual: number;
}

interface PromptWindow {
  add(traits: Traits, task: string, square: number, labels: readonly Labelled[]): Prompt;
  /** Any one, each as likely as the others over time. There must be one. */
  any(): Prompt;
  all(): Iterable<Prompt>;
  dualOf(traits: Traits, task: string): number;
  /** What came with a lesson goes. */
  forget(key: string): void;
  remove(prompt: Prompt, labels: readonly Labelled[]): void;
  readonly bytes: number;
}

const KEPT = 4_096;
/** Verdicts on one prompt that count: the latest, one a model. */
const MOST_LABELS = 64;
/** A stride that meets every place before it meets one again. */
const STRIDE = 2_654_435_761;

/** `takeBack`: undoes what these labels of the prompt did to the weights. */
export function createWindow(takeBack: (prompt: Prompt, labels: readonly Labelled[]) => void): PromptWindow {
  const ring: Prompt[] = [];
  const byPrint = new Map<string, Prompt>();
  const byKey = new Map<string, Prompt>();
  let oldest = 0;
  let turn = 0;
  let slots = 0;

  const remove = (prompt: Prompt, labels: readonly Labelled[]): void => {
    if (labels.length === 0) return;
    takeBack(prompt, labels);
    prompt.labels = prompt.labels.filter((label) => !labels.includes(label));
    for (const { key } of labels) if (!prompt.labels.some((label) => label.key === key)) byKey.delete(key);
  };

  const place = (traits: Traits, task: string, square: number): Prompt => {
    const print = nameOf(traits, task);
    const known = byPrint.get(print);
    if (known !== undefined) return known;
    const prompt: Prompt = { task, traits, square, labels: [], dual: 0 };
    byPrint.set(print, prompt);
    slots += traits.slots.length;
    if (ring.length < KEPT) ring.push(prompt);
    else {
      const gone = ring[oldest]!;
      remove(gone, gone.labels);
      byPrint.delete(nameOf(gone.traits, gone.task));
      slots -= gone.traits.slots.length;
      ring[oldest] = prompt;
      oldest = (oldest + 1) % KEPT;
    }
    return prompt;
  };

  return {
    add(traits, task, square, labels) {
      const prompt = place(traits, task, square);
      // What was said outweighs what was heard.
      const better = labels.filter(
        (label) => !prompt.labels.some((known) => known.model === label.model && known.weight > label.weight),
      );
      const models = new Set(better.map(({ model }) => model));
      remove(
        prompt,
        prompt.labels.filter(
          ({ model }, nth) => models.has(model) || nth < prompt.labels.length + better.length - MOST_LABELS,
        ),
      );
      prompt.labels = [...prompt.labels, ...better];
      for (const { key } of better) byKey.set(key, prompt);
      return prompt;
    },
    any() {
      turn = (turn + STRIDE) >>> 0;
      return ring[Math.floor((turn / 2 ** 32) * ring.length)]!;
    },
    all: () => ring,
    dualOf: (traits, task) => byPrint.get(nameOf(traits, task))?.dual ?? 0,
    forget(key) {
      const prompt = byKey.get(key);
      if (prompt !== undefined)
        remove(
          prompt,
          prompt.labels.filter((label) => label.key === key),
        );
    },
    remove,
    get bytes() {
      return slots * 6 + ring.length * (TRAIT_MEASURES * 4 + 64) + byKey.size * 64;
    },
  };
}

const nameOf = (traits: Traits, task: string): string => `${printOf(traits)} ${task}`;

/** Two prompts with the same print ask the same, as far as traits tell. */
function printOf({ slots, weights }: Traits): number {
  let hash = 17;
  for (let nth = 0; nth < slots.length; nth += 1)
    hash = Math.imul(hash ^ slots[nth]!, 0x01000193) + Math.round(weights[nth]! * 4_096);
  return hash;
}
