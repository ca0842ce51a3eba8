// What a solver hands over: the truth, and the mistakes a model could plausibly make instead.
import type { Family } from '../behaviour.ts';

export interface Solution {
  readonly family: Family;
  /** How it may be worded: numbers, labels and words stand alone or in a sentence; code in a fence; text as it is. */
  readonly form: 'number' | 'label' | 'word' | 'code' | 'text';
  readonly right: string;
  /** Plausible, different from `right`; never empty. */
  readonly wrongs: readonly string[];
  /** What is being answered, for a full sentence: `17 * 23`, `The capital of France`. */
  readonly subject?: string;
  /** Programming language of `code`. */
  readonly language?: string;
}

/** `wrongs` without repetitions and without the truth; null when none is left. */
export function solution(draft: Solution): Solution | null {
  const plain = (text: string): string => text.trim().toLowerCase();
  const seen = new Set([plain(draft.right)]);
  const wrongs = draft.wrongs.filter((wrong) => !seen.has(plain(wrong)) && seen.add(plain(wrong)));
  return wrongs.length === 0 ? null : { ...draft, wrongs };
}
