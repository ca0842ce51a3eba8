// What the form of a request says about its task, beyond its words.
import type { Features, Task } from '../contract/index.ts';
import type { Scan } from './scan.ts';

/** False when the task is impossible without something that the request doesn't have. */
export function isPossible(task: Task, features: Features): boolean {
  return task.needs.every((need) => has(need, features));
}

function has(need: Task['needs'][number], features: Features): boolean {
  switch (need) {
    case 'tools':
      return features.hasTools;
    case 'image':
      return features.hasImages;
    case 'schema':
      return features.responseFormat !== 'text';
    case 'code':
      return features.hasCode;
    default:
      return need satisfies never;
  }
}

type Signal = (features: Features, scan: Readonly<Scan>) => number;

const BRACKETS_PER_WORD = 0.12;
const isCode = (features: Features, scan: Readonly<Scan>): boolean =>
  features.hasCode || (scan.brackets > 4 && scan.brackets > scan.words * BRACKETS_PER_WORD);

/** Tasks known by name; a task that isn't configured has no signal. Scores are on the scale of one keyword, 2.2. */
const SIGNALS: Readonly<Record<string, Signal>> = {
  tool_use: ({ hasTools }) => (hasTools ? 3.2 : 0),
  vision: ({ hasImages }) => (hasImages ? 5 : 0),
  extraction: ({ responseFormat }) =>
    responseFormat === 'json_schema' ? 3 : responseFormat === 'json_object' ? 1.8 : 0,
  code: (features, scan) => (isCode(features, scan) ? 2.6 : 0),
  math: (features, scan) => {
    if (isCode(features, scan)) return 0;
    const dense = scan.digits > 3 && scan.digits > scan.words * 0.3 ? 0.6 : 0;
    return Math.min(2.4, scan.operations * 1.4) + dense;
  },
  simple_query: (features, scan) =>
    (scan.words <= 16 ? 1.2 : 0) + (scan.questions > 0 && scan.words <= 30 && !isCode(features, scan) ? 0.9 : 0),
  summarisation: (_, scan) => (scan.words > 400 ? 0.8 : 0),
  summarization: (_, scan) => (scan.words > 400 ? 0.8 : 0),
};

export function signalOf(task: Task, features: Features, scan: Readonly<Scan>): number {
  const own = Object.hasOwn(SIGNALS, task.name) ? SIGNALS[task.name]!(features, scan) : 0;
  return own === 0 && task.needs.length > 0 ? 2 : own;
}
