// What kind of answer it is, and which camps the candidates form.
import type { AnswerKind, ChatRequest } from '../contract/index.ts';
import { agrees } from './agree.ts';
import { codeOf, isBalanced, normaliseCode } from './code.ts';
import { contains, finalKindOf, finalText, numberOf } from './finals.ts';
import type { FinalReading } from './finals.ts';
import { shown } from './shown.ts';
import { isList, isObject } from './json.ts';
import { isEmpty, isRefusal, schemaOf } from './judge.ts';
import type { Panel } from './panel.ts';
import { ruleFor } from './path.ts';
import { near, sameQuantity } from './quantity.ts';
import type { Quantity } from './quantity.ts';
import type { Reading } from './reading.ts';
import { promptOf } from './request.ts';
import { cosine } from './similarity.ts';
import { shortened } from './text.ts';
import { callsKey, callsShown } from './calls.ts';
import { byRank, bySize, rated, sideOf, weigh } from './vote.ts';
import type { Side, Voice } from './vote.ts';

export interface Camped extends Side {
  /** Short text of what they say. */
  readonly value: string;
}

export interface Ground {
  readonly kind: AnswerKind;
  /** The winner first. */
  readonly camps: readonly Camped[];
}

const PROSE_ALIKE = 0.5;
const CODE_ALIKE = 0.97;
/** How much a voice counts that gives no answer of the kind that most give. */
const UNCLEAR = 0.3;

/** Connected groups of voices; `same` needn't be transitive. */
function group(voices: readonly Voice[], same: (left: Voice, right: Voice) => boolean): Voice[][] {
  const groups: Voice[][] = [];
  for (const voice of voices) {
    const joined = groups.filter((members) => members.some((member) => same(member, voice)));
    const merged = [...joined.flat(), voice];
    for (const members of joined) groups.splice(groups.indexOf(members), 1);
    groups.push(merged);
  }
  return groups;
}

function camp(panel: Panel, voices: readonly Voice[], key: string, value: string, scale = 1): Camped {
  const side = sideOf(key, voices, panel.bond);
  return { ...side, weight: side.weight * scale, value: shortened(value) };
}

const bestOf = (voices: readonly Voice[]): Voice => voices.toSorted(byRank)[0]!;

/** Refused, empty: camps of their own, whatever the kind. */
function silent(panel: Panel, voices: readonly Voice[]): Camped[] {
  const empty = voices.filter((voice) => isEmpty(voice.reading) && !isRefusal(voice.candidate, voice.reading));
  const refused = voices.filter((voice) => !empty.includes(voice));
  return [
    ...(empty.length > 0 ? [camp(panel, empty, '(empty)', '(empty)')] : []),
    ...(refused.length > 0 ? [camp(panel, refused, '(refused)', '(refused)')] : []),
  ];
}

function speaks(voice: Voice): boolean {
  return voice.reading.calls.length > 0 || (!isEmpty(voice.reading) && !isRefusal(voice.candidate, voice.reading));
}

export function groundOf(panel: Panel): Ground {
  const speakers = panel.voices.filter((voice) => speaks(voice));
  const rest = silent(
    panel,
    panel.voices.filter((voice) => !speaks(voice)),
  );
  if (panel.voices.some((voice) => voice.reading.calls.length > 0)) return toolGround(panel);
  if (speakers.length === 0) {
    const camps = rest.sort(bySize);
    return { kind: camps[0]!.key === '(empty)' ? 'empty' : 'refusal', camps };
  }
  const ground = spoken(panel, speakers);
  return { kind: ground.kind, camps: [...ground.camps, ...rest.sort(bySize)] as Camped[] };
}

function toolGround(panel: Panel): Ground {
  const groups = group(
    panel.voices,
    (left, right) => callsKey(left.reading, panel.context) === callsKey(right.reading, panel.context),
  );
  return {
    kind: 'tool_calls',
    camps: sorted(
      groups.map((voices) =>
        camp(panel, voices, callsKey(voices[0]!.reading, panel.context), callsShown(voices[0]!.reading)),
      ),
    ),
  };
}

const sorted = (camps: readonly Camped[]): Camped[] => [...camps].sort(bySize);

