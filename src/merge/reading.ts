// What a candidate says, read once: its text, the JSON in it, its tool calls. Independent of the other candidates.
import type { Candidate, ChatRequest, ToolCall } from '../contract/index.ts';
import { extract, fieldInText } from './extract.ts';
import type { Extracted } from './extract.ts';
import { findJson } from './find.ts';
import type { FoundJson } from './find.ts';
import { isObject, parseJson, writeJson } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import { toolsOf } from './request.ts';
import { profileOf } from './similarity.ts';
import type { Profile } from './similarity.ts';
import { MAX_READ_CHARS, textOf, withoutThinking } from './text.ts';
import { writtenCalls } from './written.ts';

export interface Call {
  readonly source: ToolCall;
  readonly name: string;
  /** null: not an object, or not JSON. */
  readonly arguments: JsonObject | null;
}

/** Where an object holds a final answer beside its reasoning. */
interface AnswerField {
  readonly name: string;
  readonly value: Json;
}

export interface Reading {
  /** As sent. */
  readonly content: string;
  /** Without thinking, trimmed. */
  readonly text: string;
  readonly calls: readonly Call[];
  /** The calls stand in the text only. */
  readonly written: boolean;
  readonly json: FoundJson | null;
  readonly answerField: AnswerField | null;
  /** The final answer in the text; null when there is none, or in a text too long to read. */
  readonly final: Extracted | null;
  readonly profile: Profile;
}

const ANSWER_NAMES =
  /^(?:the_?)?(?:final_?|correct_?|best_?)?(?:answer|result|solution|choice|label|prediction|verdict|category|classification|output|response|conclusion)$/i;
const REASONING_NAMES =
  /^(?:step_?by_?step|chain_?of_?thoughts?|cot|reason(?:s|ing)?(?:_?(?:steps|process|text))?|explanations?|rationale|thoughts?|thinking|thought_?process|analysis|justification|steps|work(?:ing|ings)?|evidence|comments?|notes?|confidence)$/i;

export const isReasoning = (name: string): boolean => REASONING_NAMES.test(name);

/** The one answer field of an object whose other fields only tell how it came about. */
function answerFieldOf(value: Json | undefined): AnswerField | null {
  if (!isObject(value) || value.size > 12) return null;
  const names = [...value.keys()].filter((name) => ANSWER_NAMES.test(name));
  const rest = [...value.keys()].filter((name) => !isReasoning(name));
  if (names.length !== 1 || rest.length !== 1) return null;
  return { name: names[0]!, value: value.get(names[0]!)! };
}

function brokenField(text: string, json: FoundJson | null): AnswerField | null {
  const value = json !== null && isObject(json.value) ? null : fieldInText(text);
  return value === null ? null : { name: 'answer', value };
}

/** What comes over the wire needn't be a call at all. */
function callOf(source: ToolCall): Call {
  const custom = (source as ToolCall | null)?.custom as Partial<ToolCall['custom']> | null | undefined;
  if (typeof custom === 'object' && custom !== null) return customCallOf(source, custom);
  const called = (source as ToolCall | null)?.function as Partial<ToolCall['function']> | null | undefined;
  const text: unknown = called?.arguments;
  const value = typeof text === 'string' ? parseJson(text.trim() === '' ? '{}' : text) : undefined;
  const name: unknown = called?.name;
  const made: ToolCall = {
    ...source,
    type: 'function',
    function: { name: '', ...called, arguments: typeof text === 'string' ? text : '' },
  };
  return { source: made, name: typeof name === 'string' ? name : '', arguments: isObject(value) ? value : null };
}

const wordOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** It takes a text, which is compared as it is. */
function customCallOf(source: ToolCall, { name, input }: Partial<NonNullable<ToolCall['custom']>>): Call {
  const called = { name: wordOf(name), arguments: wordOf(input) };
  return { source: { ...source, type: 'custom', function: called }, name: called.name, arguments: null };
}

/** Calls of offered tools in the text, as if they had been made. */
function callsInText(text: string, request: ChatRequest): readonly Call[] {
  const { names } = toolsOf(request);
  if (names.size === 0) return [];
  return writtenCalls(text, names).map((call, at) => ({
    source: { id: `call_${at}`, type: 'function', function: { name: call.name, arguments: writeJson(call.arguments) } },
    ...call,
  }));
}

/** The calls of a message; the one call of old is a list of one. */
function madeBy({ tool_calls: calls, function_call: legacy }: Candidate['message']): readonly ToolCall[] {
  if (Array.isArray(calls) && calls.length > 0) return calls as readonly ToolCall[];
  return typeof legacy === 'object' && legacy !== null
    ? [{ type: 'function', function: legacy as ToolCall['function'] }]
    : [];
}

/** Each part is worked out when it is first asked for. A class, since getters of an object literal are made anew for each object, at length. */
class LazyReading implements Reading {
  readonly content: string;
  readonly #request: ChatRequest;
  readonly #made: readonly ToolCall[];
  #text: string | undefined;
  #calls: readonly Call[] | undefined;
  #json: FoundJson | null | undefined;
  #answerField: AnswerField | null | undefined;
  #final: Extracted | null | undefined;
  #profile: Profile | undefined;

  constructor({ message }: Candidate, request: ChatRequest) {
    this.content = textOf(message);
    this.#made = madeBy(message);
    this.#request = request;
  }

  get text(): string {
    return (this.#text ??= withoutThinking(this.content).trim());
  }

  get calls(): readonly Call[] {
    return (this.#calls ??=
      this.#made.length > 0 ? this.#made.map((call) => callOf(call)) : callsInText(this.text, this.#request));
  }

  get written(): boolean {
    return this.#made.length === 0 && this.calls.length > 0;
  }

  get json(): FoundJson | null {
    if (this.#json === undefined) this.#json = findJson(this.text);
    return this.#json;
  }

  get answerField(): AnswerField | null {
    if (this.#answerField === undefined)
      this.#answerField = answerFieldOf(this.json?.value) ?? brokenField(this.text, this.json);
    return this.#answerField;
  }

  get final(): Extracted | null {
    if (this.#final === undefined) this.#final = this.text.length > MAX_READ_CHARS ? null : extract(this.text);
    return this.#final;
  }

  get profile(): Profile {
    return (this.#profile ??= profileOf(this.text));
  }
}

const readingOf = (candidate: Candidate, request: ChatRequest): Reading => new LazyReading(candidate, request);

type Read = (candidate: Candidate, request: ChatRequest) => Reading;

/**
 * `once` remembers the last alone: as a rule a candidate is read, merged and forgotten, and what is kept weakly costs the garbage
 * collector more than reading it. `kept` is for several that are compared again and again.
 */
export function createReader(): { readonly once: Read; readonly kept: Read } {
  const readings = new WeakMap<Candidate, { readonly request: ChatRequest; readonly reading: Reading }>();
  let last: { readonly candidate: Candidate; readonly request: ChatRequest; readonly reading: Reading } | null = null;

  const once: Read = (candidate, request) => {
    if (last?.candidate === candidate && last.request === request) return last.reading;
    const known = readings.get(candidate);
    if (known?.request === request) return known.reading;
    const reading = readingOf(candidate, request);
    last = { candidate, request, reading };
    return reading;
  };
  return {
    once,
    kept(candidate, request) {
      const reading = once(candidate, request);
      if (readings.get(candidate)?.reading !== reading) readings.set(candidate, { request, reading });
      return reading;
    },
  };
}
