// All candidates become one answer: by kind, with who said what.
import type { AssistantMessage, Camp, Merged, Violation } from '../contract/index.ts';
import { agrees } from './agree.ts';
import { callsKey } from './calls.ts';
import { mergeValues } from './fields.ts';
import { groundOf, isStructured, medoid } from './ground.ts';
import type { Camped, Ground } from './ground.ts';
import { identical, same } from './same.ts';
import { schemaOf, validated } from './judge.ts';
import { writeJson } from './json.ts';
import type { Json } from './json.ts';
import { createLedger } from './ledger.ts';
import type { Ledger } from './ledger.ts';
import { among } from './panel.ts';
import type { Panel } from './panel.ts';
import { finalText } from './finals.ts';
import { callSides, mergeCalls } from './tools.ts';
import type { MergedCalls } from './tools.ts';
import { validate } from './validate.ts';
import { byRank, isTie, shareOf, tally } from './vote.ts';
import type { Side, Voice } from './vote.ts';

export const campsOf = (camps: readonly Camped[]): readonly Camp[] =>
  camps.map((side) => ({
    models: side.voices.map((voice) => voice.candidate.model),
    weight: Number(side.weight.toPrecision(9)),
    value: side.value,
  }));

/** One voice alone wins with most of the weight only if that is far more than half. */
const CLEAR_SHARE = 2 / 3;

export function isDisputed(camps: readonly Side[]): boolean {
  const voices = camps.reduce((sum, side) => sum + side.voices.length, 0);
  return voices > 1 && !camps.some((side) => side.voices.length > 1) && shareOf(camps) < CLEAR_SHARE;
}

interface Outcome {
  readonly base: Voice;
  readonly message: AssistantMessage | null;
  readonly agreeing: readonly Voice[];
  readonly agreement: number;
  readonly disputed: boolean;
  readonly tie: boolean;
  readonly violations: readonly Violation[];
}

export function merge(panel: Panel): Merged {
  const ground = groundOf(panel);
  const ledger = createLedger();
  const outcome = outcomeOf(panel, ground, ledger);
  const agreeing = outcome.agreeing.length > 0 ? outcome.agreeing : [outcome.base];
  return {
    kind: ground.kind,
    base: outcome.base.candidate,
    message: outcome.message,
    models: [...new Set(agreeing.map((voice) => voice.candidate.model))],
    agreement: panel.voices.length === 1 ? 1 : outcome.agreement,
    disputed: outcome.disputed,
    tie: outcome.tie,
    camps: campsOf(ground.camps),
    provenance: ledger.entries(),
    violations: outcome.violations,
  };
}

function outcomeOf(panel: Panel, ground: Ground, ledger: Ledger): Outcome {
  switch (ground.kind) {
    case 'tool_calls':
      return toolOutcome(panel, ground, ledger);
    case 'json':
      return jsonOutcome(panel, ground, ledger);
    case 'number':
    case 'choice':
    case 'label':
    case 'short':
    case 'code':
    case 'prose':
    case 'refusal':
    case 'empty':
      return wholeOutcome(panel, ground, ledger);
    default:
      return ground.kind satisfies never;
  }
}

/** The whole answer of the winning camp's best voice. */
function wholeOutcome(panel: Panel, ground: Ground, ledger: Ledger): Outcome {
  const [first] = ground.camps;
  const base =
    ground.kind === 'prose' || ground.kind === 'code'
      ? medoid(first!.voices, panel.voices)
      : spokesman(first!, panel, ground);
  noteWhole(ground, ledger);
  return taken(base, ground);
}

/** Best voice among those who spell the answer as most of the camp do. */
function spokesman(side: Camped, panel: Panel, ground: Ground): Voice {
  if (ground.kind === 'refusal' || ground.kind === 'empty') return side.voices[0]!;
  const spelled = tally(
    side.voices.map((voice) => ({ voice, key: (finalText(voice.reading) ?? '').trim() })),
    panel.bond,
  );
  const majority = spelled[0]!.voices.length > 1 && spelled[0]!.voices.length * 2 > side.voices.length;
  return majority ? spelled[0]!.voices[0]! : side.voices[0]!;
}

