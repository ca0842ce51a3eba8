// Which experiments there are now: the config file's and the administration's, with what was set since. In step with the store within half a second.
import {
  experimentSchema,
  nearest,
  QuorumError,
  ROLLOUT_DEFAULTS,
  type Clock,
  type Experiment,
  type ExperimentRow,
  type ExperimentStore,
  type RolloutRow,
  type StoredExperiment,
} from '../../contract/index.ts';
import { designOf, ROLLOUT, rolloutDesign } from '../../experiment/index.ts';

const POLL_MS = 400;

/** What the config file says. */
interface Written {
  readonly experiments: ReadonlyMap<string, ExperimentRow>;
  readonly rollout: RolloutRow | null;
}

export interface RollParts {
  readonly store: Pick<ExperimentStore, 'version' | 'load'>;
  readonly clock: Clock;
  readonly written: () => Written;
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

interface Roll {
  /** By name. */
  all(): readonly Experiment[];
  /** Throws `not_found`, naming the nearest. */
  named(name: string): Experiment;
  /** What was made or set here, whatever the file says. */
  stored(name: string): StoredExperiment | undefined;
  rollout(): Rollout;
  /** Looks at the store now rather than at the next turn. */
  refresh(): void;
  close(): void;
}

export function createRoll({ store, clock, written, onTrouble }: RollParts): Roll {
  let stored = new Map<string, StoredExperiment>();
  let version = -1;
  let from: Written['experiments'] | null = null;
  let rolloutFrom: RolloutRow | null = null;
  let all: readonly Experiment[] = [];

  function rollout(): Rollout {
    const row = written().rollout;
    const byFile = row?.percent ?? null;
    const share = stored.get(ROLLOUT)?.state.share;
    const set = share === undefined ? null : share * 100;
    return { percent: byFile === 0 ? 0 : (set ?? byFile ?? 0), written: byFile, set };
  }

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

  return {
    all() {
      look();
      return all;
    },
    named,
    stored: (name) => stored.get(name),
    rollout() {
      look();
      return rollout();
    },
    refresh,
    close: () => cancel(),
  };
}
