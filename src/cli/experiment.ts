// `quorum experiment` and `quorum rollout`: on the store, beside a server that may be running on it and takes the changes up within a second.
import { userInfo } from 'node:os';
import { askAround, loadConfig, probeProvider, resolve, resolveParts } from '../config/index.ts';
import { nearest, QuorumError, type Clock, type Experiment, type ExperimentStore } from '../contract/index.ts';
import { resultsOf } from '../experiment/index.ts';
import { experimentShown, resultsShown, stateOf } from '../http/admin/experiments.ts';
import { evidenceAt } from '../learning/index.ts';
import { createRegister, type Register } from '../pipeline/experiments/register.ts';
import type { Rollout } from '../pipeline/experiments/roll.ts';
import { openStore } from '../store/index.ts';
import { inputOf, shareOf } from './experiment-arguments.ts';
import { reportCsv, reportText } from './experiment-report.ts';
import { orSentence, readWords } from './words.ts';

export const EXPERIMENT_HELP = `quorum experiment list                    all, the config file's too
quorum experiment create NAME --arm one --arm two:strategy=dual
quorum experiment start NAME              assigns arms, those too that were stopped
quorum experiment stop NAME               assigns none any more; the results stay
quorum experiment ramp NAME 25%           the share of the units that take part
quorum experiment report NAME             what it shows, as often as you like [--json | --csv]
quorum experiment delete NAME             with its results

--arm NAME:KEY=VALUE,…    weight, strategy, tier, models=a+b, chairman, min-quality, review-below, slim, cache
--control NAME            default: the first arm
--sticky user | key | session | request   what keeps its arm (default: user)
--share 50%   --ramp 7d   --start 2027-01-31   --end 2027-02-28
--filter task=code+math   also team=, tag=, model=; several times
--layer NAME              one experiment of a layer at the most for each request (default: default)
--metric quality | cost | latency | errors   --min-effect 0.02   --description TEXT
--shadow                  the other arms run beside and never reach the client
--stopped                 not yet
--file FILE               all of it from a YAML file
--json   --config FILE
`;

export const ROLLOUT_HELP = `quorum rollout                            how many of the requests that name a model the router takes over
quorum rollout 25                         percent of them; the others go to the model that they name
quorum rollout off                        the kill switch: none, in every process within a second, without a restart
quorum rollout config                     as the config file says (rollout: …)

--json   --config FILE
`;

interface ExperimentDeps {
  readonly register: Register;
  readonly store: ExperimentStore;
  readonly write: (text: string) => void;
  readonly now: () => number;
  readonly actor: string;
}

export interface ExperimentOptions {
  readonly config?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly write: (text: string) => void;
  readonly clock: Clock;
}

const OPTIONS = {
  arm: { type: 'string', multiple: true },
  filter: { type: 'string', multiple: true },
  control: { type: 'string' },
  sticky: { type: 'string' },
  share: { type: 'string' },
  ramp: { type: 'string' },
  start: { type: 'string' },
  end: { type: 'string' },
  layer: { type: 'string' },
  metric: { type: 'string' },
  'min-effect': { type: 'string' },
  description: { type: 'string' },
  file: { type: 'string' },
  shadow: { type: 'boolean' },
  stopped: { type: 'boolean' },
  csv: { type: 'boolean' },
  json: { type: 'boolean' },
} as const;
const read = (args: readonly string[]) => readWords({ name: 'experiment', options: OPTIONS, mostWords: 3 }, args);
const ROLLOUT_OPTIONS = { json: { type: 'boolean' } } as const;
type Values = ReturnType<typeof read>['values'];

/** 0 when it was done; 1 with a sentence when not. */
export const runExperiment = (args: readonly string[], options: ExperimentOptions): Promise<number> =>
  withExperiments(options, (deps) => {
    const { values, positionals } = read(args);
    const [verb = 'list', name, ...rest] = positionals;
    carryOut(verb, name, rest, values, deps);
  });

export const runRollout = (args: readonly string[], options: ExperimentOptions): Promise<number> =>
  withExperiments(options, (deps) => {
    const { values, positionals } = readWords({ name: 'rollout', options: ROLLOUT_OPTIONS, mostWords: 1 }, args);
    const [wanted] = positionals;
    const rollout =
      wanted === undefined ? deps.register.rollout() : deps.register.setRollout(percentOf(wanted), deps.actor);
    deps.write(values.json === true ? `${JSON.stringify(rollout)}\n` : rolloutText(rollout, wanted));
  });

