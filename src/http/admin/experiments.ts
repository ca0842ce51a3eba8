// /admin/v1/experiments and /rollout: what is tried on live traffic, what it shows, and how much of a migration is on.
import type { Request } from 'express';
import { z } from 'zod';
import {
  QuorumError,
  type Clock,
  type Experiment,
  type ExperimentStore,
  type ShadowRules,
} from '../../contract/index.ts';
import { isOn, resultsOf, ROLLOUT, shareAt } from '../../experiment/index.ts';
import type { Register } from '../../pipeline/experiments/register.ts';
import type { Rollout } from '../../pipeline/experiments/roll.ts';
import type { Shadow } from '../../pipeline/experiments/shadow.ts';
import type { Tally } from '../../pipeline/experiments/tally.ts';
import { shown } from '../../pipeline/shown.ts';
import { limitOf, momentShown, pageOf, route, type AdminRoute } from './answer.ts';
import { ACTOR } from './budgets.ts';
import { readInput } from './input.ts';

export interface ExperimentParts {
  readonly experiments: {
    readonly register: Register;
    readonly tally: Pick<Tally, 'flush'>;
    readonly shadow: Pick<Shadow, 'stats' | 'flush'>;
    readonly store: ExperimentStore;
  };
  readonly clock: Clock;
}

const NAME = 'a name of 1 to 64 letters, digits, "_", "-" and "."';
const created = z.looseObject({ name: z.string({ error: NAME }) });
export const changed = z.looseObject({});
const SHARE = 'a share from 0 to 1';
const PERCENT = 'a percentage from 0 to 100, or null for what the config file says';
const percent = z.number({ error: PERCENT }).min(0, { error: PERCENT }).max(100, { error: PERCENT });
export const ramped = z.strictObject({
  share: z.number({ error: SHARE }).min(0, { error: SHARE }).max(1, { error: SHARE }).optional(),
  percent: percent.optional(),
});
export const rolled = z.strictObject({
  percent: z.union([percent, z.literal('off'), z.null()], { error: PERCENT }),
});

export function experimentRoutes(parts: ExperimentParts): readonly AdminRoute[] {
  const nameOf = (request: Request): string => String(request.params['name']);
  const one = (experiment: Experiment): unknown => experimentShown(experiment, parts.clock.now());
  const named = (request: Request): Experiment => {
    parts.experiments.register.refresh();
    return parts.experiments.register.named(nameOf(request));
  };
  return [
    route('get', '/experiments', (request) => {
      parts.experiments.register.refresh();
      return pageOf(
        request,
        parts.experiments.register.list().map((each) => ({ ...each, id: each.name })),
        one,
      );
    }),
    route(
      'post',
      '/experiments',
      async (request) => {
        const { name, ...input } = await readInput(request, created);
        return one(parts.experiments.register.create(name, input, ACTOR));
      },
      201,
    ),
    route('get', '/experiments/:name', (request) => one(named(request))),
    route('patch', '/experiments/:name', async (request) =>
      one(parts.experiments.register.change(nameOf(request), await readInput(request, changed), ACTOR)),
    ),
    route('delete', '/experiments/:name', (request) => {
      parts.experiments.register.remove(nameOf(request), ACTOR);
      return { id: nameOf(request), object: 'experiment', deleted: true };
    }),
    route('post', '/experiments/:name/start', (request) =>
      one(parts.experiments.register.start(nameOf(request), ACTOR)),
    ),
    route('post', '/experiments/:name/stop', (request) => one(parts.experiments.register.stop(nameOf(request), ACTOR))),
    route('post', '/experiments/:name/ramp', async (request) => {
      const { share, percent } = await readInput(request, ramped);
      const wanted = share ?? (percent === undefined ? undefined : percent / 100);
      if (wanted === undefined)
        throw new QuorumError('invalid_value', "Say 'share' (0 to 1) or 'percent'.", { param: 'share' });
      return one(parts.experiments.register.ramp(nameOf(request), wanted, ACTOR));
    }),
    route('get', '/experiments/:name/results', (request) => {
      const experiment = named(request);
      parts.experiments.tally.flush();
      parts.experiments.shadow.flush();
      return {
        object: 'experiment.results',
        ...resultsShown(experiment, parts.experiments.store, parts.clock.now()),
        ...(experiment.shadow !== null && { beside: besideShown(experiment.name, request, parts.experiments) }),
      };
    }),
    route('get', '/rollout', () => {
      parts.experiments.register.refresh();
      return rolloutShown(parts.experiments.register.rollout());
    }),
    route('put', '/rollout', async (request) => {
      const { percent } = await readInput(request, rolled);
      return rolloutShown(parts.experiments.register.setRollout(percent === 'off' ? 0 : percent, ACTOR));
    }),
  ];
}

