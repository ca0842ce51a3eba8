// POST /v1/embeddings and /v1/moderations: hashed n-grams as unit vectors, and a small lexicon of harm.
import { QuorumError } from '../contract/index.ts';
import { behaviourOf, type World } from './chat.ts';
import { digestOf, hashOf } from './random.ts';
import { countTokens } from './tokens.ts';

type Loose = Readonly<Record<string, unknown>>;
const DEFAULT_DIMENSIONS = 256;
const MAX_DIMENSIONS = 4096;
const MAX_INPUTS = 2048;
/** Text beyond it doesn't change the vector. */
const READ_CHARACTERS = 50_000;

/** Character trigrams and words, signed and hashed into `dimensions` buckets (Weinberger et al. 2009), length 1. */
function vectorOf(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions);
  const words =
    text
      .slice(0, READ_CHARACTERS)
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? [];
  const add = (gram: string, weight: number): void => {
    const hash = hashOf(gram);
    vector[(hash >>> 1) % dimensions]! += hash & 1 ? weight : -weight;
  };
  for (const word of words) {
    add(`word:${word}`, 2);
    const padded = `^${word}$`;
    for (let at = 0; at + 3 <= padded.length; at++) add(padded.slice(at, at + 3), 1);
  }
  const length = Math.hypot(...vector);
  if (length === 0) vector[hashOf(text) % dimensions] = 1;
  else for (let at = 0; at < dimensions; at++) vector[at]! /= length;
  return vector;
}

/** A token's text isn't known here; its number stands for it. */
function inputsOf(input: unknown): readonly string[] {
  const asText = (value: unknown): string | null => {
    if (typeof value === 'string') return value;
    return Array.isArray(value) && value.length > 0 && value.every((each) => Number.isInteger(each))
      ? value.join(' ')
      : null;
  };
  const single = asText(input);
  const list = single === null ? (Array.isArray(input) ? (input as unknown[]).map(asText) : []) : [single];
  if (list.length === 0 || list.length > MAX_INPUTS || list.some((each) => each === null || each === '')) {
    throw new QuorumError(
      'invalid_value',
      "'input' must be a string that isn't empty, a list of up to 2048 of them, or tokens.",
      { param: 'input' },
    );
  }
  return list as string[];
}

export function embed(world: World, body: Loose): unknown {
  const model = modelOf(body);
  behaviourOf(world, model);
  const inputs = inputsOf(body['input']);
  const dimensions = body['dimensions'] ?? DEFAULT_DIMENSIONS;
  if (
    typeof dimensions !== 'number' ||
    !Number.isInteger(dimensions) ||
    dimensions < 1 ||
    dimensions > MAX_DIMENSIONS
  ) {
    throw new QuorumError('invalid_value', `'dimensions' must be a whole number from 1 to ${MAX_DIMENSIONS}.`, {
      param: 'dimensions',
    });
  }
  const format = body['encoding_format'] ?? 'float';
  if (format !== 'float' && format !== 'base64')
    throw new QuorumError('invalid_value', "'encoding_format' must be float or base64.", { param: 'encoding_format' });
  const tokens = inputs.reduce((sum, input) => sum + countTokens(input), 0);
  const data = inputs.map((input, index) => {
    const vector = vectorOf(input, dimensions);
    return {
      object: 'embedding',
      index,
      embedding: format === 'base64' ? Buffer.from(vector.buffer).toString('base64') : [...vector],
    };
  });
  return { object: 'list', data, model, usage: { prompt_tokens: tokens, total_tokens: tokens } };
}

function modelOf(body: Loose): string {
  const { model } = body;
  if (typeof model === 'string') return model;
  throw new QuorumError('invalid_value', "Missing required parameter: 'model'.", { param: 'model' });
}

const HARMS: readonly (readonly [string, RegExp])[] = [
  ['harassment', /\b(?:idiot|moron|stupid|loser|shut up)\b/i],
  ['harassment/threatening', /\b(?:i will (?:hurt|kill|beat) you)\b/i],
  ['hate', /\bi hate (?:all )?(?:those|these|\w+s)\b/i],
  ['hate/threatening', /\bexterminate\b/i],
  ['illicit', /\b(?:build|make) a bomb\b/i],
  ['illicit/violent', /\b(?:build|make) a bomb\b/i],
  ['self-harm', /\b(?:hurt|kill) myself\b|\bsuicide\b/i],
  ['self-harm/intent', /\bi want to (?:die|kill myself)\b/i],
  ['self-harm/instructions', /\bhow to (?:kill|hurt) myself\b/i],
  ['sexual', /\b(?:porn|explicit sex)\b/i],
  ['sexual/minors', /(?!)/],
  ['violence', /\b(?:kill|murder|stab|shoot)\b/i],
  ['violence/graphic', /\b(?:gore|dismember)\b/i],
];

function moderated(text: string): unknown {
  const hits = HARMS.map(([name, words]) => [name, words.test(text.slice(0, READ_CHARACTERS))] as const);
  return {
    flagged: hits.some(([, hit]) => hit),
    categories: Object.fromEntries(hits),
    category_scores: Object.fromEntries(hits.map(([name, hit]) => [name, hit ? 0.9 : 0.001])),
    category_applied_input_types: Object.fromEntries(hits.map(([name]) => [name, ['text']])),
  };
}

/** Any model name will do, and none; the input may be texts or content parts. */
export function moderate(world: World, body: Loose): unknown {
  const { input } = body;
  const list = Array.isArray(input) ? (input as unknown[]) : [input];
  const parts = list.filter((each): each is Loose => typeof each === 'object' && each !== null);
  const texts =
    parts.length > 0
      ? [parts.map((part) => (typeof part['text'] === 'string' ? part['text'] : '')).join('\n')]
      : inputsOf(input);
  const model = typeof body['model'] === 'string' ? body['model'] : [...world.behaviours.keys()][0]!;
  return { id: `modr-sim-${digestOf(texts.join('\n'), world.seed)}`, model, results: texts.map(moderated) };
}
