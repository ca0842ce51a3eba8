// Experiments in this process: what there is, who gets what, what is counted, and what runs beside.
import type { ComposeOptions } from '../compose.ts';
import {
  nanoOf,
  type Budget,
  type Experiment,
  type RequestLog,
  type RequestRecord,
  type Settings,
} from '../contract/index.ts';
import type { Learner } from '../learning/index.ts';
import { createTrials } from '../pipeline/experiments/enrol.ts';
import { createRegister } from '../pipeline/experiments/register.ts';
import { createShadow, type ShadowParts } from '../pipeline/experiments/shadow.ts';
import { createTally } from '../pipeline/experiments/tally.ts';
import { watchOver } from '../pipeline/experiments/warden.ts';
import type { SqliteStore } from '../store/index.ts';

interface ExperimentsParts extends Pick<ShadowParts, 'open' | 'merger' | 'isBusy'> {
  readonly settings: () => Settings;
}

export function openExperiments({ config, clock, log }: ComposeOptions, store: SqliteStore, parts: ExperimentsParts) {
  const onTrouble = (error: unknown): void => log.warn('experiments: the store makes trouble', { error });
  const register = createRegister({
    store: store.experiments,
    clock,
    written: () => config.parts(),
    settings: parts.settings,
    onTrouble,
  });
  const tally = createTally(store.experiments, clock, onTrouble);
  const shadow = createShadow({
    ...parts,
    store: store.experiments,
    tally,
    clock,
    onTrouble: (error) => log.warn('a run in the shadow met a fault', { error }),
  });
  const stopWatching = watchOver({
    register,
    store: store.experiments,
    tally,
    clock,
    tell: (message, about) => log.warn(message, about),
    onTrouble,
  });
  return {
    register,
    tally,
    shadow,
    trials: createTrials({ register, shadow: shadow.offer }),
    budgets: shadowBudgets(() => register.list()),
    observe(record: RequestRecord): void {
      if (record.experiments !== undefined) tally.observe(record);
    },
    close(): void {
      stopWatching();
      shadow.close();
      tally.close();
      register.close();
    },
  };
}

/** The list stays the same while the experiments do. */
function shadowBudgets(list: () => readonly Experiment[]): () => readonly Budget[] {
  let from: readonly Experiment[] | null = null;
  let budgets: readonly Budget[] = [];
  return () => {
    const now = list();
    if (now === from) return budgets;
    from = now;
    budgets = now.flatMap(({ name, shadow }): Budget[] =>
      shadow === null
        ? []
        : [
            {
              id: `shadow:${name}`,
              scope: 'shadow',
              subject: name,
              period: shadow.period,
              limit: nanoOf(shadow.budget_usd),
              timeZone: 'UTC',
              softAt: [],
              onExceed: 'reject',
              unpriced: 'estimate',
              source: 'config',
            },
          ],
    );
    return budgets;
  };
}

/** Verdicts count for the arms that their requests had. */
export function listening(
  learner: Learner,
  requests: RequestLog,
  tally: Pick<ReturnType<typeof createTally>, 'judged'>,
): Learner {
  return {
    ...learner,
    get bytes() {
      return learner.bytes;
    },
    judge(given, tenant, anyTenant) {
      const judged = learner.judge(given, tenant, anyTenant);
      const { feedback, replaced } = judged;
      void requests.find(feedback.request, null).then(
        (record) => {
          if (record?.experiments !== undefined) tally.judged(record, feedback, replaced);
        },
        () => undefined,
      );
      return judged;
    },
  };
}