const most = (voices: readonly Voice[], test: (reading: Reading) => boolean): boolean =>
  voices.filter((voice) => test(voice.reading)).length * 2 > voices.length;

/** JSON that is the answer, rather than an example in a text. */
export function isStructured(reading: Reading): boolean {
  const { json, text } = reading;
  return (
    json !== null && (isObject(json.value) || isList(json.value)) && (json.end - json.start) * 2 >= text.length - 40
  );
}

function spoken(panel: Panel, speakers: readonly Voice[]): Ground {
  const { request } = panel.context;
  const wantsJson = schemaOf(request).json && speakers.some((voice) => voice.reading.json !== null);
  const answered = most(speakers, (reading) => reading.answerField !== null);
  if (!answered && (wantsJson || most(speakers, isStructured)))
    return { kind: 'json', camps: jsonCamps(panel, speakers) };
  const final = finalKindOf(
    speakers.map((voice) => voice.reading),
    request,
  );
  if (final !== null) return { kind: final.kind, camps: finalCamps(panel, speakers, final) };
  if (most(speakers, (reading) => (codeOf(reading.text)?.share ?? 0) > 0.3))
    return { kind: 'code', camps: codeCamps(panel, speakers) };
  return { kind: 'prose', camps: proseCamps(panel, speakers) };
}

/** Voices with an answer of the kind form camps; the others share one that counts for less. */
function split(
  panel: Panel,
  voices: readonly Voice[],
  has: (voice: Voice) => boolean,
  camps: (voices: readonly Voice[]) => Camped[],
): Camped[] {
  const clear = voices.filter((voice) => has(voice));
  const unclear = voices.filter((voice) => !has(voice));
  if (clear.length === 0)
    return sorted(
      group(unclear, (left, right) => sayTheSame(left.reading, right.reading)).map((members) => {
        const text = bestOf(members).reading.text.slice(0, 200);
        return camp(panel, members, text, text);
      }),
    );
  const rest = unclear.length > 0 ? [camp(panel, unclear, '(no clear answer)', '(no clear answer)', UNCLEAR)] : [];
  return [...sorted(camps(clear)), ...rest];
}

/** Nobody has a clear answer: who says the same word for word, or each that there is none, still agree. */
const sayTheSame = (left: Reading, right: Reading): boolean =>
  left.text === right.text || (left.answerField?.value === null && right.answerField?.value === null);

function jsonCamps(panel: Panel, voices: readonly Voice[]): Camped[] {
  const { rules } = { rules: panel.context.task.merge };
  return split(
    panel,
    voices,
    (voice) => voice.reading.json !== null,
    (clear) =>
      group(clear, (left, right) => agrees(left.reading.json!.value, right.reading.json!.value, rules)).map(
        (members) => {
          const best = bestOf(members);
          return camp(panel, members, best.reading.text.slice(0, 2_000), shown(best.reading.json!.value));
        },
      ),
  );
}

function finalCamps(panel: Panel, voices: readonly Voice[], final: FinalReading): Camped[] {
  return split(
    panel,
    voices,
    (voice) => final.keyed(voice.reading) !== null,
    (clear) => {
      if (final.kind === 'number') return numberCamps(panel, clear);
      const keys = new Map(clear.map((voice) => [voice, final.keyed(voice.reading)!]));
      const loose = final.kind === 'short' && clear.every((voice) => voice.reading.answerField === null);
      const equal = group(
        clear,
        (left, right) =>
          keys.get(left) === keys.get(right) ||
          (loose && (contains(keys.get(left)!, keys.get(right)!) || contains(keys.get(right)!, keys.get(left)!))),
      );
      return equal.map((members) => {
        const names = members
          .map((voice) => keys.get(voice)!)
          .sort((left, right) => left.length - right.length || (left < right ? -1 : 1));
        return camp(panel, members, names[0]!, names[0]!);
      });
    },
  );
}

