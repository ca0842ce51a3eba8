// Which task a request is: keywords, patterns, examples and structure, as a probability for each task.
import {
  QuorumError,
  nearest,
  type Classification,
  type Features,
  type RoutingSettings,
  type Task,
  type Wishes,
} from '../contract/index.ts';
import { SECTION } from './features.ts';
import { teachExamples, teachKeywords } from './lesson.ts';
import { draftLexicon, type Lexicon } from './lexicon.ts';
import { createReader, type Reader } from './reader.ts';
import { createPools, type Pools } from './pools.ts';
import { createScanner, type Scan } from './scan.ts';
import { mayMatch, safePattern, signsIn, type SafePattern } from './patterns.ts';
import { plainOf } from './plain.ts';
import { addCalled, type Called } from './named.ts';
import { isPossible, signalOf } from './structure.ts';

const PATTERN_WEIGHT = 2.6;
/** Words of a whole: more of them say less and less. */
const SATURATION = 10;
const SYSTEM_SHARE = 0.6;
/** Tasks that nothing speaks for count as so many at the most, about what the shipped ones are. */
const MOST_SILENT = 10;

/** Built once per Settings; keeps scratch space, so one classification at a time. */
export interface Classifier {
  readonly tasks: readonly Task[];
  readonly names: ReadonlySet<string>;
  readonly reader: Reader;
  /** By task. */
  readonly patterns: readonly (readonly SafePattern[])[];
  /** Keywords that are neither words nor unspaced script, by task. */
  readonly literals: readonly (readonly string[])[];
  /** Patterns that could hang the process and are left out. */
  readonly leftOut: readonly string[];
  readonly pools: Pools;
  /** By task; scratch, since a new one a request would lie outside the engine's heap. */
  readonly ratings: Float64Array;
}

export function compileTasks(tasks: ReadonlyMap<string, Task>): Classifier {
  const list = [...tasks.values()];
  const draft = draftLexicon(list.length);
  const scanner = createScanner();
  const literals = list.map((task, index) => teachKeywords(task, index, draft));
  teachExamples(list, scanner, draft);
  const lexicon: Lexicon = draft.finish();
  const patterns = list.map((task) => task.patterns.map(safePattern));
  return {
    tasks: list,
    names: new Set(tasks.keys()),
    reader: createReader(lexicon, scanner),
    patterns: patterns.map((some) => some.filter((pattern) => pattern !== null)),
    literals,
    pools: createPools(),
    ratings: new Float64Array(list.length),
    leftOut: list.flatMap((task, index) => task.patterns.filter((_, at) => patterns[index]![at] === null).map(String)),
  };
}

/** `called`: what callers called such prompts. Deterministic; bounded by the windows that `featuresOf` took. Throws `invalid_value` for a task nobody configured. */
export function classify(
  classifier: Classifier,
  features: Features,
  wishes: Pick<Wishes, 'task'>,
  routing: Pick<RoutingSettings, 'minClassConfidence' | 'fallbackTask'>,
  called: Called | null = null,
): Classification {
  if (wishes.task !== null) return named(classifier, wishes.task);
  const scores = probabilities(classifier, rate(classifier, features, called, routing.fallbackTask));
  const first = scores[0];
  if (first === undefined) return { task: routing.fallbackTask, confidence: 0, scores, source: 'fallback' };
  if (first.score < routing.minClassConfidence && classifier.names.has(routing.fallbackTask)) {
    return { task: routing.fallbackTask, confidence: first.score, scores, source: 'fallback' };
  }
  return { task: first.task, confidence: first.score, scores, source: 'rules' };
}

function named(classifier: Classifier, task: string): Classification {
  if (!classifier.names.has(task)) {
    const near = nearest(task, classifier.names);
    const hint = near === null ? `Known tasks: ${[...classifier.names].join(', ')}.` : `Did you mean "${near}"?`;
    throw new QuorumError('invalid_value', `There is no task "${task}". ${hint}`, { param: 'x-quorum-task' });
  }
  const others = [...classifier.names].filter((name) => name !== task).map((name) => ({ task: name, score: 0 }));
  return { task, confidence: 1, scores: [{ task, score: 1 }, ...others], source: 'caller' };
}

