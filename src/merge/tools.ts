// Tool calls become one set: a vote on which calls are made, then on each argument among those who make that call.
import type { ToolCall, Violation } from '../contract/index.ts';
import { alike, callsKey, isParallel } from './calls.ts';
import { completeness } from './coverage.ts';
import { evidenceFor, foundedShare } from './evidence.ts';
import { mergeValues } from './fields.ts';
import { shown } from './shown.ts';
import { writeJson } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import type { Ledger } from './ledger.ts';
import type { Panel } from './panel.ts';
import type { Call } from './reading.ts';
import { toolsOf } from './request.ts';
import type { Tool } from './request.ts';
import type { Vote } from './scalars.ts';
import { byRank, bySize, rated, sideOf, tally, weigh } from './vote.ts';
import type { Bond, Side, Voice } from './vote.ts';

/** One call of the answer, and every voice's own version of it. */
interface Slot {
  readonly call: Call;
  readonly lead: Voice;
  readonly made: { readonly voice: Voice; readonly call: Call }[];
}

export interface MergedCalls {
  readonly calls: readonly {
    readonly source: ToolCall;
    readonly name: string;
    readonly arguments: JsonObject | null;
    readonly text: string;
  }[];
  /** Made the calls that are taken, whatever their arguments. */
  readonly lead: Voice;
}

const names = (voice: Voice, parallel: boolean): string => {
  const called = voice.reading.calls.map((call) => call.name);
  return (parallel ? called.sort() : called).join('\n');
};

/** Which calls are made: the names, with how often. Where they differ, how much of the request they take up counts too. */
function structure(panel: Panel, callers: readonly Voice[]): readonly Side[] {
  const { request } = panel.context;
  const parallel = isParallel(request);
  const sides = tally(
    callers.map((voice) => ({ voice, key: names(voice, parallel) })),
    panel.bond,
  );
  if (sides.length === 1) return sides;
  const factors = completeness(callers, request);
  return tally(
    callers.map((voice) => ({ voice: rated(voice, factors.get(voice)!), key: names(voice, parallel) })),
    panel.bond,
  );
}

/** Pairs each of the lead's calls with the most alike call of the same name that a voice makes. */
function match(slots: readonly Slot[], voice: Voice, parallel: boolean): void {
  const free = new Set(voice.reading.calls);
  if (!parallel) {
    slots.forEach((slot) => {
      const call = [...free].find((other) => other.name === slot.call.name);
      if (call === undefined) return;
      free.delete(call);
      slot.made.push({ voice, call });
    });
    return;
  }
  const pairs = slots.flatMap((slot, at) =>
    voice.reading.calls
      .filter((call) => call.name === slot.call.name)
      .map((call, turn) => ({
        slot,
        call,
        order: Math.abs(at - turn),
        score: alike(slot.call.arguments ?? new Map(), call.arguments ?? new Map()),
      })),
  );
  const filled = new Set<Slot>();
  for (const { slot, call } of pairs.sort((left, right) => right.score - left.score || left.order - right.order)) {
    if (filled.has(slot) || !free.has(call)) continue;
    filled.add(slot);
    free.delete(call);
    slot.made.push({ voice, call });
  }
}

/** Present when it must be, or when those who give it outweigh those who leave it out. */
function given(name: string, having: readonly Voice[], lacking: readonly Voice[], panel: Panel): boolean {
  return weigh(having, panel.bond) > weigh(lacking, panel.bond) || (lacking.length === 0 && name !== '');
}

function mergeArguments(
  slot: Slot,
  tool: Tool | undefined,
  panel: Panel,
  ledger: Ledger,
  path: string,
): JsonObject | null {
  const versions = slot.made
    .filter((made) => made.call.arguments !== null)
    .sort((left, right) => byRank(left.voice, right.voice));
  if (versions.length === 0) return null;
  const evidence = evidenceFor(panel.context.request, tool);
  const fields = new Map<string, Json>();
  for (const name of new Set(versions.flatMap((made) => [...made.call.arguments!.keys()]))) {
    const votes = versions
      .filter((made) => made.call.arguments!.has(name))
      .map((made): Vote => ({ voice: made.voice, value: made.call.arguments!.get(name)! }));
    const lacking = versions.filter((made) => !made.call.arguments!.has(name)).map((made) => made.voice);
    const weighed = votes.map(({ voice, value }) => ({
      voice: rated(voice, evidence.value(name, value)),
      value,
    }));
    if (lacking.length > 0 && !tool?.required.has(name)) {
      const having = weighed.map((vote) => rated(vote.voice, evidence.given(name, vote.value)));
      const present = given(name, having, lacking, panel);
      const sides = [sideOf('given', having, panel.bond), sideOf('left out', lacking, panel.bond)];
      ledger.note(
        `${path}.${name}`,
        () => (present ? shown(votes[0]!.value) : 'left out'),
        present ? sides : [sides[1]!, sides[0]!],
        (side) => side.key,
      );
      if (!present) continue;
    }
    fields.set(
      name,
      mergeValues(weighed, `${path}.${name}`, {
        rules: panel.context.task.merge,
        bond: panel.bond,
        ledger,
        lead: slot.lead,
      }),
    );
  }
  return fields;
}