function numberCamps(panel: Panel, voices: readonly Voice[]): Camped[] {
  const rule = ruleFor(panel.context.task.merge.tolerance, voices[0]!.reading.answerField?.name ?? '');
  const quantities = new Map<Voice, Quantity>(voices.map((voice) => [voice, numberOf(voice.reading)!]));
  const close = (left: Voice, right: Voice): boolean => {
    const [one, other] = [quantities.get(left)!, quantities.get(right)!];
    return (
      sameQuantity(one, other) ||
      (rule !== undefined && near(one.plain, other.plain, rule.absolute ?? 0, rule.relative ?? 0))
    );
  };
  const wholes = expectsWholes(panel.context.request);
  return group(voices, close).map((members) => {
    const best = bestOf(members);
    const { plain } = quantities.get(best)!;
    const text = String(Number(plain.toPrecision(12)));
    const doubtful = wholes && members.length === 1 && !Number.isInteger(plain);
    return camp(panel, doubtful ? [rated(best, UNEVEN)] : members, text, text);
  });
}

/** A fraction that nobody else arrives at is more often a slip than a whole number is; it never costs two voices their vote. */
const UNEVEN = 0.3;

/** Nothing in the request is a fraction or asks for one. */
function expectsWholes(request: ChatRequest): boolean {
  const prompt = promptOf(request);
  return (
    !/\d[.,]\d{1,2}(?!\d)|\d\s*[/%]\s*\d|\\[dt]?frac/.test(prompt) &&
    !/%|\b(?:decimals?|fractions?|percent\w*|round\w*|nearest|ratio|average|mean|probability|rate|simplest)\b/i.test(
      prompt,
    )
  );
}

function codeCamps(panel: Panel, voices: readonly Voice[]): Camped[] {
  return split(
    panel,
    voices,
    (voice) => codeOf(voice.reading.text) !== null,
    (clear) => {
      const normal = new Map(
        clear.map((voice) => {
          const { code, language } = codeOf(voice.reading.text)!;
          return [voice, { key: normaliseCode(code, language), balanced: isBalanced(code, language) }];
        }),
      );
      const equal = group(
        clear,
        (left, right) =>
          normal.get(left)!.key === normal.get(right)!.key ||
          cosine(left.reading.profile, right.reading.profile) > CODE_ALIKE,
      );
      const camps = equal.map((members) =>
        camp(
          panel,
          members,
          normal.get(members[0]!)!.key.slice(0, 500),
          finalText(members[0]!.reading) ?? 'code',
          members.some((voice) => normal.get(voice)!.balanced) ? 1 : 0.5,
        ),
      );
      return centred(panel, sorted(camps), clear);
    },
  );
}

/** Closest to all others, by weight; a voice counts for itself too. */
export function medoid(voices: readonly Voice[], all: readonly Voice[]): Voice {
  const closeness = (voice: Voice): number =>
    all.reduce((sum, other) => sum + other.weight * cosine(voice.reading.profile, other.reading.profile), 0);
  let best = voices[0]!;
  let most = closeness(best);
  for (const voice of voices.slice(1)) {
    const value = closeness(voice);
    if (value > most + 1e-6) [best, most] = [voice, value];
  }
  return best;
}

/** Where nobody agrees the one that is closest to the others stands first. */
function centred(panel: Panel, camps: readonly Camped[], voices: readonly Voice[]): Camped[] {
  if (camps.length < 3 || camps[0]!.voices.length > 1) return [...camps];
  const sorted = voices.toSorted(byRank);
  const centre = medoid(sorted, sorted);
  const first = camps.find((side) => side.voices.includes(centre))!;
  return weigh(first.voices, panel.bond) * 2 < camps[0]!.weight
    ? [...camps]
    : [first, ...camps.filter((side) => side !== first)];
}

function proseCamps(panel: Panel, voices: readonly Voice[]): Camped[] {
  const alike = group(
    voices,
    (left, right) =>
      left.reading.text === right.reading.text || cosine(left.reading.profile, right.reading.profile) >= PROSE_ALIKE,
  );
  const camps = alike.map((members) => {
    const centre = medoid(members.toSorted(byRank), voices);
    return camp(panel, members, centre.reading.text.slice(0, 1_000), centre.reading.text.slice(0, 1_000));
  });
  return centred(panel, sorted(camps), voices);
}
