// The verbs and their options, each carried out by a file of its own that is loaded when it is asked for.
import { Command } from 'commander';
import { environment } from '../config/index.ts';
import { serve, systemClock, VERSION } from '../main.ts';
import type { AccountsDeps } from './accounts-arguments.ts';
import { withAccounts } from './accounts.ts';
import { BUDGET_HELP, runBudget } from './budget.ts';
import { EXPERIMENT_HELP, ROLLOUT_HELP, runExperiment, runRollout, type ExperimentOptions } from './experiment.ts';
import { KEYS_HELP, runKeys } from './keys.ts';

interface Flags {
  readonly config?: string;
  readonly port?: string;
  readonly host?: string;
  readonly logLevel?: string;
  readonly json?: boolean;
}

/** What every verb is added with. */
interface Line {
  readonly quorum: Command;
  /** Those of the program, before the verb. */
  readonly flags: () => Flags;
  readonly exit: (code: number) => void;
}

const KEYS_ABOUT = 'virtual keys: create, list, show, update, rotate, disable, enable, revoke';
const EXPERIMENT_ABOUT = 'experiments on live traffic: list, create, start, stop, ramp, report, delete';
const ROLLOUT_ABOUT = 'how much of the traffic that names a model is routed: a percentage, or off';
const BUDGET_ABOUT = 'budgets and spending: list, set, top-up, reset, remove, spend';

const env = environment();
const write = (text: string): void => void process.stdout.write(text);

/** `exit`: told the code of the verb that was carried out. */
export function program(exit: (code: number) => void): Command {
  const quorum = new Command('quorum')
    .description(
      'A drop-in proxy that speaks the OpenAI API: routes each chat request to one model, two that check each other, three that vote, or a council.',
    )
    .version(VERSION)
    .option('--config <file>', 'the config file (default: config/quorum.yaml, or QUORUM_CONFIG)')
    .option('--port <port>', 'where to listen (QUORUM_PORT; default 4000; 0 takes any free port)')
    .option('--host <host>', 'on which address (QUORUM_HOST; default 127.0.0.1)')
    .option('--log-level <level>', 'error, warn, info or debug (QUORUM_LOG_LEVEL; default info)')
    .option('--json', 'machine-readable output')
    .addHelpText(
      'after',
      '\nFlags beat the environment, the environment beats the config file, the file beats the defaults.',
    )
    .showHelpAfterError('(quorum --help tells what there is)');
  const flags = (): Flags => quorum.opts<Flags>();
  const line = { quorum, flags, exit };
  addStart(line);
  addModels(line);
  addImport(line);
  addEstimate(line);
  addWords(line);
  addReplay(line);
  addReport(line);
  addHealthcheck(line);
  return quorum;
}

function addStart({ quorum, flags, exit }: Line): void {
  quorum
    .command('start', { isDefault: true })
    .description('serve the API (the default)')
    .option('--port <port>', 'where to listen (QUORUM_PORT; default 4000; 0 takes any free port)')
    .option('--host <host>', 'on which address (QUORUM_HOST; default 127.0.0.1)')
    .option('--log-level <level>', 'error, warn, info or debug (QUORUM_LOG_LEVEL)')
    .option('--config <file>', 'the config file')
    .option('--json', 'log lines as JSON')
    .action(async (own: Flags) => {
      const { config, port, host, logLevel, json } = { ...flags(), ...own };
      exit(await serve({ file: config, env, overrides: { port, host, logLevel }, json, write }));
    });
  quorum
    .command('check')
    .summary('what is configured, reachable, missing, and whether database and port can be had')
    .description(
      'What is configured, what is reachable, what is missing, and whether the database and the port can be had; flags as start would take them. Exit 0 only when it could start and answer, or runs there already.',
    )
    .option('--port <port>', 'where it would listen')
    .option('--host <host>', 'on which address')
    .option('--log-level <level>', 'error, warn, info or debug')
    .option('--config <file>', 'the config file')
    .option('--json', 'machine-readable output')
    .action(async (own: Flags) => {
      const { runCheck } = await import('./check.ts');
      exit(await runCheck({ ...flags(), ...own, env, write }));
    });
}

