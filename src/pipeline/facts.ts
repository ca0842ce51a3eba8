// What of an answer bears on how sure one can be of it, and on what it teaches.
import type {
  Attempt,
  ChatRequest,
  ConfidenceFacts,
  Decision,
  Lesson,
  Merged,
  Taken,
  Traits,
} from '../contract/index.ts';
import type { Outcome } from '../strategy/index.ts';
import { signalsOf } from './signals.ts';
import type { Trail } from './trail.ts';

/** Of a model that wasn't among the prospects. */
export const UNKNOWN_QUALITY = 0.7;

export function factsOf(
  outcome: Outcome,
  attempts: readonly Attempt[],
  { classification, prospects }: Decision,
): ConfidenceFacts {
  const { merged } = outcome;
  const quality = (model: string): number => prospects.find((one) => one.model === model)?.quality ?? UNKNOWN_QUALITY;
  const { task } = classification;
  if (merged === null) {
    const model = outcome.kind === 'live' ? outcome.live.model : '';
    return {
      task,
      kind: null,
      voices: [{ model, quality: quality(model), camp: 0 }],
      factor: 1,
      tokenProbability: null,
    };
  }
  const used = new Set(merged.models);
  const first = merged.models.map((model) => ({ model, quality: quality(model), camp: 0 }));
  // Camps that hold a model whose answer was used say the same as the answer.
  const others = merged.camps.filter(({ models }) => !models.some((model) => used.has(model)));
  const rest = others.flatMap(({ models }, place) =>
    models.map((model) => ({ model, quality: quality(model), camp: place + 1 })),
  );
  return {
    task,
    kind: merged.kind,
    voices: [...first, ...rest],
    factor:
      attempts.findLast((attempt) => attempt.model === merged.base.model && isJudged(attempt))?.judgement?.factor ?? 1,
    tokenProbability: tokenProbabilityOf(merged),
  };
}

/** What a judge wrote is no answer. */
const isJudged = ({ role, judgement }: Attempt): boolean => role !== 'judge' && judgement !== null;

/** None of those whose answer was used gave one that passes its checks. */
export function failsChecks({ models }: Merged, attempts: readonly Attempt[]): boolean {
  let judged = false;
  for (const attempt of attempts) {
    if (!isJudged(attempt) || !models.includes(attempt.model)) continue;
    if (attempt.judgement!.acceptable) return false;
    judged = true;
  }
  return judged;
}

/** By camp as in the facts: what they say. */
function valuesOf({ models, camps }: Merged): readonly string[] {
  const used = new Set(models);
  const first = camps.find((camp) => camp.models.some((model) => used.has(model)))?.value ?? '';
  return [first, ...camps.filter((camp) => !camp.models.some((model) => used.has(model))).map(({ value }) => value)];
}

interface TokenLogprob {
  readonly logprob?: unknown;
}

/** The geometric mean. */
function tokenProbabilityOf({ base }: Merged): number | null {
  const logprobs = (
    base.completion.choices[0] as { readonly logprobs?: { readonly content?: unknown } | null } | undefined
  )?.logprobs;
  if (!Array.isArray(logprobs?.content) || logprobs.content.length === 0) return null;
  const known = (logprobs.content as readonly TokenLogprob[]).flatMap(({ logprob }) =>
    typeof logprob === 'number' ? [logprob] : [],
  );
  return known.length === 0 ? null : Math.exp(known.reduce((sum, each) => sum + each, 0) / known.length);
}

/** Longer ones aren't kept. */
const MOST_PROMPT = 200_000;

function promptOf(request: ChatRequest): { readonly prompt?: string } {
  const prompt = JSON.stringify(request);
  return prompt.length > MOST_PROMPT ? {} : { prompt };
}

/** null: nothing was answered, or nobody knows by whom. A repeated answer teaches of the models, not of the prompt again. */
export function lessonOf(trail: Trail, traits: (() => Traits) | null): Lesson | null {
  const { inbound, facts, merged } = trail;
  if (facts === null || facts.voices.length === 0) return null;
  return {
    request: inbound.id,
    tenant: inbound.principal.tenant,
    at: inbound.receivedAt,
    task: facts.task,
    facts,
    values: merged === null ? [] : valuesOf(merged),
    signals: trail.decision === null ? [] : signalsOf(merged, trail.attempts),
    confidence: trail.confidence,
    traits: traits === null ? null : traits(),
    ...(trail.decision?.classification.source === 'caller' && { named: true }),
    ...(inbound.keepsContent === true && promptOf(inbound.request)),
    taken: takenOf(trail),
  };
}

/** Of the calls that got the request itself. */
function takenOf({ attempts, decision }: Pick<Trail, 'attempts' | 'decision'>): readonly Taken[] {
  const { inputTokens: counted = 0, hasTools: tools = false, hasImages, hasAudio } = decision?.asked ?? {};
  const isText = counted > 0 && hasImages !== true && hasAudio !== true;
  return attempts.flatMap(({ model, role, outcome, usage, estimated, startedMs, endedMs }) => {
    if (outcome !== 'ok' || usage === null || role === 'judge' || role === 'chairman') return [];
    const billed = usage.prompt_tokens;
    return [
      {
        model,
        outputTokens: usage.completion_tokens,
        ms: endedMs - startedMs,
        ...(isText && !estimated && billed > 0 && { input: { counted, billed, tools } }),
      },
    ];
  });
}
