// The decision: task, tier, who could answer, who shall, and why. Pure: the same input and the same chance give the same plan.
import {
  membersOf,
  QuorumError,
  type Classification,
  type Climb,
  type Decision,
  type Features,
  type Forecast,
  type InsightMark,
  type Model,
  type Nano,
  type Plan,
  type Prospect,
  type Random,
  type Settings,
  type StrategyName,
  type Task,
  type Tier,
  type Wishes,
} from '../contract/index.ts';
import { askedOf } from './asked.ts';
import { classify, type Classifier } from './classify.ts';
import { limitsOf, wordsOf, type Limits } from './constraints.ts';
import type { Called } from './named.ts';
import { chanceOf, drawPlan, type Lot } from './explore.ts';
import { chooseStrategy, firstStepOf, type Choice } from './ladder.ts';
import { callOf, lineUp, type Cast, type LineUp, seatsOf } from './line-up.ts';
import { fullCostOf, outlookOf } from './outlook.ts';
import { takeTurn } from './race.ts';
import { taskReason, tierReason } from './reasons.ts';
import { tierOf, type Contender, type Pool, type QualityView } from './pool.ts';
import { isLearnt, weighUp, type Drawn } from './weigh-up.ts';
import { weighingOf, type Weighing } from './weighing.ts';

interface DecisionInput {
  readonly features: Features;
  readonly wishes: Wishes;
  readonly settings: Settings;
  readonly classifier: Classifier;
  /** What callers called such prompts; absent: nothing is known of it. */
  readonly called?: Called | null;
  readonly quality: QualityView;
  /** The same mark: the same quality for any prompt. null or absent: nothing is remembered. */
  readonly mark?: InsightMark | null;
  /** How several models would do together; absent: by rule of thumb. */
  readonly forecast?: Forecast;
  /** As it was made before; absent: it is made now. */
  readonly classification?: Classification;
  /** null: every model. */
  readonly allowed: ((model: string) => boolean) | null;
  /** Absent: every tier. */
  readonly allowedTier?: (tier: string) => boolean;
  readonly random: Random;
}

const ANY_TIER = (): boolean => true;

/** Where a plan too dear for the ceiling steps down to. */
const CHEAPER: Readonly<Record<StrategyName, StrategyName | null>> = {
  council: 'triple',
  triple: 'dual',
  dual: 'single',
  cascade: 'single',
  single: null,
};
/** Standard deviations that a model may turn out better than it is known to be. */
const HOPE = 2;
/** On evidence: from here on nobody else is asked, whatever it would bring. */
const MOST_VOICES = 4;
/** A council may cost this many usual queries of its tier. */
const COUNCIL_MEANS = 4;

/** Throws `model_not_found`, `model_not_allowed`, `no_model_fits`, or `invalid_value` for an unknown task. */
export function decide(input: DecisionInput): Decision {
  const { features, wishes, settings, classifier } = input;
  const classification =
    input.classification ?? classify(classifier, features, wishes, settings.routing, input.called ?? null);
  const task = settings.tasks.get(classification.task);
  const { tier, note } = tierOf(settings, task, wishes, input.allowedTier ?? ANY_TIER);
  const limits = limitsOf(features, task, wishes, settings.routing, {
    allowed: input.allowed,
    usable: settings.usable,
  });
  const question = { features, task: classification.task, tier, wishes, settings, limits, quality: input.quality };
  const pool = classifier.pools.of(question, input.mark ?? null);
  const setting: Setting = { input, classification, task, tier, limits, pool };
  const chairman = chairmanOf(setting);
  const choice = choose(setting, chairman);
  const { line, notes, shortOf } = within(setting, choice, chairman);
  const lot = lotOf(setting, line, choice.weighed?.drawn, chairman);
  const outlook =
    lot.note === null && line.members === choice.weighed?.members
      ? choice.weighed
      : outlookOf(lot.call, lot.members, contender(pool, chairman));
  return {
    classification,
    asked: askedOf(features, wishes),
    tier: tier.name,
    prospects: taking(lot.members, pool),
    constraints: [...wordsOf(limits), ...pool.notes],
    plan: planOf(setting, lot, choice, chairman, shortOf, [
      taskReason(classification),
      `tier ${tier.name}: ${note ?? tierReason(wishes, task, tier)}`,
      ...pool.notes,
      choice.because,
      ...notes,
      ...(lot.note === null ? [] : [lot.note]),
    ]),
    expectedQuality: outlook.quality,
    expectedCost: outlook.cost,
    expectedLatencyMs: outlook.latencyMs,
  };
}