const besideShown = (name: string, request: Request, { store, shadow }: ExperimentParts['experiments']): unknown => ({
  ...shadow.stats(),
  runs: store.shadows(name, limitOf(request)).map(({ served, shadow: other, at, ...run }) => ({
    ...(shown(run) as object),
    at: momentShown(at),
    served: sideShown(served),
    shadow: sideShown(other),
  })),
});

const sideShown = ({ costNano, ...side }: ReturnType<ExperimentStore['shadows']>[number]['served']): unknown => ({
  ...side,
  cost_usd: costNano / 1e9,
});

const rolloutShown = ({ percent, written, set }: Rollout): unknown => ({
  object: 'rollout',
  percent,
  config: written,
  set,
  experiment: ROLLOUT,
});

export function stateOf(
  { running, startAt, endAt }: Experiment,
  at: number,
): 'running' | 'stopped' | 'waiting' | 'ended' {
  if (!running) return 'stopped';
  if (startAt !== null && at < startAt) return 'waiting';
  return endAt !== null && at >= endAt ? 'ended' : 'running';
}

export function experimentShown(experiment: Experiment, at: number): Readonly<Record<string, unknown>> {
  const { name, startAt, endAt, rampMs, shadow, arms, guardrails, ...rest } = experiment;
  return {
    id: name,
    name,
    object: 'experiment',
    state: stateOf(experiment, at),
    ...(shown(rest) as object),
    arms: arms.map(({ overrides, ...arm }) => ({ ...(shown(arm) as object), ...(shown(overrides) as object) })),
    guardrails: { error_rate: guardrails.errorRate, cost: guardrails.cost, p95: guardrails.p95 },
    start: momentShown(startAt),
    end: momentShown(endAt),
    ramp_ms: rampMs,
    share_now: isOn(experiment, at) ? shareAt(experiment, at) : 0,
    shadow: shadow === null ? null : shadowShown(shadow),
  };
}

const shadowShown = ({ deadline, ...rules }: ShadowRules): unknown => ({ ...rules, deadline_ms: deadline });

/** As the API and `quorum experiment report --json` tell it. */
export function resultsShown(
  experiment: Experiment,
  store: Pick<ExperimentStore, 'sums'>,
  at: number,
): Readonly<Record<string, unknown>> {
  const { arms, ...results } = resultsOf(experiment, store.sums(experiment.name, experiment.design));
  return {
    name: experiment.name,
    state: stateOf(experiment, at),
    description: experiment.description,
    ...(shown(results) as object),
    arms: arms.map(({ totalUsd, lifts, ...arm }) => ({
      ...(shown(arm) as object),
      cost_usd: totalUsd,
      lifts: Object.fromEntries(Object.entries(lifts).map(([goal, lift]) => [goal, finite(lift)])),
    })),
  };
}

/** JSON knows no infinity: what nobody can tell is null. */
const finite = (row: object): unknown =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'number' && !Number.isFinite(value) ? null : value,
    ]),
  );