function addModels({ quorum, flags, exit }: Line): void {
  const models = quorum
    .command('models')
    .description('every model with price, context and whether it can be used')
    .option('--config <file>', 'the config file')
    .option('--json', 'machine-readable output')
    .action(async (own: Flags) => {
      const { runModels } = await import('./models.ts');
      exit(await telling((print) => runModels({ ...flags(), ...own, env, write: print })));
    });
  models
    .command('import <file>')
    .description('prices and limits from LiteLLM’s model_prices_and_context_window.json or models.dev’s api.json')
    .option('--write <file>', 'put them into this config file instead of printing them; rows of your own win')
    .option('--provider <names>', 'only these, separated by commas')
    .action(async (file: string, own: { readonly write?: string; readonly provider?: string }) => {
      const { runImportModels } = await import('./import-models.ts');
      const today = new Date().toISOString().slice(0, 10);
      const options = { ...flags(), ...models.opts(), ...own, env, today };
      exit(telling((print) => runImportModels(file, { ...options, print })));
    });
}

function addImport({ quorum, flags, exit }: Line): void {
  const imports = quorum.command('import').description('a config from another proxy, or verdicts from a file');
  imports
    .command('litellm <file>')
    .description('LiteLLM’s proxy config as Quorum’s, and a list of all that couldn’t be carried over')
    .option('--write <file>', 'into this new file instead of printing it')
    .option('--json', 'machine-readable output')
    .action(async (file: string, own: { readonly write?: string; readonly json?: boolean }) => {
      const { runImportLitellm } = await import('./import-litellm.ts');
      exit(telling((print) => runImportLitellm(file, { ...flags(), ...own, print })));
    });
  imports
    .command('feedback <file>')
    .description('verdicts as JSON lines: {"request_id", "correct" | "score" | "correction", …}, or an export of them')
    .option('--rejects <file>', 'lines that could not be taken go there')
    .option('--port <port>', 'where the program listens that is to learn from them (default: as configured)')
    .option('--host <host>', 'on which address')
    .option('--json', 'machine-readable output')
    .action(async (file: string, own: Flags & { readonly rejects?: string }) => {
      const { runImportFeedback } = await import('./import-feedback.ts');
      const given = { ...flags(), ...own, env, clock: systemClock, isTerminal: process.stderr.isTTY };
      exit(await telling((print) => runImportFeedback(file, { ...given, write: print })));
    });
}

function addEstimate({ quorum, flags, exit }: Line): void {
  quorum
    .command('estimate')
    .description('what a usage would cost')
    .requiredOption('--usage <tasks>', 'requests by task: code=1000,math=500')
    .option('--tier <name>', 'the tier (default: the config’s)')
    .option('--config <file>', 'the config file')
    .option('--json', 'machine-readable output')
    .action(async (own: Flags & { readonly usage: string; readonly tier?: string }) => {
      const { runEstimate } = await import('./estimate.ts');
      exit(await telling((print) => runEstimate({ ...flags(), ...own, env, write: print })));
    });
}

/** Verbs with verbs of their own. */
function addWords({ quorum, exit }: Line): void {
  const onAccounts =
    (run: (words: readonly string[], deps: AccountsDeps) => Promise<number>): WordsVerb['run'] =>
    (words, options) =>
      withAccounts(options, (deps) => run(words, deps));
  for (const verb of [
    { name: 'keys', about: KEYS_ABOUT, help: KEYS_HELP, run: onAccounts(runKeys) },
    { name: 'budget', about: BUDGET_ABOUT, help: BUDGET_HELP, run: onAccounts(runBudget) },
    { name: 'experiment', about: EXPERIMENT_ABOUT, help: EXPERIMENT_HELP, run: runExperiment },
    { name: 'rollout', about: ROLLOUT_ABOUT, help: ROLLOUT_HELP, run: runRollout },
  ])
    addWordsVerb(quorum, verb, exit);
}

