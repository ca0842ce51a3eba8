// Which tier a request gets and which of its models can take it.
import {
  QuorumError,
  formatUsd,
  nearest,
  type Expected,
  usdOf,
  type Features,
  type Model,
  type Nano,
  type Prospect,
  type Settings,
  type Task,
  type Tier,
  type Wishes,
} from '../contract/index.ts';
import {
  NOT_ALLOWED,
  SOFT_KINDS,
  canStandIn,
  hardReason,
  hasSchema,
  softReason,
  type Limits,
  type SoftKind,
} from './constraints.ts';
import { expectedCost, expectedLatencyMs, expectedOutput } from './expectation.ts';
import { weighingOf, type Weighing } from './weighing.ts';

/** Quality of a model at a task and the decayed number of outcomes it rests on. */
export type QualityView = (task: string, model: string) => Expected;

/** A prospect with the model itself. */
export interface Contender extends Prospect {
  readonly entry: Model;
  /** Standard deviation of its quality as far as it is known. */
  readonly doubt: number;
  readonly inputFactor: number;
}

export interface Pool {
  /** All that were considered, usable ones first, best first. */
  readonly prospects: readonly Prospect[];
  /** Meet every constraint in force, best first; never empty. */
  readonly fit: readonly Contender[];
  /** Could do it, but miss a soft constraint: only after a failure. */
  readonly spare: readonly Contender[];
  /** Of the spare ones those that miss nothing but the wanted quality: beside another they may do, where the two together reach it. */
  readonly partners: readonly Contender[];
  readonly notes: readonly string[];
}

const USUAL_TIER = 'balanced';

/**
 * The tier asked for, else the task's, else the default; an unknown one gives `balanced` (the default, where there is none) and a note.
 * Where that isn't one of the caller's, the first that is.
 */
export function tierOf(
  settings: Settings,
  task: Task | undefined,
  wishes: Wishes,
  allowed: (tier: string) => boolean,
): { tier: Tier; note: string | null } {
  const { tiers, defaultTier } = settings;
  const wanted = wishes.tier ?? task?.tier ?? defaultTier;
  const found = tiers.get(wanted);
  const tier = found ?? tiers.get(USUAL_TIER) ?? tiers.get(defaultTier) ?? [...tiers.values()][0];
  if (tier === undefined) throw new QuorumError('no_model_fits', 'No tier is configured.');
  if (!allowed(tier.name)) {
    const own = [...tiers.values()].find(({ name }) => allowed(name));
    if (own === undefined) throw new QuorumError('model_not_allowed', 'This key allows none of the tiers.');
    return { tier: own, note: `this key may not use ${tier.name}` };
  }
  return { tier, note: found === undefined ? `there is no tier "${wanted}": ${tier.name} is used` : null };
}

export interface Question {
  readonly features: Features;
  readonly task: string;
  readonly tier: Tier;
  readonly wishes: Wishes;
  readonly settings: Settings;
  readonly limits: Limits;
  readonly quality: QualityView;
}

/** Throws `model_not_found` for a model nobody configured, `request_exceeds_budget` or `no_model_fits` when the hard constraints leave none. */
export function poolOf(question: Question): Pool {
  const { wishes, tier, settings } = question;
  const own = considered(wishes.models ?? tier.models, question);
  const ownFit = own.filter((one) => one.hard === null);
  if (ownFit.length > 0) return sift(own, question, []);
  const others = wishes.models === null ? [...settings.usable].filter((name) => !tier.models.includes(name)) : [];
  const all = [...own, ...considered(others, question)];
  if (!all.some((one) => one.hard === null)) throw tooDear(all, question) ?? nobody(all, wishes);
  return sift(all, question, [`no model of the ${tier.name} tier can take it: all usable models are considered`]);
}

interface Considered {
  readonly prospect: Contender;
  readonly hard: string | null;
  /** By kind, in the order of `SOFT_KINDS`. */
  readonly soft: readonly (string | null)[];
}

function considered(names: readonly string[], question: Question): Considered[] {
  const weighing = weighingOf(question.settings.routing, question.tier);
  const judged = [...new Set(names)].map((name) => consider(modelNamed(name, question.settings), question, weighing));
  if (!question.limits.wantsSchema) return judged;
  const strict = judged.some((one) => one.hard === null && hasSchema(one.prospect.entry));
  const good = strict ? hasSchema : canStandIn;
  return judged.map((one) =>
    one.hard !== null || good(one.prospect.entry) ? one : { ...one, hard: 'no json_schema' },
  );
}

function modelNamed(name: string, settings: Settings): Model {
  const model = settings.models.get(name);
  if (model !== undefined) return model;
  const near = nearest(name, settings.models.keys());
  const hint = near === null ? '' : ` Did you mean "${near}"?`;
  throw new QuorumError('model_not_found', `The model "${name}" does not exist.${hint}`, { param: 'x-quorum-models' });
}

