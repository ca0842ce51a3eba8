// Looks after running experiments: stops arms that do harm, and those experiments that shall end when they are decided.
import type { Clock, Experiment, ExperimentStore } from '../../contract/index.ts';
import { resultsOf, tripped } from '../../experiment/index.ts';
import type { Register } from './register.ts';
import type { Tally } from './tally.ts';

const EVERY_MS = 5_000;
const ACTOR = 'quorum';

interface WardenParts {
  readonly register: Pick<Register, 'active' | 'stopArm' | 'stop'>;
  readonly store: Pick<ExperimentStore, 'sums'>;
  readonly tally: Pick<Tally, 'flush'>;
  readonly clock: Clock;
  /** Told in words of every stop. */
  readonly tell: (message: string, about: Readonly<Record<string, unknown>>) => void;
  readonly onTrouble: (error: unknown) => void;
}

/** The returned function ends it. */
export function watchOver({ register, store, tally, clock, tell, onTrouble }: WardenParts): () => void {
  function lookAfter(experiment: Experiment): void {
    const { name, design } = experiment;
    const sums = store.sums(name, design);
    for (const [arm, why] of tripped(experiment, sums)) {
      register.stopArm(name, arm, why, ACTOR);
      tell('an arm of an experiment was stopped', { experiment: name, arm, why });
    }
    if (!experiment.stopWhenDecided) return;
    const { decision } = resultsOf(experiment, sums);
    if (decision.state === 'collecting') return;
    register.stop(name, ACTOR);
    tell('an experiment is decided', { experiment: name, ...decision });
  }

  function look(): void {
    const active = (register.active(clock.now()) ?? []).filter(({ source }) => source !== 'rollout');
    if (active.length === 0) return;
    tally.flush();
    for (const experiment of active) lookAfter(experiment);
  }

  let cancel = (): void => undefined;
  const again = (): void => {
    cancel = clock.after(EVERY_MS, () => {
      try {
        look();
      } catch (error) {
        onTrouble(error);
      }
      again();
    });
  };
  again();
  return () => cancel();
}