/** Unbounded scores by task, valid until the next request's; -Infinity for a task that can't be. */
function rate(classifier: Classifier, features: Features, called: Called | null, usual: string): Float64Array {
  const { tasks, reader, ratings: words } = classifier;
  const section = features.text.indexOf(SECTION);
  const end = section < 0 ? features.text.length : section;
  words.fill(0);
  if (section >= 0)
    reader.read(
      features.text,
      section + 1,
      endOfContext(classifier, features.text, section, usual),
      SYSTEM_SHARE,
      words,
    );
  const scan = reader.read(features.text, 0, end, 1, words);
  addPlain(classifier, plainOf(features.text, end), words);
  if (called !== null) addCalled(called, tasks, words);
  for (let task = 0; task < words.length; task += 1) words[task] = total(tasks[task]!, words[task]!, features, scan);
  return words;
}

/** What was asked before doesn't count where what was asked last is `usual` by its own words: "thanks" is no code, whatever it thanks for. */
function endOfContext(classifier: Classifier, text: string, section: number, usual: string): number {
  const before = text.indexOf(SECTION, section + 1);
  if (before < 0) return text.length;
  const { tasks, reader, ratings: words } = classifier;
  reader.read(text, 0, section, 1, words);
  addPlain(classifier, plainOf(text, section), words);
  const own = words[tasks.findIndex(({ name }) => name === usual)] ?? 0;
  words.fill(0);
  return own > 0 ? before : text.length;
}

function addPlain(classifier: Classifier, plain: string, scores: Float64Array): void {
  const signs = signsIn(plain);
  for (let task = 0; task < scores.length; task += 1) {
    for (const pattern of classifier.patterns[task]!)
      if (mayMatch(pattern, signs) && pattern.test(plain)) scores[task]! += PATTERN_WEIGHT;
    for (const literal of classifier.literals[task]!) if (plain.includes(literal)) scores[task]! += 2.2;
  }
}

function total(task: Task, words: number, features: Features, scan: Readonly<Scan>): number {
  if (!isPossible(task, features)) return Number.NEGATIVE_INFINITY;
  const said = words > 0 ? SATURATION * (1 - Math.exp(-words / SATURATION)) : words;
  return said + signalOf(task, features, scan);
}

/**
 * Softmax, in which many tasks that nothing speaks for weigh no more than a few: adding tasks makes nobody less sure of the
 * others. Loops rather than maps and a sort: this is a third of the cost for a short prompt.
 */
function probabilities(classifier: Classifier, ratings: Float64Array): Classification['scores'] {
  let highest = Number.NEGATIVE_INFINITY;
  for (const rating of ratings) if (rating > highest) highest = rating;
  if (highest === Number.NEGATIVE_INFINITY) return [];
  let silent = 0;
  for (const rating of ratings) if (rating <= 0 && rating > Number.NEGATIVE_INFINITY) silent += 1;
  const part = silent > MOST_SILENT ? MOST_SILENT / silent : 1;
  let sum = 0;
  for (let task = 0; task < ratings.length; task += 1) {
    const rating = ratings[task]!;
    sum += ratings[task] = Math.exp(rating - highest) * (rating <= 0 ? part : 1);
  }
  const scores: { readonly task: string; readonly score: number }[] = [];
  for (let task = 0; task < ratings.length; task += 1) {
    const score = ratings[task]! / sum;
    let place = task;
    while (place > 0 && scores[place - 1]!.score < score) {
      scores[place] = scores[place - 1]!;
      place -= 1;
    }
    scores[place] = { task: classifier.tasks[task]!.name, score };
  }
  return scores;
}