async function withExperiments(options: ExperimentOptions, work: (deps: ExperimentDeps) => void): Promise<number> {
  const { env, write, clock } = options;
  const loaded = loadConfig({ file: options.config, env });
  const parts = resolveParts(loaded.config);
  const { settings } = resolve(loaded, await askAround(loaded, probeProvider, false));
  const store = await openStore(parts.storageUrl, clock, { decay: evidenceAt });
  const register = createRegister({ store: store.experiments, clock, written: () => parts, settings: () => settings });
  try {
    return await orSentence(write, () => {
      work({ register, store: store.experiments, write, now: () => clock.now(), actor: `cli:${userInfo().username}` });
      return 0;
    });
  } finally {
    register.close();
    await store.close();
  }
}

const VERBS = ['list', 'create', 'start', 'stop', 'ramp', 'report', 'delete'] as const;

function carryOut(
  verb: string,
  name: string | undefined,
  rest: readonly string[],
  values: Values,
  deps: ExperimentDeps,
): void {
  const { register, actor, write } = deps;
  const known = VERBS.find((each) => each === verb);
  if (known === undefined) {
    const near = nearest(verb, VERBS);
    throw new QuorumError(
      'invalid_value',
      `There is no "quorum experiment ${verb}".${near === null ? '' : ` Did you mean "${near}"?`}`,
    );
  }
  if (known === 'list') {
    write(
      values.json === true
        ? `${JSON.stringify(
            register.list().map((one) => experimentShown(one, deps.now())),
            null,
            2,
          )}\n`
        : listText(register.list(), deps),
    );
    return;
  }
  if (name === undefined) throw new QuorumError('invalid_value', `Say which: quorum experiment ${known} NAME.`);
  const tell = (experiment: Experiment, what: string): void =>
    write(
      values.json === true
        ? `${JSON.stringify(experimentShown(experiment, deps.now()), null, 2)}\n`
        : `${experiment.name}: ${what}.\n`,
    );
  switch (known) {
    case 'create':
      return tell(register.create(name, inputOf(values), actor), 'made');
    case 'start':
      return tell(register.start(name, actor), 'started');
    case 'stop':
      return tell(register.stop(name, actor), 'stopped; its results stay');
    case 'ramp': {
      const share = shareOf(rest[0] ?? values.share ?? '');
      return tell(register.ramp(name, share, actor), `${(100 * share).toFixed(1)} % of the units take part`);
    }
    case 'delete':
      register.remove(name, actor);
      return write(`${name}: deleted with its results.\n`);
    case 'report':
      return report(register.named(name), values, deps);
    default:
      return known satisfies never;
  }
}

function report(experiment: Experiment, values: Values, { store, now, write }: ExperimentDeps): void {
  if (values.json === true) return write(`${JSON.stringify(resultsShown(experiment, store, now()), null, 2)}\n`);
  const results = resultsOf(experiment, store.sums(experiment.name, experiment.design));
  write(values.csv === true ? reportCsv(results) : reportText(experiment, stateOf(experiment, now()), results));
}

function listText(all: readonly Experiment[], { now }: ExperimentDeps): string {
  if (all.length === 0)
    return 'There are no experiments. quorum experiment create NAME --arm one --arm two:strategy=dual makes one.\n';
  const width = Math.max(...all.map(({ name }) => name.length));
  return all
    .map((one) => {
      const arms = one.arms.map(({ name, stopped }) => (stopped === null ? name : `${name} (stopped)`)).join(', ');
      const kind = one.shadow === null ? '' : ' · in the shadow';
      return `${one.name.padEnd(width)}  ${stateOf(one, now()).padEnd(7)}  ${(100 * one.share).toFixed(0).padStart(3)} %  ${arms}${kind}\n`;
    })
    .join('');
}

function percentOf(text: string): number | null {
  if (text === 'config') return null;
  if (text === 'off') return 0;
  const [, amount] = /^(\d+(?:\.\d+)?)\s*%?$/.exec(text) ?? [];
  const percent = Number(amount);
  if (amount !== undefined && percent <= 100) return percent;
  throw new QuorumError('invalid_value', `"${text}" is neither a percentage from 0 to 100 nor off nor config.`);
}

function rolloutText({ percent, written, set }: Rollout, wanted: string | undefined): string {
  const sources = `config file: ${written === null ? 'nothing' : `${written} %`}; by command: ${set === null ? 'nothing' : `${set} %`}`;
  const ignored =
    wanted !== undefined && written === 0 && (set ?? 0) > 0 ? ' The config file says off, and that wins.' : '';
  return `The router takes over ${percent} % of the requests that name a model (${sources}).${ignored}\n`;
}
