// What a request asked for in a few fields, and a request that asks the same: so that a decision can be made again without the prompt.
import { NO_WISHES, type Asked, type Features, type Wishes } from '../contract/index.ts';

const USUAL: Features = {
  text: '',
  inputTokens: 0,
  maxOutputTokens: null,
  turns: 1,
  hasTools: false,
  hasImages: false,
  hasAudio: false,
  hasCode: false,
  responseFormat: 'text',
  choices: 1,
  wantsLogprobs: false,
  stream: false,
};

const FORM = (Object.keys(USUAL) as (keyof Features)[]).filter((key) => key !== 'text');
const WISHES = (Object.keys(NO_WISHES) as (keyof Wishes)[]).filter((key) => key !== 'task');

export function askedOf(features: Features, wishes: Wishes): Asked {
  const asked: Record<string, unknown> = {};
  for (const key of FORM) if (features[key] !== USUAL[key]) asked[key] = features[key];
  for (const key of WISHES) if (wishes[key] !== null) asked[key] = wishes[key];
  return asked;
}

/** The same again, of a known task. */
export function askAgain(asked: Asked, task: string): { readonly features: Features; readonly wishes: Wishes } {
  const { strategy, tier, models, maxCost, deadlineMs, ...form } = asked;
  const wishes = { strategy, tier, models, maxCost, deadlineMs };
  const given = Object.entries(wishes).filter(([, wish]) => wish !== undefined);
  return { features: { ...USUAL, ...form }, wishes: { ...NO_WISHES, ...Object.fromEntries(given), task } };
}
