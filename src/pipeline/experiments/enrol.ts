// Gives a request its arms, and finds out whether that makes a difference to it.
import {
  nearest,
  QuorumError,
  type Arm,
  type Decision,
  type Enrolment,
  type Experiment,
  type Overrides,
  type Settings,
} from '../../contract/index.ts';
import { assign, pseudonym, ROLLOUT, unitOf, type Asked, type Assigned } from '../../experiment/index.ts';
import { slim } from '../../slim/index.ts';
import type { Inbound } from '../exchange.ts';
import { meaningIn } from '../names.ts';
import type { Look, Served, Trials } from '../trial.ts';
import { derive, type Derived } from './derive.ts';
import type { Register } from './register.ts';

/** Something that shall run beside a request. */
export interface Errand {
  readonly experiment: Experiment;
  readonly arm: Arm;
  readonly inbound: Inbound;
  readonly settings: Settings;
  readonly served: Served;
}

interface EnrolParts {
  readonly register: Pick<Register, 'active' | 'list'>;
  /** Takes what shall run beside; never throws. */
  readonly shadow: (errand: Errand) => void;
}

export function createTrials({ register, shadow }: EnrolParts): Trials {
  return {
    enrol(inbound, settings, look) {
      const active = register.active(inbound.receivedAt);
      const asks = inbound.experiment ?? null;
      if (active === null && asks === null) return null;
      const asked = askedOf(inbound, settings, look);
      if (asked === null) return null;
      const forced = asks === null ? [] : forcedArms(asks, register.list(), asked);
      const assigned = assign(
        active ?? [],
        asked,
        forced.map(({ experiment }) => experiment),
      );
      const beside = assigned.filter(({ experiment, arm }) => experiment.shadow !== null && isLive(experiment, arm));
      const base: Derived = { inbound, settings };
      const own: Enrolled[] = [
        ...forced.map((one): Enrolled => ({ ...one, exposed: false, forced: true, counts: true })),
        ...assigned.filter(({ experiment }) => experiment.shadow === null).flatMap((one) => exposure(one, base, look)),
      ];
      if (own.length === 0 && beside.length === 0) return null;
      const changed = own.reduce(
        (sofar, { experiment, arm }) => derive(sofar, overridesOf(experiment, arm, base)),
        base,
      );
      return {
        ...changed,
        part: own.filter(({ counts }) => counts).map(enrolmentOf),
        mirror: beside.length === 0 ? null : (served) => run(beside, base, served, shadow),
      };
    },
  };
}

interface Enrolled extends Assigned {
  readonly exposed: boolean;
  readonly forced: boolean;
  /** False: it is served so, and nobody counts it. */
  readonly counts: boolean;
}

const isLive = ({ control }: Experiment, { name, stopped }: Arm): boolean => name !== control && stopped === null;

function run(
  beside: readonly Assigned[],
  { inbound, settings }: Derived,
  served: Served,
  shadow: EnrolParts['shadow'],
): void {
  for (const { experiment, arm } of beside)
    shadow({ experiment, arm, served, ...derive({ inbound, settings }, arm.overrides) });
}

const enrolmentOf = ({ experiment, arm, unit, exposed, forced }: Enrolled): Enrolment => ({
  experiment: experiment.name,
  design: experiment.design,
  arm: arm.name,
  exposed,
  forced,
  unit: experiment.sticky === 'request' ? '' : pseudonym(experiment.name, unit),
});

/** A name that stands for something else and is a model's too is passed to that model. */
function overridesOf(experiment: Experiment, arm: Arm, { inbound, settings }: Derived): Overrides {
  const { model } = inbound.request;
  if (experiment.name !== ROLLOUT || arm.name !== experiment.control || !settings.aliases.has(model))
    return arm.overrides;
  return settings.usable.has(model) ? { strategy: 'single', models: [model] } : arm.overrides;
}

/**
 * An arm matters to a request when what would be done differs between the arms. That is found out the same way whichever arm it got, so
 * leaving out the others takes away noise and nothing else. A request that some arm couldn't answer takes no part.
 */
function exposure(one: Assigned, base: Derived, look: Look): Enrolled[] {
  const { experiment } = one;
  // A stopped arm's units are served as the control's.
  const counts = one.arm.stopped === null;
  const arm = counts ? one.arm : experiment.arms.find(({ name }) => name === experiment.control)!;
  const live = experiment.arms.filter(({ weight, stopped }) => weight > 0 && stopped === null);
  const tried = live.length < 2 || !counts ? [arm] : live;
  const enrolled = { ...one, arm, forced: false, counts };
  if (tried.length === 1 && Object.keys(overridesOf(experiment, arm, base)).length === 0)
    return [{ ...enrolled, exposed: false }];
  try {
    const seen = tried.map((each) => traceOf(derive(base, overridesOf(experiment, each, base)), tried, look));
    return [{ ...enrolled, exposed: seen.some((trace) => trace !== seen[0]) }];
  } catch (error) {
    if (error instanceof QuorumError) return [];
    throw error;
  }
}