function addReplay({ quorum, flags, exit }: Line): void {
  quorum
    .command('replay')
    .description('what another policy would have done on recorded traffic, or does on a file of recorded answers')
    .option('--policy <file>', 'a config file: the other policy')
    .option('--since <when>', 'only requests since then: 7d, or 2026-01-31')
    .option('--dataset <file>', 'JSONL (or .gz) of prompts with recorded answers of several models')
    .option('--corrections', 'answers that people corrected, where their prompts are kept, instead of a file')
    .option(
      '--live',
      'with --corrections: asked again of the program that runs (its calls cost); 1 unless all are right',
    )
    .option('--port <port>', 'with --live: where it listens (default: as configured)')
    .option('--host <host>', 'with --live: on which address')
    .option('--feedback <share>', 'with --dataset or --corrections: share of answers that get a verdict (default 0.2)')
    .option('--limit <rows>', 'with --dataset or --corrections: only the first rows')
    .option('--seed <number>', 'with --dataset or --corrections: of the exploration (default 1)')
    .option(
      '--grader <module>',
      'with --dataset or --corrections: exports grade(row, message), for answers that no model gave in these words',
    )
    .option(
      '--svg <file>',
      'draws accuracy against cost: the frontier of a dataset, or the other policy beside what was recorded',
    )
    .option('--config <file>', 'the config file whose records are read')
    .option('--json', 'machine-readable output')
    .action(async (own: Record<string, string> & { readonly corrections?: boolean; readonly live?: boolean }) => {
      const { runReplay } = await import('./replay.ts');
      exit(
        await runReplay({
          ...flags(),
          ...own,
          env,
          clock: systemClock,
          write,
          isTerminal: process.stderr.isTTY,
        }),
      );
    });
}

function addReport({ quorum, flags, exit }: Line): void {
  quorum
    .command('report')
    .argument('[what]', 'performance, export, calibration or confidence', 'performance')
    .description('how requests went: speed, errors, cost, accuracy and their trends; or what was learnt')
    .option(
      '--by <groups>',
      'model, provider, task, strategy, tier, key, team, user, tag, day, hour; several with commas',
    )
    .option('--since <when>', '7d, or 2026-01-31 (default: 7d; of an export and of calibration: the beginning)')
    .option('--until <when>', 'the same (default: now)')
    .option('--format <format>', 'table, json or csv')
    .option('--rows <rows>', 'of an export: requests, attempts or corrections, as JSON lines', 'requests')
    .option('--config <file>', 'the config file')
    .option('--json', 'machine-readable output')
    .addHelpText(
      'after',
      `
  quorum report --by model,task --since 7d --format csv   speed, errors, cost and accuracy
  quorum report export --rows attempts --since 1d         records as JSON lines
  quorum report calibration                               how sure it was and how right
  quorum report confidence                                what is thought of each model`,
    )
    .action(async (what: string, own: Flags & Record<string, string>) => {
      const given = { ...flags(), ...own, env, clock: systemClock, write };
      const { runExport, runPerformanceReport } = await import('./report-performance.ts');
      const { runReport } = await import('./report.ts');
      if (what === 'performance') exit(await runPerformanceReport(given));
      else if (what === 'export') exit(await runExport(given));
      else exit(await runReport({ ...given, what }));
    });
}

function addHealthcheck({ quorum, flags, exit }: Line): void {
  quorum
    .command('healthcheck')
    .description('exit 0 when the server on this machine is ready (for containers)')
    .option('--port <port>', 'where it listens (default: as the config and the environment say)')
    .option('--host <host>', 'on which address')
    .option('--config <file>', 'the config file')
    .action(async (own: Flags) => {
      const { runHealthcheck } = await import('./healthcheck.ts');
      exit(await telling((print) => runHealthcheck({ ...flags(), ...own, env, write: print })));
    });
}

interface WordsVerb {
  readonly name: string;
  readonly about: string;
  readonly help: string;
  readonly run: (words: readonly string[], options: ExperimentOptions) => Promise<number>;
}

/** Its own options are read where they are understood; the program has taken `--config` and `--json` out before. */
function addWordsVerb(quorum: Command, { name, about, help, run }: WordsVerb, exit: (code: number) => void): void {
  const verb = quorum
    .command(name)
    .description(about)
    .argument('[words...]')
    .allowUnknownOption()
    .action(async (words: readonly string[]) => {
      const { config, json } = quorum.opts<Flags>();
      const all = json === true ? [...words, '--json'] : words;
      exit(await telling((print) => run(all, { config, env, write: print, clock: systemClock })));
    });
  verb.helpInformation = () => help;
}

type Print = (text: string) => void;

/** What a verb has to say when it failed goes where errors go. */
function telling(work: (print: Print) => number): number;
function telling(work: (print: Print) => Promise<number>): Promise<number>;
function telling(work: (print: Print) => number | Promise<number>): number | Promise<number> {
  const said: string[] = [];
  const tell = (code: number): number => {
    (code === 0 ? process.stdout : process.stderr).write(said.join(''));
    return code;
  };
  const code = work((text) => void said.push(text));
  return typeof code === 'number' ? tell(code) : code.then(tell);
}
