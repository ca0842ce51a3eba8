// Tool calls as an answer: called or not, whole or argument by argument, and the message that carries them.
import type { AssistantMessage, ToolCall } from '../contract/index.ts';
import { callsKey, callsShown } from './calls.ts';
import { groundOf, medoid } from './ground.ts';
import type { Ground } from './ground.ts';
import { validated } from './judge.ts';
import { createLedger } from './ledger.ts';
import type { Ledger } from './ledger.ts';
import { isDisputed, taken } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import { among } from './panel.ts';
import type { Panel } from './panel.ts';
import { identical, same } from './same.ts';
import { callSides, mergeCalls } from './tools.ts';
import type { MergedCalls } from './tools.ts';
import { validate } from './validate.ts';
import { isTie, shareOf, tally } from './vote.ts';
import type { Side, Voice } from './vote.ts';

export function callOutcome(panel: Panel, ground: Ground, ledger: Ledger): Outcome {
  const { merge, critical } = panel.context.task;
  const callers = panel.voices.filter((voice) => voice.reading.calls.length > 0);
  const sides = callSides(panel);
  const key = sides[0]!.key;
  if (sides.length > 1)
    ledger.note(
      'tool_calls',
      () => key,
      sides,
      (side) => side.key,
    );
  if (key === 'no call') {
    const others = panel.voices.filter((voice) => voice.reading.calls.length === 0);
    return textInstead(panel, ground, others, sides);
  }
  if (callers.length === 1)
    return { ...ownCalls(callers[0]!, ground, panel), agreeing: callers, agreement: shareOf(sides) };
  if ((merge.toolMerge ?? (critical ? 'whole' : 'field')) === 'whole')
    return wholeCalls(panel, callers, ground, ledger);
  return fieldCalls(callers, mergeCalls(panel, callers, ledger), ground, ledger, panel);
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

/** Only calls that a model really made: those that most make; where all differ, those closest to the vote on each argument. */
function wholeCalls(panel: Panel, callers: readonly Voice[], ground: Ground, ledger: Ledger): Outcome {
  const sides = tally(
    callers.map((voice) => ({ voice, key: callsKey(voice.reading, panel.context) })),
    panel.bond,
  );
  const [first] = sides;
  const merged = mergeCalls(panel, callers, createLedger());
  const closest = callers.find((voice) => matches(voice, merged));
  const base = first!.voices.length === 1 && closest !== undefined ? closest : first!.voices[0]!;
  const side = sides.find((each) => each.voices.includes(base))!;
  const ordered = [side, ...sides.filter((each) => each !== side)];
  ledger.note(
    'tool_calls',
    () => callsShown(base.reading),
    ordered,
    (each) => callsShown(each.voices[0]!.reading),
  );
  return { ...ownCalls(base, ground, panel), agreeing: side.voices };
}

/** A voice's calls as it made them; as calls where it only wrote them into its text while others made theirs. */
function ownCalls(base: Voice, ground: Ground, panel: Panel): Outcome {
  const outcome = taken(base, ground);
  const real = panel.voices.some((voice) => voice.reading.calls.length > 0 && !voice.reading.written);
  return base.reading.written && real
    ? {
        ...outcome,
        message: withCalls(
          base,
          base.reading.calls.map((call) => ({ ...call, text: call.source.function.arguments })),
        ),
      }
    : outcome;
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
    message: own === undefined ? withCalls(base, merged.calls) : ownCalls(own, ground, panel).message,
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

/** The base's message with these calls; ids stay those of the calls they came from, made different where they clash. */
function withCalls(base: Voice, calls: MergedCalls['calls']): AssistantMessage {
  const { message } = base.candidate;
  const [only] = calls;
  if (typeof message['function_call'] === 'object' && message['function_call'] !== null && only !== undefined)
    return { ...message, function_call: { ...only.source.function, name: only.name, arguments: only.text } };
  const seen = new Set<string>();
  const made = calls.map((call, at) => {
    const known = call.source.id ?? `call_${at}`;
    const id = seen.has(known) ? `${known}_${at}` : known;
    seen.add(id);
    const { function: _, ...own } = call.source;
    if (own.type === 'custom') return { ...own, id } as ToolCall;
    return { ...call.source, id, function: { ...call.source.function, name: call.name, arguments: call.text } };
  });
  return {
    ...message,
    content: base.reading.written ? null : message.content,
    tool_calls: made,
  };
}