function noteWhole(ground: Ground, ledger: Ledger): void {
  const values = new Map<Side, string>(ground.camps.map((side) => [side, side.value]));
  if (ground.camps.length === 1) ledger.agree('', () => ground.camps[0]!.value, ground.camps[0]!.voices);
  else
    ledger.note(
      '',
      () => ground.camps[0]!.value,
      ground.camps,
      (side) => values.get(side) ?? side.key,
    );
}

function taken(base: Voice, ground: Ground): Outcome {
  return {
    base,
    message: null,
    agreeing: ground.camps[0]!.voices,
    agreement: shareOf(ground.camps),
    disputed: isDisputed(ground.camps),
    tie: isTie(ground.camps),
    violations: base.judgement.violations,
  };
}

// ---- JSON

function jsonOutcome(panel: Panel, ground: Ground, ledger: Ledger): Outcome {
  const { context } = panel;
  const { json: asked, schema } = schemaOf(context.request);
  const voices = panel.voices.filter((voice) => voice.reading.json !== null && (asked || isStructured(voice.reading)));
  const lead = ground.camps[0]!.voices.find((voice) => voices.includes(voice)) ?? voices[0]!;
  const ordered = [lead, ...voices.filter((voice) => voice !== lead)];
  const value = mergeValues(
    ordered.map((voice) => ({ voice, value: voice.reading.json!.value })),
    '',
    { rules: context.task.merge, bond: panel.bond, ledger, lead },
  );
  const { check } = panel.schemas.of(schema, 'schema');
  const violations = [...check(value), ...validate(value, context.task.validators, context.now)];
  if (violations.some((violation) => violation.validator === 'schema')) {
    const valid = ground.camps
      .flatMap((side) => side.voices)
      .filter((voice) => voices.includes(voice))
      .find((voice) => check(voice.reading.json!.value).length === 0);
    if (valid !== undefined)
      return {
        ...taken(valid, ground),
        message: tidied(valid, valid.reading.json!.value, asked),
        agreeing: agreeingWith(voices, valid.reading.json!.value, panel),
      };
  }
  const equal = [...voices].sort(byRank).filter((voice) => identical(voice.reading.json!.value, value));
  const base = equal.find((voice) => voice.reading.json!.strict) ?? equal[0] ?? lead;
  return {
    base,
    message: equal.length > 0 ? tidied(base, value, asked) : withJson(base, value, asked),
    agreeing: agreeingWith(voices, value, panel),
    agreement: ground.camps.length === 1 ? 1 : Math.max(shareOf(ground.camps), ledger.agreement()),
    disputed: panel.voices.length > 1 && ground.camps.length > 1 && (ledger.tied() || ledger.agreement() < 0.5),
    tie: ledger.tied(),
    violations,
  };
}

function agreeingWith(voices: readonly Voice[], value: Json, panel: Panel): Voice[] {
  const agreeing = voices.filter((voice) => agrees(voice.reading.json!.value, value, panel.context.task.merge));
  return agreeing.length > 0 ? agreeing : [...voices];
}

/** null where the base's own text will do; JSON alone where that was asked for and the base wrapped it. */
function tidied(base: Voice, value: Json, asked: boolean): AssistantMessage | null {
  return asked && !base.reading.json!.strict ? withJson(base, value, asked) : null;
}

