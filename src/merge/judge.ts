// How good one candidate is by itself: whole, in the asked-for form, sure of itself.
import type { Candidate, ChatRequest, Judgement, MergeContext, Violation } from '../contract/index.ts';
import type { Reading } from './reading.ts';
import { finalText } from './finals.ts';
import type { Schemas } from './schema.ts';
import { JsonNumber } from './json.ts';
import type { Json } from './json.ts';
import { quantityOf } from './quantity.ts';
import { toolsOf } from './request.ts';
import { validate } from './validate.ts';

/** Below it an answer isn't good enough to stand alone. */
const ACCEPTABLE = 0.6;

interface Finding {
  readonly reason: string;
  readonly factor: number;
  readonly violations?: readonly Violation[];
}

const REFUSALS =
  /^(?:i['’]?m (?:really |very |so )?sorry|i am sorry|sorry|unfortunately)?[,.]?\s*(?:but )?(?:as an ai[^.]*,\s*)?i (?:can(?:no|['’])?t|am (?:not able|unable)|['’]m (?:not able|unable)|won['’]t|must decline)\b|^(?:lo siento|je suis désolé|es tut mir leid|desculpe|mi dispiace|申し訳|对不起|抱歉|很抱歉)/i;
const HEDGES =
  /\b(?:i['’]?m not (?:entirely |completely |quite |really )?(?:sure|certain)|i am not (?:entirely |completely )?(?:sure|certain)|i (?:do not|don['’]t) know|i have no (?:idea|way of knowing)|(?:cannot|can['’]t|could not) be determined|hard to say|(?:just|only) (?:a|my) guess|no estoy segur|je ne sais pas|ich bin (?:mir )?nicht sicher)|不确定|不知道|わかりません/i;
const MAX_REFUSAL_CHARS = 600;

/** A refusal in so many words, or in the field for it; long texts that begin with an apology aren't. */
export function isRefusal(candidate: Candidate, reading: Reading): boolean {
  const refusal: unknown = candidate.message.refusal;
  if (typeof refusal === 'string' && refusal !== '') return true;
  return reading.text.length <= MAX_REFUSAL_CHARS && REFUSALS.test(reading.text.replace(/^["'\s]+/, ''));
}

export const isEmpty = (reading: Reading): boolean => reading.calls.length === 0 && reading.text === '';

function finishFindings(candidate: Candidate): Finding[] {
  if (candidate.finishReason === 'length') return [{ reason: 'cut off', factor: 0.3 }];
  return candidate.finishReason === 'content_filter' ? [{ reason: 'filtered', factor: 0.2 }] : [];
}

function contentFindings(candidate: Candidate, reading: Reading, asksTools: boolean): Finding[] {
  if (isEmpty(reading)) {
    const refused = typeof candidate.message.refusal === 'string' && candidate.message.refusal !== '';
    return [refused ? { reason: 'refused', factor: 0.1 } : { reason: 'empty', factor: 0.01 }];
  }
  if (reading.calls.length > 0 || asksTools) return [];
  if (isRefusal(candidate, reading)) return [{ reason: 'refused', factor: 0.1 }];
  const hedged = HEDGES.test(reading.text.length <= 600 ? reading.text : reading.text.slice(-300));
  return hedged ? [{ reason: 'not sure of itself', factor: 0.5 }] : [];
}

/** `response_format`'s schema; undefined when none was asked for. */
export function schemaOf(request: ChatRequest): { readonly json: boolean; readonly schema: unknown } {
  const format = request.response_format;
  const type = format?.type;
  if (type !== 'json_object' && type !== 'json_schema') return { json: false, schema: undefined };
  const wrapped = format?.['json_schema'];
  const schema = typeof wrapped === 'object' && wrapped !== null ? (wrapped as { schema?: unknown }).schema : undefined;
  return { json: true, schema: type === 'json_schema' ? schema : undefined };
}

function jsonFindings(reading: Reading, request: ChatRequest, schemas: Schemas): Finding[] {
  const { json, schema } = schemaOf(request);
  if (!json || reading.calls.length > 0 || reading.text === '') return [];
  if (reading.json === null)
    return [
      { reason: 'not JSON', factor: 0.1, violations: [{ validator: 'json', field: '', message: 'is not JSON' }] },
    ];
  const wrapped: Finding[] = reading.json.strict ? [] : [{ reason: 'JSON in other text', factor: 0.8 }];
  const { check } = schemas.of(schema, 'schema');
  const violations = check(reading.json.value);
  return violations.length === 0 ? wrapped : [...wrapped, { reason: 'schema invalid', factor: 0.2, violations }];
}

function toolFindings(reading: Reading, request: ChatRequest, schemas: Schemas): Finding[] {
  const tools = toolsOf(request);
  const choice = request['tool_choice'];
  if (reading.calls.length === 0)
    return choice === 'required' || (typeof choice === 'object' && choice !== null && tools.names.size > 0)
      ? [{ reason: 'no tool call', factor: 0.2 }]
      : [];
  if (choice === 'none') return [{ reason: 'tool call not asked for', factor: 0.2 }];
  const violations = reading.calls.flatMap((call): readonly Violation[] => {
    if (call.source.type === 'custom') return [];
    const tool = tools.get(call.name);
    if (tool === undefined) return [{ validator: 'tool_schema', field: call.name, message: 'no such tool' }];
    if (call.arguments === null)
      return [{ validator: 'json', field: call.name, message: 'arguments are not a JSON object' }];
    return schemas
      .of(tool.parameters, 'tool_schema')
      .check(call.arguments)
      .map((violation) => ({ ...violation, field: `${call.name}.${violation.field}`.replace(/\.$/, '') }));
  });
  const written = reading.written ? [{ reason: 'tool call in the text', factor: 0.6 }] : [];
  return violations.length === 0 ? written : [...written, { reason: 'tool call invalid', factor: 0.3, violations }];
}

/** What validators look at: the JSON, the arguments of a single call, or the final answer. */
export function validated(reading: Reading): Json | undefined {
  if (reading.calls.length > 0)
    return reading.calls.length === 1 ? (reading.calls[0]!.arguments ?? undefined) : undefined;
  if (reading.json !== null) return reading.json.value;
  const final = reading.final?.text ?? reading.text.slice(0, 10_000);
  const quantity = quantityOf(final);
  return quantity === null ? final : new JsonNumber(String(quantity.plain));
}

function validatorFindings(reading: Reading, context: MergeContext): Finding[] {
  const { validators } = context.task;
  if (validators.length === 0 || isEmpty(reading)) return [];
  const answer = validated(reading);
  const violations = answer === undefined ? [] : validate(answer, validators, context.now);
  return violations.length === 0
    ? []
    : [{ reason: 'validators violated', factor: Math.max(0.15, 0.5 ** Math.min(3, violations.length)), violations }];
}

/** Geometric mean and lowest probability over the tokens of the answer; models are surest of what they make up fluently, so only doubt counts. */
function tokenFindings(candidate: Candidate, reading: Reading): Finding[] {
  const tokens = candidate.completion.choices[0]?.logprobs?.content;
  if (!Array.isArray(tokens) || tokens.length === 0) return [];
  const logprobs = answerTokens(tokens, finalText(reading) ?? '');
  if (logprobs.length === 0) return [];
  const mean = Math.exp(logprobs.reduce((sum, logprob) => sum + logprob, 0) / logprobs.length);
  const lowest = Math.exp(Math.min(...logprobs));
  if (mean >= 0.7 && (lowest >= 0.2 || logprobs.length > 40)) return [];
  return [
    {
      reason: 'low token confidence',
      factor: Math.max(0.3, Math.min(mean, logprobs.length > 40 ? 1 : Math.sqrt(lowest))),
    },
  ];
}

type TokenLogprob = { readonly token: string; readonly logprob: number };
const MAX_TOKENS = 20_000;

function spelling(token: { readonly token: unknown }): string {
  return typeof token.token === 'string' ? token.token : '';
}

/** Log probabilities of the tokens that spell the answer, or of all where it can't be found. */
function answerTokens(tokens: readonly TokenLogprob[], answer: string): number[] {
  const last = tokens.slice(-MAX_TOKENS);
  const text = last.map(spelling).join('');
  const start = answer === '' || answer.length > 200 ? -1 : text.lastIndexOf(answer);
  let at = 0;
  const within = last.filter((token) => {
    const begins = at;
    at += spelling(token).length;
    return start < 0 || (at > start && begins < start + answer.length);
  });
  return within.map((token) => token.logprob).filter((logprob) => Number.isFinite(logprob) && logprob <= 0);
}

export function judge(candidate: Candidate, reading: Reading, context: MergeContext, schemas: Schemas): Judgement {
  const { request } = context;
  const asksTools = toolsOf(request).names.size > 0;
  const findings = [
    ...finishFindings(candidate),
    ...contentFindings(candidate, reading, asksTools),
    ...jsonFindings(reading, request, schemas),
    ...toolFindings(reading, request, schemas),
    ...validatorFindings(reading, context),
    ...tokenFindings(candidate, reading),
  ];
  const factor = findings.reduce((product, finding) => product * finding.factor, 1);
  return {
    acceptable: factor >= ACCEPTABLE,
    factor,
    violations: findings.flatMap((finding) => finding.violations ?? []),
    reasons: findings.map((finding) => finding.reason),
  };
}
