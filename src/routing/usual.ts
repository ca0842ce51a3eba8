// What a usual request of a task looks like, for estimates made before there is any request.
import type { Features, Task } from '../contract/index.ts';

/** Tokens of a usual question by task, what it is about included; tasks of the user's own get the middle. */
const USUAL_INPUT: Readonly<Record<string, number>> = {
  simple_query: 60,
  complex_reasoning: 400,
  code: 800,
  math: 150,
  extraction: 1_200,
  translation: 500,
  summarisation: 2_500,
  summarization: 2_500,
  creative: 150,
  classification: 250,
  tool_use: 900,
  vision: 1_000,
  planning: 400,
  validation_critical: 600,
};
const MIDDLE_INPUT = 500;

/** One turn, one choice, no limit on the output. */
export const usualFeatures = ({ name, needs }: Task): Features => ({
  text: '',
  inputTokens: USUAL_INPUT[name] ?? MIDDLE_INPUT,
  maxOutputTokens: null,
  turns: 1,
  hasTools: needs.includes('tools'),
  hasImages: needs.includes('image'),
  hasAudio: false,
  hasCode: needs.includes('code'),
  responseFormat: needs.includes('schema') ? 'json_schema' : 'text',
  choices: 1,
  wantsLogprobs: false,
  stream: false,
});
