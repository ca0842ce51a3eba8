// JSON answers: merged field by field, kept to the caller's schema, written back where the base had its own.
import type { AssistantMessage } from '../contract/index.ts';
import { agrees } from './agree.ts';
import { mergeValues } from './fields.ts';
import { isStructured } from './ground.ts';
import type { Ground } from './ground.ts';
import { writeJson } from './json.ts';
import type { Json } from './json.ts';
import { schemaOf } from './judge.ts';
import type { Ledger } from './ledger.ts';
import { taken } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import type { Panel } from './panel.ts';
import { identical } from './same.ts';
import { validate } from './validate.ts';
import { byRank, shareOf } from './vote.ts';
import type { Voice } from './vote.ts';

export function structuredOutcome(panel: Panel, ground: Ground, ledger: Ledger): Outcome {
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