const checked = (panel: Panel, tool: Tool | undefined, value: JsonObject): readonly Violation[] =>
  tool === undefined ? [] : panel.schemas.of(tool.parameters, 'tool_schema').check(value);

/** One call; where what the fields make is invalid, the best valid version of it. */
function mergeSlot(slot: Slot, panel: Panel, ledger: Ledger, path: string): MergedCalls['calls'][number] {
  const tool = toolsOf(panel.context.request).get(slot.call.name);
  const own = (made: Slot['made'][number]): MergedCalls['calls'][number] => ({
    source: made.call.source,
    name: made.call.name,
    arguments: made.call.arguments,
    text: made.call.source.function.arguments,
  });
  const merged = mergeArguments(slot, tool, panel, ledger, path);
  const first = slot.made.find((made) => made.voice === slot.lead)!;
  if (merged === null) return own(first);
  if (checked(panel, tool, merged).length > 0) {
    const valid = [...slot.made]
      .sort((left, right) => byRank(left.voice, right.voice))
      .find((made) => made.call.arguments !== null && checked(panel, tool, made.call.arguments).length === 0);
    if (valid !== undefined) return own(valid);
  }
  return { source: first.call.source, name: slot.call.name, arguments: merged, text: writeJson(merged) };
}

/** `callers` make at least one call each. */
export function mergeCalls(panel: Panel, callers: readonly Voice[], ledger: Ledger): MergedCalls {
  const parallel = isParallel(panel.context.request);
  const sides = structure(panel, callers);
  const winners = callers.filter((voice) => sides[0]!.voices.some((other) => other.rank === voice.rank));
  const lead = central(winners, panel);
  if (sides.length > 1)
    ledger.note(
      'tool_calls',
      () => lead.reading.calls.map((call) => call.name).join(', '),
      sides,
      (side) => side.key.replaceAll('\n', ', '),
    );
  const slots = lead.reading.calls.map((call): Slot => ({ call, lead, made: [{ voice: lead, call }] }));
  for (const voice of callers) if (voice !== lead) match(slots, voice, parallel);
  return {
    calls: slots.map((slot, at) => mergeSlot(slot, panel, ledger, `tool_calls[${at}].${slot.call.name}`)),
    lead,
  };
}

/** Of those with the same names, whose calls most make; the best among equals. */
function central(voices: readonly Voice[], panel: Panel): Voice {
  const sides = tally(
    voices.map((voice) => ({ voice, key: callsKey(voice.reading, panel.context) })),
    panel.bond,
  );
  return sides[0]!.voices[0]!;
}

/** How much two voices' calls have in common, 0-1. */
function likeness(left: Voice, right: Voice): number {
  const scores = left.reading.calls.map((call) =>
    Math.max(
      0,
      ...right.reading.calls
        .filter((other) => other.name === call.name)
        .map((other) => alike(call.arguments ?? new Map(), other.arguments ?? new Map())),
    ),
  );
  return (
    scores.reduce((sum, score) => sum + score, 0) / Math.max(1, left.reading.calls.length, right.reading.calls.length)
  );
}

/**
 * To call or not to call. Callers who make up what the request doesn't say count less, and callers who ask for
 * different things don't support each other.
 */
export function callSides(panel: Panel): readonly Side[] {
  const { request } = panel.context;
  const tools = toolsOf(request);
  const quiet = panel.voices.filter((voice) => voice.reading.calls.length === 0);
  const callers = panel.voices.filter((voice) => voice.reading.calls.length > 0);
  if (quiet.length === 0) return [sideOf('call', callers, panel.bond)];
  const byModel = new Map(callers.map((voice) => [voice.rank, voice]));
  const bond: Bond = (left, right) => {
    const [one, other] = [byModel.get((left as Voice).rank), byModel.get((right as Voice).rank)];
    return Math.max(panel.bond(left, right), one === undefined || other === undefined ? 0 : 1 - likeness(one, other));
  };
  const weighed = callers.map((voice) =>
    rated(
      voice,
      Math.min(
        ...voice.reading.calls
          .slice(0, 32)
          .map((call) => groundFactor(foundedShare(call, tools.get(call.name), request))),
      ),
    ),
  );
  return [sideOf('call', weighed, bond), sideOf('no call', quiet, panel.bond)].sort(bySize);
}

/** A call of which the request says nothing is seldom meant. */
const groundFactor = (share: number): number => 0.15 + 0.85 * share ** 2;
