// What the catalog makes one expect of a model before anything was seen of it.
import type { Model } from '../contract/index.ts';

/** Quality 0 is right a third of the time, quality 10 nearly always. */
const LOWEST = 0.35;
const HIGHEST = 0.95;
const STRENGTH_BONUS = 0.04;
const CERTAIN = 0.98;

/** What the catalog thinks of a model. */
export type Rated = Pick<Model, 'name' | 'quality' | 'strengths'>;

/** Of a model that is no longer in the catalog. */
export const unknownModel = (name: string): Rated => ({ name, quality: 6, strengths: [] });

/** Probability of a right answer, from the catalog's quality (0-10) and the task's place among the model's strengths. */
export function priorOf(model: Omit<Rated, 'name'>, task: string): number {
  const share = Math.min(1, Math.max(0, model.quality / 10));
  const bonus = model.strengths.includes(task) ? STRENGTH_BONUS : 0;
  return Math.min(CERTAIN, LOWEST + (HIGHEST - LOWEST) * share + bonus);
}
