// Which experiments there are: the config file's and the administration's, with what was set since. In step with the store within half a second.
import {
  experimentSchema,
  nearest,
  QuorumError,
  ROLLOUT_DEFAULTS,
  type Clock,
  type Experiment,
  type ExperimentInput,
  type ExperimentRow,
  type ExperimentState,
  type ExperimentStore,
  type RolloutRow,
  type Settings,
  type StoredExperiment,
} from '../../contract/index.ts';
import { designOf, isOn, ROLLOUT, rolloutDesign } from '../../experiment/index.ts';
import { checkRow, rowOf, taken } from './input.ts';

const POLL_MS = 400;

/** What the config file says. */
interface Written {
  readonly experiments: ReadonlyMap<string, ExperimentRow>;
  readonly rollout: RolloutRow | null;
}

interface RegisterParts {
  readonly store: ExperimentStore;
  readonly clock: Clock;
  readonly written: () => Written;
  readonly settings: () => Settings;
  readonly onTrouble?: (error: unknown) => void;
}

export interface Rollout {
  /** In force. */
  readonly percent: number;
  /** By the config file; null: it doesn't say. */
  readonly written: number | null;
  /** By command; null: nothing. */
  readonly set: number | null;
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

export function createRegister({ store, clock, written, settings, onTrouble }: RegisterParts): Register {
  let stored = new Map<string, StoredExperiment>();
  let version = -1;
  let from: Written['experiments'] | null = null;
  let rolloutFrom: RolloutRow | null = null;
  let all: readonly Experiment[] = [];

  const rollout = (): Rollout => {
    const row = written().rollout;
    const byFile = row?.percent ?? null;
    const share = stored.get(ROLLOUT)?.state.share;
    const set = share === undefined ? null : share * 100;
    return { percent: byFile === 0 ? 0 : (set ?? byFile ?? 0), written: byFile, set };
  };

  function build(): void {
    const now = written();
    from = now.experiments;
    rolloutFrom = now.rollout;
    const ofFile = [...now.experiments].map(([name, row]) => {
      const known = stored.get(name);
      return designOf(name, row, known?.state ?? {}, 'config', known?.createdAt ?? null);
    });
    const ours = [...stored.values()].flatMap(({ name, row, state, createdAt }) =>
      row === null || now.experiments.has(name)
        ? []
        : [designOf(name, experimentSchema.parse(row), state, 'admin', createdAt)],
    );
    const migration =
      now.rollout === null && stored.get(ROLLOUT)?.state.share === undefined
        ? []
        : [rolloutDesign(now.rollout ?? ROLLOUT_DEFAULTS, rollout().percent)];
    all = [...ofFile, ...ours, ...migration].sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  function refresh(): void {
    const current = store.version();
    if (current !== version) {
      stored = new Map(store.load().map((row) => [row.name, row]));
      version = current;
      build();
    } else look();
  }

  /** The config file may have been read again. */
  function look(): void {
    const now = written();
    if (now.experiments !== from || now.rollout !== rolloutFrom) build();
  }

  let cancel = (): void => undefined;
  const poll = (): void => {
    try {
      refresh();
    } catch (error) {
      onTrouble?.(error);
    }
    cancel = clock.after(POLL_MS, poll);
  };
  poll();

  function named(name: string): Experiment {
    const found = all.find((one) => one.name === name);
    if (found !== undefined) return found;
    const near = nearest(
      name,
      all.map((one) => one.name),
    );
    throw new QuorumError(
      'not_found',
      `There is no experiment "${name.slice(0, 80)}".${near === null ? '' : ` Did you mean "${near}"?`}`,
    );
  }

  function save(row: StoredExperiment, action: string, actor: string): Experiment {
    store.save(row, { at: clock.now(), actor, action: `experiment.${action}` });
    refresh();
    return named(row.name);
  }

  function set(name: string, state: ExperimentState, action: string, actor: string): Experiment {
    refresh();
    const { source } = named(name);
    if (source === 'rollout')
      throw new QuorumError('invalid_value', 'The rollout is set by /admin/v1/rollout, or by `quorum rollout`.');
    const known = stored.get(name) ?? { name, row: null, state: {}, createdAt: clock.now() };
    return save({ ...known, state: { ...known.state, ...state } }, action, actor);
  }

  const inputOf = (name: string): ExperimentInput | null => stored.get(name)?.row ?? null;

  /** Throws for those that only the file can change. */
  function own(name: string): ExperimentInput {
    refresh();
    const { source } = named(name);
    const row = inputOf(name);
    if (source === 'admin' && row !== null) return row;
    throw new QuorumError(
      'invalid_value',
      source === 'rollout'
        ? 'The rollout is set by /admin/v1/rollout, or by `quorum rollout`.'
        : `"${name}" is in the config file: change it there. It can be started, stopped and ramped here.`,
    );
  }

  return {
    list: () => {
      look();
      return all;
    },
    named,
    input: (name) => inputOf(name) ?? written().experiments.get(name) ?? null,
    active(at) {
      look();
      if (all.length === 0) return null;
      const on = all.filter((one) => isOn(one, at));
      return on.length === 0 ? null : on;
    },
    create(name, input, actor) {
      refresh();
      if (all.some((one) => one.name === name) || name === ROLLOUT) throw taken(name);
      const row = rowOf(name, input);
      checkRow(experimentSchema.parse(row), settings());
      return save({ name, row, state: {}, createdAt: clock.now() }, 'create', actor);
    },
    change(name, fields, actor) {
      const before = own(name);
      const kept = Object.entries({ ...before, ...fields }).filter(([, value]) => value !== null);
      const row = rowOf(name, Object.fromEntries(kept));
      checkRow(experimentSchema.parse(row), settings());
      const known = stored.get(name)!;
      const { share, running, ...state } = known.state;
      const still = {
        ...state,
        ...(share !== undefined && !('share' in fields) && { share }),
        ...(running !== undefined && !('running' in fields) && { running }),
        ...('arms' in fields && { stopped: {} }),
      };
      return save({ ...known, row, state: still }, 'update', actor);
    },
    remove(name, actor) {
      own(name);
      store.remove(name, { at: clock.now(), actor });
      refresh();
    },
    start: (name, actor) => set(name, { running: true, stopped: {} }, 'start', actor),
    stop: (name, actor) => set(name, { running: false }, 'stop', actor),
    ramp: (name, share, actor) => set(name, { share }, 'ramp', actor),
    stopArm: (name, arm, why, actor) =>
      set(name, { stopped: { ...stored.get(name)?.state.stopped, [arm]: why } }, 'stop_arm', actor),
    rollout: () => {
      look();
      return rollout();
    },
    setRollout(percent, actor) {
      const known = stored.get(ROLLOUT) ?? { name: ROLLOUT, row: null, state: {}, createdAt: clock.now() };
      const state = percent === null ? {} : { share: percent / 100 };
      store.save({ ...known, state }, { at: clock.now(), actor, action: 'rollout.set' });
      refresh();
      return rollout();
    },
    refresh,
    close: () => cancel(),
  };
}
