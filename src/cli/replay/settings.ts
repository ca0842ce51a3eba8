// Settings for a replay: a policy file's own, or a plain policy made from the models that a file of recorded answers names.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stillConfig } from '../still-config.ts';
import type { Settings } from '../../contract/index.ts';
import type { RecordedRow } from './dataset.ts';

interface RecordedModel {
  /** USD per million tokens. */
  readonly input: number;
  readonly output: number;
}

/** What a plain policy may differ in; the rest is the default. */
interface PolicyChoices {
  readonly routing?: Readonly<Record<string, unknown>>;
  readonly costPerQuery?: number;
  readonly tasks?: Readonly<Record<string, unknown>>;
  readonly models?: readonly string[];
  /** What is expected of each model beforehand, 0-10; 7 where nothing is said. */
  readonly quality?: Readonly<Record<string, number>>;
}

/** By the rows' own prices, else worked out from cost and tokens, else free. */
function pricesOf(rows: readonly RecordedRow[]): ReadonlyMap<string, RecordedModel> {
  const prices = new Map<string, RecordedModel>();
  for (const { answers, source } of rows.slice(0, 200)) {
    const written = source['prices'] as Readonly<Record<string, RecordedModel>> | undefined;
    for (const model of answers.keys())
      if (!prices.has(model) && written?.[model] !== undefined) prices.set(model, written[model]);
  }
  for (const model of modelsOf(rows)) if (!prices.has(model)) prices.set(model, fittedPrice(rows, model));
  return prices;
}

export const modelsOf = (rows: readonly RecordedRow[]): readonly string[] => [
  ...new Set(rows.flatMap(({ answers }) => [...answers.keys()])),
];

/** Least squares of cost over input and output tokens. */
function fittedPrice(rows: readonly RecordedRow[], model: string): RecordedModel {
  let [xx, xy, yy, xc, yc] = [0, 0, 0, 0, 0];
  for (const { answers } of rows) {
    const answer = answers.get(model);
    if (answer === undefined) continue;
    const { promptTokens: x, completionTokens: y, costUsd: c } = answer;
    xx += x * x;
    xy += x * y;
    yy += y * y;
    xc += x * c;
    yc += y * c;
  }
  const determinant = xx * yy - xy * xy;
  if (determinant === 0) return { input: 0, output: 0 };
  const exact = (value: number): number => Math.max(0, Math.round((value / determinant) * 1e6 * 1e4) / 1e4);
  return { input: exact(xc * yy - yc * xy), output: exact(yc * xx - xc * xy) };
}

export async function plainSettings(rows: readonly RecordedRow[], choices: PolicyChoices = {}): Promise<Settings> {
  const prices = pricesOf(rows);
  const names = choices.models ?? modelsOf(rows);
  const models = Object.fromEntries(
    names.map((name) => [
      name,
      {
        provider: 'recorded',
        price: { input: prices.get(name)?.input ?? 0, output: prices.get(name)?.output ?? 0 },
        context: 1_000_000,
        max_output: 100_000,
        quality: choices.quality?.[name] ?? 7,
        speed: 'fast',
        capabilities: ['tools', 'json_object', 'json_schema', 'vision', 'streaming', 'logprobs'],
      },
    ]),
  );
  const document = {
    providers: { recorded: { type: 'openai', base_url: 'http://127.0.0.1:9/v1', api_key: 'recorded' } },
    models,
    tiers: {
      balanced: {
        models: names,
        chairman: names[0],
        cost_per_query: choices.costPerQuery ?? 0.01,
        expected_latency: '15s',
      },
    },
    default_tier: 'balanced',
    sandbox: { enabled: false },
    cache: { enabled: false },
    routing: { max_cost_per_request: 10, explore: 0, ...choices.routing },
    ...(choices.tasks !== undefined && { tasks: choices.tasks }),
  };
  const folder = mkdtempSync(join(tmpdir(), 'quorum-replay-'));
  try {
    const file = join(folder, 'policy.yaml');
    writeFileSync(file, JSON.stringify(document));
    return await settingsOf(file, {});
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A policy file as it stands; nothing is asked over the network. */
export async function settingsOf(file: string, env: Readonly<Record<string, string | undefined>>): Promise<Settings> {
  const config = await stillConfig(file, env);
  const settings = config.current();
  return settings;
}