interface Setting {
  readonly input: DecisionInput;
  readonly classification: Classification;
  readonly task: Task | undefined;
  readonly tier: Tier;
  readonly limits: Limits;
  readonly pool: Pool;
}

/** Who takes part isn't left out, though alone it would be. */
const taking = (members: readonly Contender[], { prospects, partners }: Pool): readonly Prospect[] =>
  members.some((member) => partners.includes(member))
    ? prospects
        .map((one) => (members.some(({ model }) => model === one.model) ? { ...one, excluded: null } : one))
        .toSorted((left, right) => Number(left.excluded !== null) - Number(right.excluded !== null))
    : prospects;

const contender = (pool: Pool, name: string | null): Contender | undefined =>
  pool.fit.find(({ model }) => model === name);

/** The tier's, where it can be called and the caller didn't name the models; else the best of those that take part. */
function chairmanOf({ input, tier, pool }: Setting): string {
  const { settings, wishes, allowed } = input;
  const named: Model | undefined = tier.chairman === null ? undefined : settings.models.get(tier.chairman);
  const free = named !== undefined && settings.usable.has(named.name) && allowed?.(named.name) !== false;
  if (free && wishes.models === null) return named.name;
  return pool.fit.reduce((best, one) => (one.quality > best.quality ? one : best)).model;
}

const castOf = ({ input, task, pool }: Setting, chairman: string, adaptive: boolean, seats = 0): Cast => ({
  // A strategy that was asked for gets its voices, of models that are a little below the mark where there are no others.
  fit: seats <= pool.fit.length ? pool.fit : [...pool.fit, ...pool.spare.slice(0, seats - pool.fit.length)],
  chairman,
  councilMembers: input.settings.council.members,
  firstStep: firstStepOf(task, input.settings.routing, adaptive),
});

function choose(setting: Setting, chairman: string): Choice {
  const { input, classification, task, tier, limits, pool } = setting;
  const councilAffordable = (): boolean => {
    const { call, members } = lineUp('council', castOf(setting, chairman, true));
    const { cost } = outlookOf(call, members, contender(pool, chairman));
    const means = tier.costPerQuery > 0 ? tier.costPerQuery * COUNCIL_MEANS : Infinity;
    return cost <= Math.min(limits.maxCost ?? Infinity, means);
  };
  const { features, wishes, settings } = input;
  // Where an error is dear, everyone who takes part is to be good enough alone.
  const partners = task?.critical === true ? [] : pool.partners;
  return chooseStrategy({
    classification,
    task,
    features,
    wishes,
    routing: settings.routing,
    fit: pool.fit,
    partners,
    councilAffordable,
    weighed: (comparable, checked) =>
      input.forecast === undefined || !isLearnt(pool.fit)
        ? null
        : takeTurn(
            weighUp({
              fit: pool.fit,
              partners,
              minQuality: limits.minQuality,
              forecast: input.forecast,
              weighing: weighingOf(settings.routing, tier),
              comparable,
              checked,
              ceiling: limits.maxCost,
              hope: task?.critical === true || !(settings.routing.explore > 0) ? 0 : HOPE,
              sampled: shareOf(setting) > 0,
            }),
            shareOf(setting),
            input.random,
          ),
  });
}

/** The propensity is that of the call, over all ways that lead to it. */
function lotOf(setting: Setting, line: LineUp, drawn: Drawn | undefined, chairman: string): Lot {
  const stakes = stakesOf(setting, chairman);
  if (drawn === undefined) return drawPlan(line, stakes, setting.input.random);
  const lot = drawPlan(line, stakes, drawn.random);
  const wanted = { kind: lot.call.kind, members: lot.members };
  let propensity = 0;
  for (const { weighed, share } of drawn.rivals)
    propensity += share * chanceOf(wanted, { kind: weighed.strategy, members: weighed.members }, stakes);
  return { ...lot, propensity };
}

