// Changes of experiments, by the administration and its commands, and what there is of them.
import {
  experimentSchema,
  QuorumError,
  type Experiment,
  type ExperimentInput,
  type ExperimentState,
  type ExperimentStore,
  type Settings,
  type StoredExperiment,
} from '../../contract/index.ts';
import { isOn, ROLLOUT } from '../../experiment/index.ts';
import { checkRow, rowOf, taken } from './input.ts';
import { createRoll, type RollParts, type Rollout } from './roll.ts';

interface RegisterParts extends RollParts {
  readonly store: ExperimentStore;
  readonly settings: () => Settings;
}

/** Changes throw `not_found` or `invalid_value`, are in the audit, and hold in every process within a second. */
export interface Register {
  /** By name. */
  list(): readonly Experiment[];
  /** Throws `not_found`, naming the nearest. */
  named(name: string): Experiment;
  /** As it is written. */
  input(name: string): unknown;
  /** Those that look at requests now; null: none, and nothing needs to be looked at. */
  active(at: number): readonly Experiment[] | null;
  create(name: string, input: unknown, actor: string): Experiment;
  /** Fields that are null fall back to their default. */
  change(name: string, fields: Readonly<Record<string, unknown>>, actor: string): Experiment;
  remove(name: string, actor: string): void;
  start(name: string, actor: string): Experiment;
  stop(name: string, actor: string): Experiment;
  ramp(name: string, share: number, actor: string): Experiment;
  stopArm(name: string, arm: string, why: string, actor: string): Experiment;
  rollout(): Rollout;
  /** null: as the config file says. */
  setRollout(percent: number | null, actor: string): Rollout;
  /** Looks at the store now rather than at the next turn. */
  refresh(): void;
  close(): void;
}

export function createRegister(parts: RegisterParts): Register {
  const { store, clock, written, settings } = parts;
  const roll = createRoll(parts);
  const inputOf = (name: string): ExperimentInput | null => roll.stored(name)?.row ?? null;
  const known = (name: string): StoredExperiment =>
    roll.stored(name) ?? { name, row: null, state: {}, createdAt: clock.now() };

  function save(row: StoredExperiment, action: string, actor: string): Experiment {
    store.save(row, { at: clock.now(), actor, action: `experiment.${action}` });
    roll.refresh();
    return roll.named(row.name);
  }

  function set(name: string, state: ExperimentState, action: string, actor: string): Experiment {
    roll.refresh();
    if (roll.named(name).source === 'rollout') throw setElsewhere();
    const before = known(name);
    return save({ ...before, state: { ...before.state, ...state } }, action, actor);
  }

  /** Throws for those that only the file can change. */
  function own(name: string): ExperimentInput {
    roll.refresh();
    const { source } = roll.named(name);
    const row = inputOf(name);
    if (source === 'admin' && row !== null) return row;
    if (source === 'rollout') throw setElsewhere();
    throw new QuorumError(
      'invalid_value',
      `"${name}" is in the config file: change it there. It can be started, stopped and ramped here.`,
    );
  }

  return {
    list: roll.all,
    named: roll.named,
    input: (name) => inputOf(name) ?? written().experiments.get(name) ?? null,
    active(at) {
      const all = roll.all();
      if (all.length === 0) return null;
      const on = all.filter((one) => isOn(one, at));
      return on.length === 0 ? null : on;
    },
    create(name, input, actor) {
      roll.refresh();
      if (roll.all().some((one) => one.name === name) || name === ROLLOUT) throw taken(name);
      const row = rowOf(name, input);
      checkRow(experimentSchema.parse(row), settings());
      return save({ name, row, state: {}, createdAt: clock.now() }, 'create', actor);
    },
    change(name, fields, actor) {
      const kept = Object.entries({ ...own(name), ...fields }).filter(([, value]) => value !== null);
      const row = rowOf(name, Object.fromEntries(kept));
      checkRow(experimentSchema.parse(row), settings());
      const before = known(name);
      return save({ ...before, row, state: stateAfter(before.state, fields) }, 'update', actor);
    },
    remove(name, actor) {
      own(name);
      store.remove(name, { at: clock.now(), actor });
      roll.refresh();
    },
    start: (name, actor) => set(name, { running: true, stopped: {} }, 'start', actor),
    stop: (name, actor) => set(name, { running: false }, 'stop', actor),
    ramp: (name, share, actor) => set(name, { share }, 'ramp', actor),
    stopArm: (name, arm, why, actor) =>
      set(name, { stopped: { ...roll.stored(name)?.state.stopped, [arm]: why } }, 'stop_arm', actor),
    rollout: roll.rollout,
    setRollout(percent, actor) {
      const state = percent === null ? {} : { share: percent / 100 };
      store.save({ ...known(ROLLOUT), state }, { at: clock.now(), actor, action: 'rollout.set' });
      roll.refresh();
      return roll.rollout();
    },
    refresh: roll.refresh,
    close: roll.close,
  };
}

const setElsewhere = (): QuorumError =>
  new QuorumError('invalid_value', 'The rollout is set by /admin/v1/rollout, or by `quorum rollout`.');

/** What is written anew wins over what was set by command before. */
function stateAfter(
  { share, running, ...state }: ExperimentState,
  fields: Readonly<Record<string, unknown>>,
): ExperimentState {
  return {
    ...state,
    ...(share !== undefined && !('share' in fields) && { share }),
    ...(running !== undefined && !('running' in fields) && { running }),
    ...('arms' in fields && { stopped: {} }),
  };
}
