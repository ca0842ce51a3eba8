// `quorum estimate`: what a usage would cost, by the plans that the router would make before it has learnt anything.
import { ConfigError, askAround, loadConfig, probeProvider, resolve, type Probe } from '../config/index.ts';
import { formatUsd, nanoOf, QuorumError } from '../contract/index.ts';
import { estimateFor } from '../http/spend.ts';
import type { Estimate } from '../http/estimate.ts';
import { priorOf } from '../learning/prior.ts';

interface EstimateOptions {
  readonly config?: string | undefined;
  readonly tier?: string | undefined;
  /** `code=1000,math=500`. */
  readonly usage: string;
  readonly json?: boolean | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly write: (text: string) => void;
  readonly probe?: Probe | undefined;
}

/** 0, or 1 with a sentence. */
export async function runEstimate(options: EstimateOptions): Promise<number> {
  const { env, write, tier = null, probe = probeProvider } = options;
  try {
    const usage = usageOf(options.usage);
    const loaded = loadConfig({ file: options.config, env });
    const { settings } = resolve(loaded, await askAround(loaded, probe, env['NODE_ENV'] === 'production'));
    const estimate = estimateFor(
      { tier, usage },
      {
        settings,
        allowed: null,
        quality: (task, model) => ({ quality: priorOf(settings.models.get(model)!, task), samples: 0 }),
      },
    );
    write(options.json === true ? `${JSON.stringify(estimate, null, 2)}\n` : asText(estimate));
    return 0;
  } catch (failure) {
    if (!(failure instanceof ConfigError) && !(failure instanceof QuorumError)) throw failure;
    write(`${failure.message}\n`);
    return 1;
  }
}

function usageOf(text: string): Readonly<Record<string, number>> {
  const pairs = text.split(',').map((pair) => /^\s*([^=\s]+)\s*=\s*(\d+(?:\.\d+)?)\s*$/.exec(pair));
  if (pairs.some((pair) => pair === null))
    throw new QuorumError('invalid_value', `--usage: "${text}" is not like code=1000,math=500.`);
  return Object.fromEntries(pairs.map((pair) => [pair![1]!, Number(pair![2])]));
}

const usd = (amount: number): string => `$${formatUsd(nanoOf(amount))}`;

function asText({ tier, total_usd: total, by_task: byTask, by_model: byModel, unpriced }: Estimate): string {
  const tasks = Object.entries(byTask);
  const models = Object.entries(byModel).sort(([, one], [, other]) => other - one);
  const width = Math.max(...[...tasks, ...models].map(([name]) => name.length));
  return `${[
    `Tier ${tier}: ${usd(total)} in all`,
    '',
    ...tasks.map(
      ([name, { count, per_request_usd: each, total_usd: sum, strategy, models: used }]) =>
        `  ${name.padEnd(width)}  ${count} × ${usd(each)} = ${usd(sum)}  ${strategy}: ${used.join(', ')}`,
    ),
    '',
    ...models.map(([name, sum]) => `  ${name.padEnd(width)}  ${usd(sum)}`),
    ...(unpriced.length > 0 ? ['', `Not counted, for want of a price: ${unpriced.join(', ')}.`] : []),
  ].join('\n')}\n`;
}