/** What would be done, in short. */
function traceOf({ inbound, settings }: Derived, arms: readonly Arm[], look: Look): string {
  const differs = (field: keyof Overrides): boolean =>
    arms.some(({ overrides }) => overrides[field] !== arms[0]!.overrides[field]);
  const decision = look(inbound, settings);
  const task = settings.tasks.get(decision.classification.task);
  const isSlim = (task?.slim ?? settings.routing.slim) && differs('slim');
  return JSON.stringify([
    planTrace(decision, task?.merge.chairman === true),
    isSlim && slim(inbound.request).saved.characters > 0,
    differs('cache') && settings.cache.enabled && inbound.directive.read,
    differs('reviewBelow') ? settings.routing.reviewBelow : null,
  ]);
}

/** The chairman matters where one may speak, the threshold where an answer may be escalated. */
function planTrace({ plan: { call, ceiling, climb, chairman, threshold } }: Decision, writesProse: boolean): unknown {
  const climbs = call.kind === 'cascade' || ceiling !== call.kind;
  const speaks = call.kind === 'council' || ceiling === 'council' || (writesProse && call.kind !== 'single');
  return [call, ceiling, climb ?? null, speaks ? chairman : null, climbs ? threshold : null];
}

const MOST_FORCED = 16;

/** `name=arm`, a comma between several. Throws `invalid_value`, naming what there is. */
function forcedArms(text: string, all: readonly Experiment[], asked: Asked): readonly Assigned[] {
  return text
    .split(',')
    .slice(0, MOST_FORCED)
    .map((pair) => {
      const [name = '', wanted = ''] = pair.split('=').map((word) => word.trim());
      const experiment = all.find((one) => one.name === name && one.shadow === null);
      if (experiment === undefined)
        throw unknown(
          'experiment',
          name,
          all.filter((one) => one.shadow === null).map((one) => one.name),
        );
      const arm = experiment.arms.find((one) => one.name === wanted);
      if (arm === undefined)
        throw unknown(
          `arm of ${name}`,
          wanted,
          experiment.arms.map((one) => one.name),
        );
      return { experiment, arm, unit: unitOf(experiment.sticky, asked) };
    });
}

function unknown(what: string, name: string, known: readonly string[]): QuorumError {
  const near = nearest(name, known);
  const hint = near === null ? '' : ` Did you mean "${near}"?`;
  const list = known.length === 0 ? 'there are none' : known.slice(0, 20).join(', ');
  return new QuorumError(
    'invalid_value',
    `Invalid value for 'x-quorum-experiment': there is no ${what} "${name.slice(0, 80)}"; known: ${list}.${hint}`,
    { param: 'x-quorum-experiment' },
  );
}

/** null: the model name is nobody's. */
function askedOf(inbound: Inbound, settings: Settings, look: Look): Asked | null {
  const { principal, spender, session, wishes, request } = inbound;
  const meaning = meaningIn(request.model, settings);
  if (meaning === null) return null;
  return {
    id: inbound.id,
    at: inbound.receivedAt,
    tenant: principal.tenant,
    keyed: principal.keyId !== null,
    user: spender.user,
    session,
    team: spender.team,
    tags: spender.tags,
    models: meaning.kind === 'model' ? [request.model, meaning.model] : [request.model],
    namesModel: meaning.kind === 'model' || (settings.aliases.has(request.model) && settings.usable.has(request.model)),
    said: saidIn(wishes),
    saidByName: meaning.kind === 'policy' ? saidIn(meaning) : NOTHING,
    task: () => taskOf(inbound, settings, look),
  };
}

const NOTHING: ReadonlySet<string> = new Set();

function saidIn(wishes: {
  readonly strategy: string | null;
  readonly tier: string | null;
  readonly models?: readonly string[] | null;
}): ReadonlySet<string> {
  const { strategy, tier, models = null } = wishes;
  if (strategy === null && tier === null && models === null) return NOTHING;
  return new Set([
    ...(strategy === null ? [] : ['strategy']),
    ...(tier === null ? [] : ['tier']),
    ...(models === null ? [] : ['models', 'strategy']),
  ]);
}

function taskOf(inbound: Inbound, settings: Settings, look: Look): string {
  try {
    return look(inbound, settings).classification.task;
  } catch {
    return '';
  }
}
