// From an experiment as it is written to one that can be carried out.
import { hash } from 'node:crypto';
import {
  SHADOW_DEFAULTS,
  type Arm,
  type Experiment,
  type ExperimentRow,
  type ExperimentState,
  type Overrides,
  type RolloutRow,
} from '../contract/index.ts';

const digest = (value: unknown): string => hash('sha256', JSON.stringify(value), 'hex').slice(0, 12);

/** `since`: when it was made, in case it grows from there; null: not known. */
export function designOf(
  name: string,
  row: ExperimentRow,
  state: ExperimentState,
  source: Experiment['source'],
  since: number | null = null,
): Experiment {
  const arms = Object.entries(row.arms).map(([arm, { weight, ...given }]): Arm => ({
    name: arm,
    weight,
    overrides: overridesOf(given),
    stopped: state.stopped?.[arm] ?? null,
  }));
  const { task, team, tag, model } = row.filter;
  const filter = { tasks: task ?? null, teams: team ?? null, tags: tag ?? null, models: model ?? null };
  const { sticky, layer, shadow } = row;
  const plain = arms.map(({ name: arm, weight, overrides }) => [arm, weight, overrides]);
  return {
    name,
    description: row.description ?? '',
    arms,
    control: row.control ?? arms[0]!.name,
    sticky,
    share: state.share ?? row.share,
    rampMs: row.ramp ?? null,
    startAt: row.start ?? (row.ramp === undefined ? null : since),
    endAt: row.end ?? null,
    filter,
    // What runs beside is in nobody's way.
    layer: shadow === false ? layer : `shadow ${name}`,
    metric: row.metric,
    minEffect: row.min_effect ?? null,
    guardrails: {
      errorRate: row.guardrails.error_rate,
      cost: row.guardrails.cost ?? null,
      p95: row.guardrails.p95 ?? null,
    },
    stopWhenDecided: row.stop_when_decided,
    shadow: shadow === false ? null : shadow === true ? SHADOW_DEFAULTS : shadow,
    running: state.running ?? row.running,
    design: digest([plain, filter, sticky, layer, shadow !== false, source === 'admin' ? since : null]),
    source,
  };
}

function overridesOf(given: Omit<ExperimentRow['arms'][string], 'weight'>): Overrides {
  const { strategy, tier, models, chairman, min_quality: minQuality, review_below: reviewBelow, slim, cache } = given;
  const all = { strategy, tier, models, chairman, minQuality, reviewBelow, slim, cache };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

export const ROLLOUT = 'rollout';

/**
 * A migration is an experiment too: those that are taken over against those that go to the model that was named. The first arm is
 * taken over, so a higher percentage moves units to its side only, and a lower one back.
 */
export function rolloutDesign(row: RolloutRow, percent: number): Experiment {
  const { models, sticky, strategy, tier } = row;
  const overrides: Overrides = { strategy, ...(tier !== undefined && { tier }) };
  const arms: readonly Arm[] = [
    { name: 'routed', weight: percent, overrides, stopped: null },
    { name: 'passed', weight: 100 - percent, overrides: {}, stopped: null },
  ];
  return {
    name: ROLLOUT,
    description: 'Requests that name a model: taken over by the router, or passed to it.',
    arms,
    control: 'passed',
    sticky,
    share: 1,
    rampMs: null,
    startAt: null,
    endAt: null,
    filter: { tasks: null, teams: null, tags: null, models: models ?? null },
    layer: ROLLOUT,
    metric: 'quality',
    minEffect: null,
    guardrails: { errorRate: 1, cost: null, p95: null },
    stopWhenDecided: false,
    shadow: null,
    running: true,
    design: digest([percent, overrides, models ?? null, sticky]),
    source: 'rollout',
  };
}