function consider(model: Model, question: Question, weighing: Weighing): Considered {
  const { features, limits, task } = question;
  const known = question.quality(task, model.name);
  const { quality, samples, doubt = 0, outputTokens: seen, latencyMs: seenMs, inputFactor = 1 } = known;
  const outputTokens =
    seen === undefined ? expectedOutput(task, features, model) : Math.min(seen, features.maxOutputTokens ?? seen);
  const cost = expectedCost(features, model, outputTokens, inputFactor);
  const latencyMs = seenMs ?? expectedLatencyMs(features, model, outputTokens);
  const utility = weighing.utility(quality, cost, latencyMs);
  const expected = { quality, cost, latencyMs, outputTokens };
  return {
    prospect: {
      model: model.name,
      quality,
      samples,
      doubt,
      cost,
      latencyMs,
      utility,
      inputFactor,
      excluded: null,
      entry: model,
    },
    hard: hardReason(model, features, limits, expected),
    soft: SOFT_KINDS.map((kind) => softReason(kind, model, features, limits, expected)),
  };
}

/** Takes the soft constraints in, letting go from the one that matters least while nobody meets them. */
function sift(all: readonly Considered[], { limits }: Question, notes: readonly string[]): Pool {
  const ranked = all.toSorted(byUtility);
  let dropped = 0;
  const reasonOf = ({ hard, soft }: Considered): string | null => {
    if (hard !== null) return hard;
    for (let kind = dropped; kind < soft.length; kind += 1) if (soft[kind] !== null) return soft[kind]!;
    return null;
  };
  while (!ranked.some((one) => reasonOf(one) === null)) dropped += 1;
  const [fit, spare, partners]: [Contender[], Contender[], Contender[]] = [[], [], []];
  const [taken, left]: [Prospect[], Prospect[]] = [[], []];
  for (const one of ranked) {
    const reason = reasonOf(one);
    (reason === null ? taken : left).push(asProspect(one.prospect, reason));
    if (reason === null) fit.push(one.prospect);
    else if (one.hard === null) spare.push(one.prospect);
    if (reason !== null && missesQualityAlone(one, dropped)) partners.push(one.prospect);
  }
  const gone = SOFT_KINDS.slice(0, dropped).filter((_, kind) =>
    all.some((one) => one.hard === null && one.soft[kind] !== null),
  );
  return {
    prospects: [...taken, ...left],
    fit,
    spare,
    partners,
    notes: [...notes, ...standInNote(fit, limits), ...gone.map(relaxed)],
  };
}

const QUALITY = SOFT_KINDS.indexOf('quality');

/** Of the wishes from `dropped` on. */
const missesQualityAlone = ({ hard, soft }: Considered, dropped: number): boolean =>
  hard === null &&
  dropped <= QUALITY &&
  soft.every((reason, kind) => kind < dropped || (kind === QUALITY) === (reason !== null));

const byUtility = (left: Considered, right: Considered): number =>
  right.prospect.utility - left.prospect.utility || right.prospect.quality - left.prospect.quality;

const asProspect = (contender: Contender, excluded: string | null): Prospect => {
  const { model, quality, samples, cost, latencyMs, utility, doubt, inputFactor } = contender;
  const more = { ...(doubt > 0 && { doubt }), ...(inputFactor !== 1 && { inputFactor }) };
  return { model, quality, samples, cost, latencyMs, utility, excluded, ...more };
};

const relaxed = (kind: SoftKind): string => `no model meets the ${kind} wanted: it is let go`;

function standInNote(fit: readonly Contender[], limits: Limits): string[] {
  if (!limits.wantsSchema || fit.some((one) => hasSchema(one.entry))) return [];
  return ['no model has json_schema: one with JSON or tools stands in'];
}

/** When some model could take it but for the ceiling. */
function tooDear(all: readonly Considered[], question: Question): QuorumError | null {
  const { maxCost } = question.limits;
  if (maxCost === null) return null;
  const unlimited = { ...question, limits: { ...question.limits, maxCost: null } };
  const names = all.map(({ prospect }) => prospect.model);
  const able = considered(names, unlimited).filter((one) => one.hard === null);
  if (able.length === 0) return null;
  const cheapest = able.reduce<Nano | null>(
    (least, { prospect: { cost } }) => (cost !== null && (least === null || cost < least) ? cost : least),
    null,
  );
  const about =
    cheapest === null ? 'none has a known price' : `the cheapest is expected to cost $${formatUsd(cheapest)}`;
  return new QuorumError(
    'request_exceeds_budget',
    `No model can answer this within the cost ceiling of $${formatUsd(maxCost)} a request: ${about}.`,
    {
      param: question.wishes.maxCost === null ? null : 'x-quorum-max-cost',
      shouldRetry: false,
      details: {
        scope: 'request',
        id: null,
        period: null,
        limit_usd: usdOf(maxCost),
        spent_usd: 0,
        held_usd: 0,
        resets_at: null,
      },
    },
  );
}

function nobody(all: readonly Considered[], wishes: Wishes): QuorumError {
  const byReason = new Map<string, string[]>();
  for (const { prospect, hard } of all) byReason.set(hard!, [...(byReason.get(hard!) ?? []), prospect.model]);
  const [only] = byReason.keys();
  if (wishes.models !== null && byReason.size === 1 && only === NOT_ALLOWED) {
    const names = wishes.models.join(', ');
    return new QuorumError('model_not_allowed', `This key may not use ${names}.`, { param: 'model' });
  }
  const reasons = [...byReason].map(([reason, models]) => `${models.join(', ')}: ${reason}`);
  const text = reasons.length === 0 ? 'no model is configured that can be called now' : reasons.join('; ');
  return new QuorumError('no_model_fits', `No model fits this request. ${text}.`, { param: 'model' });
}