/** The line-up, stepped down until it fits under the cost ceiling; every model alone is known to fit. */
function within(
  setting: Setting,
  choice: Choice,
  chairman: string,
): { line: LineUp; notes: readonly string[]; shortOf: Plan['shortOf'] } {
  const { limits, pool } = setting;
  const notes: string[] = [];
  const seats = choice.adaptive ? 0 : seatsOf(choice.strategy, setting.input.settings.council.members);
  const cast = castOf(setting, chairman, choice.adaptive, seats);
  const { weighed } = choice;
  let line: LineUp =
    weighed === undefined
      ? lineUp(choice.strategy, cast)
      : { call: callOf(weighed.strategy, weighed.members, chairman), members: weighed.members, note: null };
  if (line.note !== null) notes.push(line.note);
  const isCouncil = choice.strategy === 'council' && setting.input.wishes.strategy === 'council';
  if (isCouncil && line.call.kind === 'single' && setting.input.wishes.maxCost === null) throw noCouncil(line);
  let shortOf: Plan['shortOf'] = !choice.adaptive && (line.note !== null || choice.alone) ? 'models' : undefined;
  const full = (): Nano => fullCostOf(line.call.kind, line.members, contender(pool, chairman));
  while (limits.maxCost !== null && full() > limits.maxCost) {
    const next = CHEAPER[line.call.kind];
    if (next === null) break;
    notes.push(`${line.call.kind} would cost more than the ceiling: ${next} instead`);
    line = lineUp(next, cast);
    if (!choice.adaptive) shortOf ??= 'money';
  }
  return { line, notes, shortOf };
}

/** Nobody asks for a council to get one opinion. */
const noCouncil = ({ members }: LineUp): QuorumError =>
  new QuorumError(
    'not_enough_answers',
    `A council needs two models that can take this request, and only ${members[0]!.model} can.`,
    { shouldRetry: false, attempts: [] },
  );

function stakesOf(setting: Setting, chairman: string) {
  const { limits, pool } = setting;
  return { fit: pool.fit, chairman: contender(pool, chairman), ceiling: limits.maxCost, share: shareOf(setting) };
}

const shareOf = ({ input, task }: Pick<Setting, 'input' | 'task'>): number =>
  input.wishes.models === null && task?.critical !== true ? Math.min(1, input.settings.routing.explore) : 0;

function planOf(
  setting: Setting,
  lot: Lot,
  choice: Choice,
  chairman: string,
  shortOf: Plan['shortOf'],
  because: readonly string[],
): Plan {
  const { pool, task, input } = setting;
  const members = new Set(membersOf(lot.call));
  const alone = input.wishes.models?.length === 1;
  const third = choice.weighed?.third;
  const climbs = choice.weighed !== undefined && task?.critical !== true;
  const inOrder = third == null ? pool.fit : [third, ...pool.fit.filter((one) => one !== third)];
  const rest = [...inOrder, ...pool.spare].map(({ model }) => model).filter((model) => !members.has(model));
  return {
    call: lot.call,
    reserve: alone ? [] : rest,
    ...(climbs && { climb: climbOf(weighingOf(input.settings.routing, setting.tier)) }),
    ceiling:
      third === null && !climbs && lot.call.kind === 'dual'
        ? 'dual'
        : ceilingOf(lot.call.kind, choice, members.size + rest.length, task),
    chairman,
    threshold: Math.max(task?.minQuality ?? 0, task?.critical === true ? 0.75 : 0.6),
    because,
    ...(shortOf !== undefined && { shortOf }),
    propensity: lot.propensity,
  };
}

/** Whatever evidence chose the members also says when enough of them agree. */
const climbOf = ({ perUsd, perSecond }: Weighing): Climb => ({ perUsd, perSecond, mostVoices: MOST_VOICES });

/** How far up: a forced strategy only to what belongs to it (dual calls a third), an adaptive one to what there are models for. */
function ceilingOf(kind: StrategyName, choice: Choice, models: number, task: Task | undefined): StrategyName {
  if (kind === 'council' || models < 2) return kind;
  if (!choice.adaptive) return kind === 'dual' && models > 2 ? 'triple' : kind;
  if (kind === 'cascade') return 'cascade';
  // Where an error is dear, three that can't agree are worth a council.
  if (task?.critical === true && models > 2) return 'council';
  return kind === 'triple' || (models > 2 && kind !== 'single') ? 'triple' : 'dual';
}
