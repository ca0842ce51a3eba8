// `quorum models`: every model with price and context, and whether it can be used or why not.
import type { Model, Settings } from '../contract/index.ts';
import { ConfigError, askAround, loadConfig, probeProvider, resolve } from '../config/index.ts';
import type { Probe } from '../config/index.ts';

interface ModelsOptions {
  /** `--config`. */
  readonly config?: string | undefined;
  readonly json?: boolean | undefined;
  readonly write?: ((text: string) => void) | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly probe?: Probe | undefined;
}

/** 0, or 1 when the config is bad. */
export async function runModels(options: ModelsOptions): Promise<number> {
  const write = options.write ?? ((text: string) => void process.stdout.write(text));
  const { env, probe = probeProvider } = options;
  try {
    const loaded = loadConfig({ file: options.config, env });
    const { settings, reasons } = resolve(loaded, await askAround(loaded, probe, env['NODE_ENV'] === 'production'));
    const rows = [...settings.models.values()].map((model) => rowOf(model, settings, reasons.get(model.name) ?? null));
    rows.sort((a, b) => Number(b.usable) - Number(a.usable));
    write(options.json === true ? `${JSON.stringify(rows, null, 2)}\n` : asTable(rows));
    return 0;
  } catch (failure) {
    if (!(failure instanceof ConfigError)) throw failure;
    write(
      options.json === true ? `${JSON.stringify({ problems: failure.problems }, null, 2)}\n` : `${failure.message}\n`,
    );
    return 1;
  }
}

function rowOf(model: Model, { tiers }: Settings, reason: string | null) {
  const {
    name,
    provider,
    upstreamModel,
    price,
    context,
    maxOutput,
    quality,
    speed,
    strengths,
    capabilities,
    family,
    local,
    simulated,
  } = model;
  return {
    name,
    provider,
    upstream_model: upstreamModel,
    /** USD per million tokens. */
    price:
      price === null
        ? null
        : { input: price.inputPico / 1e6, cached_input: price.cachedInputPico / 1e6, output: price.outputPico / 1e6 },
    context,
    max_output: maxOutput,
    quality,
    speed,
    strengths,
    capabilities: [...capabilities],
    family,
    local,
    simulated,
    tiers: [...tiers.values()].filter(({ models }) => models.includes(name)).map((tier) => tier.name),
    usable: reason === null,
    reason,
  };
}

type Row = ReturnType<typeof rowOf>;

function asTable(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.name,
    row.provider,
    row.price === null
      ? 'unknown'
      : row.price.input === 0 && row.price.output === 0
        ? 'free'
        : `${row.price.input} / ${row.price.output}`,
    tokens(row.context),
    row.usable ? (row.simulated ? 'usable (simulated)' : 'usable') : row.reason!,
  ]);
  const table = [['model', 'provider', 'USD per 1M in / out', 'context', ''], ...cells];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  const usable = rows.filter((row) => row.usable).length;
  return `${lines.join('\n')}\n\n${usable} of ${rows.length} models can be used.\n`;
}

function tokens(count: number): string {
  if (count >= 1_000_000) return `${Number((count / 1e6).toFixed(2))}M`;
  return `${Math.round(count / 1_000)}k`;
}
