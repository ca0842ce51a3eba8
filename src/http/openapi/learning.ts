// What the administration tells of what was learnt, and what it takes to learn.
import { z } from 'zod';
import {
  anything,
  flag,
  maybeNumber,
  maybeText,
  moment,
  number,
  page,
  paging,
  text,
  texts,
  whole,
  type Descriptions,
} from './shapes.ts';

const confidence = z.strictObject({
  task: text(),
  model: text(),
  confidence: number(),
  prior: number(),
  samples: number(),
  usable: flag(),
});
const change = z.strictObject({
  at: moment(),
  task: text(),
  model: text(),
  before: number(),
  after: number(),
  why: text(),
});
const bin = z.strictObject({ from: number(), to: number(), count: number(), confidence: number(), right: number() });
const calibrated = z.strictObject({
  verdicts: number(),
  judged: number(),
  ece: maybeNumber(),
  brier: maybeNumber(),
  bins: z.array(bin),
});
const verdict = z.strictObject({
  id: text(),
  request_id: text(),
  tenant: text(),
  at: moment(),
  task: text(),
  models: texts(),
  confidence: maybeNumber(),
  score: number(),
  correct: flag(),
  correction: anything(),
  kind: maybeText(),
  comment: maybeText(),
});

const named = z.object({ task: z.string().optional(), model: z.string().optional() });

export const LEARNING: Descriptions = {
  'GET /admin/v1/confidence': {
    tag: 'learning',
    summary: 'How likely each model is right at each task.',
    query: named.extend({ ...paging.shape, tenant: z.string().optional() }),
    answer: page(confidence),
  },
  'GET /admin/v1/confidence/history': {
    tag: 'learning',
    summary: 'How that changed and why.',
    query: named.extend(paging.shape),
    answer: page(change),
  },
  'GET /admin/v1/calibration': {
    tag: 'learning',
    summary: 'How sure it was and how right.',
    answer: z.strictObject({
      object: z.literal('calibration'),
      all: calibrated,
      tasks: z.record(text(), calibrated),
      signals: z.array(z.strictObject({ kind: text(), right: number(), weight: number(), verdicts: number() })),
      review_below: number(),
    }),
  },
  'GET /admin/v1/feedback': {
    tag: 'learning',
    summary: 'What people said of answers.',
    query: paging.extend({
      tenant: z.string().optional(),
      format: z.enum(['json', 'jsonl']).optional().describe('jsonl: all of it, a verdict with its lesson a line.'),
    }),
    answer: page(verdict),
    types: ['application/jsonl'],
  },
  'POST /admin/v1/feedback': {
    tag: 'learning',
    summary:
      'Takes verdicts as JSON lines: as for POST /v1/feedback, or as exported. Bad lines are named, all others count.',
    body: z.string(),
    answer: z.strictObject({
      object: z.literal('feedback.taken'),
      taken: whole(),
      replaced: whole(),
      unchanged: whole(),
      failed: whole(),
      problems: z.array(z.strictObject({ line: whole(), request_id: maybeText(), problem: text() })),
    }),
  },
  'GET /admin/v1/evidence': {
    tag: 'learning',
    summary: 'What was seen of each model, a decayed sum a line.',
    answer: z.string(),
    types: ['application/jsonl'],
  },
  'POST /admin/v1/evidence': {
    tag: 'learning',
    summary: 'Adds such lines, of another installation for example.',
    body: z.string(),
    answer: z.strictObject({ object: z.literal('evidence.added'), added: whole() }),
  },
};