/** The base's text with this JSON in place of its own, indented as it was. */
function withJson(base: Voice, value: Json, asked: boolean): AssistantMessage {
  const { text, json } = base.reading;
  const own = text.slice(json!.start, json!.end);
  const indent = /^[{[]\s*\n( +)\S/.exec(own)?.[1]!.length ?? 0;
  const written = writeJson(value, Math.min(indent, 8));
  const content = asked ? written : text.slice(0, json!.start) + written + text.slice(json!.end);
  return { ...base.candidate.message, content };
}

// ---- Tool calls

function toolOutcome(panel: Panel, ground: Ground, ledger: Ledger): Outcome {
  const callers = panel.voices.filter((voice) => voice.reading.calls.length > 0);
  const others = panel.voices.filter((voice) => voice.reading.calls.length === 0);
  const sides = callSides(panel);
  if (sides.length > 1)
    ledger.note(
      'tool_calls',
      () => sides[0]!.key,
      sides,
      (side) => side.key,
    );
  if (sides[0]!.key === 'no call') return textInstead(panel, ground, others, sides);
  const whole = panel.context.task.merge.toolMerge ?? (panel.context.task.critical ? 'whole' : 'field');
  if (callers.length === 1) return { ...taken(callers[0]!, ground), agreeing: callers, agreement: shareOf(sides) };
  const merged = mergeCalls(panel, callers, ledger);
  if (whole === 'whole') return wholeCalls(panel, callers, ground);
  return fieldCalls(callers, merged, ground, ledger, panel);
}

/** Most make no call: their texts are merged by themselves. */
function textInstead(panel: Panel, ground: Ground, voices: readonly Voice[], sides: readonly Side[]): Outcome {
  const inner = groundOf(among(panel, voices));
  const base =
    inner.kind === 'prose' || inner.kind === 'code'
      ? medoid(inner.camps[0]!.voices, voices)
      : inner.camps[0]!.voices[0]!;
  return { ...taken(base, ground), agreeing: voices, agreement: shareOf(sides), tie: isTie(sides) };
}

/** Only calls that a model really made. */
function wholeCalls(panel: Panel, callers: readonly Voice[], ground: Ground): Outcome {
  const sides = tally(
    callers.map((voice) => ({ voice, key: callsKey(voice.reading, panel.context) })),
    panel.bond,
  );
  return { ...taken(sides[0]!.voices[0]!, ground), agreeing: sides[0]!.voices };
}

function isOwn(voice: Voice, merged: MergedCalls): boolean {
  const { calls } = voice.reading;
  return (
    calls.length === merged.calls.length &&
    calls.every(
      (call, at) =>
        call.name === merged.calls[at]!.name &&
        call.arguments !== null &&
        identical(call.arguments, merged.calls[at]!.arguments ?? undefined),
    )
  );
}

function fieldCalls(
  callers: readonly Voice[],
  merged: MergedCalls,
  ground: Ground,
  ledger: Ledger,
  panel: Panel,
): Outcome {
  const own =
    callers.find((voice) => isOwn(voice, merged)) ??
    (merged.calls.some((call) => call.arguments === null) ? merged.lead : undefined);
  const base = own ?? merged.lead;
  const agreeing = callers.filter((voice) => matches(voice, merged));
  const violations = merged.calls.flatMap((call) =>
    call.arguments === null
      ? []
      : validate(call.arguments, merged.calls.length === 1 ? panel.context.task.validators : [], panel.context.now),
  );
  return {
    base,
    message: own === undefined || own.reading.written ? withCalls(base, merged) : null,
    agreeing: agreeing.length > 0 ? agreeing : callers,
    agreement: ground.camps.length === 1 ? 1 : Math.max(shareOf(ground.camps), ledger.agreement()),
    disputed: isDisputed(ground.camps) && (ledger.tied() || ledger.agreement() < 0.5),
    tie: ledger.tied(),
    violations:
      own === undefined
        ? violations
        : validated(own.reading) === undefined
          ? own.judgement.violations
          : [...violations, ...own.judgement.violations.filter((violation) => violation.validator === 'tool_schema')],
  };
}

/** The same calls, whatever their order. */
function matches(voice: Voice, merged: MergedCalls): boolean {
  const left = new Set(voice.reading.calls);
  return (
    left.size === merged.calls.length &&
    merged.calls.every((call) => {
      const found = [...left].find(
        (other) =>
          other.name === call.name &&
          other.arguments !== null &&
          call.arguments !== null &&
          same(other.arguments, call.arguments),
      );
      return found !== undefined && left.delete(found);
    })
  );
}

function withCalls(base: Voice, merged: MergedCalls): AssistantMessage {
  const calls = merged.calls.map((call) => ({
    ...call.source,
    function: { ...call.source.function, name: call.name, arguments: call.text },
  }));
  return { ...base.candidate.message, tool_calls: calls };
}
