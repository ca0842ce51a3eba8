// Models as they are asked, and which of them can be asked now.
import type { Capability, Model, Speed, Timeouts } from '../../contract/index.ts';
import type { LoadedConfig } from '../load.ts';
import type { ModelRow } from '../schema/index.ts';
import { FREE, priceOf } from '../units.ts';
import { overlay } from './providers.ts';
import type { KnownProvider } from './providers.ts';

/** What is known of the world outside, found by asking. */
export interface Facts {
  /** Local providers that answer. */
  readonly reachable: ReadonlySet<string>;
  /** What they say they have, by provider. */
  readonly installed?: ReadonlyMap<string, readonly string[]>;
  readonly productionMode: boolean;
}

const USUAL: readonly Capability[] = ['tools', 'json_object', 'json_schema', 'streaming', 'n'];

export function resolveModels(
  loaded: LoadedConfig,
  providers: ReadonlyMap<string, KnownProvider>,
  facts: Facts,
): ReadonlyMap<string, Model> {
  const rows = modelRows(loaded, providers);
  const models = new Map([...rows].map(([name, row]) => [name, modelFrom(name, row, loaded, providers)] as const));
  const taken = new Set([...models.values()].map(({ provider, upstreamModel }) => `${provider}/${upstreamModel}`));
  for (const [provider, installed] of facts.installed ?? []) {
    if (providers.get(provider)?.provider.local !== true) continue;
    for (const upstream of installed) {
      const name = `${provider}/${upstream}`;
      const plain = name.replace(/:latest$/, '');
      if ([name, plain].some((same) => taken.has(same) || models.has(same)) || isNoChatModel(upstream)) continue;
      models.set(
        name,
        modelFrom(
          name,
          { provider, upstream_model: upstream, quality: 5, family: familyOf(upstream) },
          loaded,
          providers,
        ),
      );
    }
  }
  return models;
}

/** Embedding, speech and ranking models are served by the same servers. */
const isNoChatModel = (name: string): boolean => /embed|bge-|minilm|whisper|rerank|tts/i.test(name);

function modelRows(loaded: LoadedConfig, providers: ReadonlyMap<string, KnownProvider>): ReadonlyMap<string, ModelRow> {
  const { config, catalog } = loaded;
  const listed = new Set(
    Object.entries(config.models).map(([name, row]) => row.provider ?? catalog.rows.models[name]?.provider),
  );
  const rows = new Map<string, ModelRow>();
  for (const [name, row] of Object.entries(catalog.rows.models)) {
    // Whoever gives a provider an address of its own and lists what is there has said what is there.
    const replaced = providers.get(row.provider ?? '')?.own === true && listed.has(row.provider);
    if (!replaced) rows.set(name, row);
  }
  const known = new Map(Object.entries(catalog.rows.models).map(([name, row]) => [calledAs(name, row), row]));
  for (const [name, theirs] of Object.entries(config.models)) {
    const shipped = catalog.rows.models[name];
    rows.set(
      name,
      shipped === undefined ? overlay(habitsOf(known.get(calledAs(name, theirs))), theirs) : modelRow(theirs, shipped),
    );
  }
  return rows;
}

const calledAs = (name: string, row: ModelRow): string => `${row.provider}/${row.upstream_model ?? name}`;

/** A catalog model under a name of one's own still refuses what it refuses. */
function habitsOf(row: ModelRow = {}): ModelRow {
  const { drop_fields, rename_fields, field_values, tool_fields, thinking } = row;
  return { drop_fields, rename_fields, field_values, tool_fields, thinking };
}

/** At another provider a model keeps what it is and what it refuses; its name there and what is added to its calls are that provider's. */
function modelRow(theirs: ModelRow, shipped: ModelRow): ModelRow {
  if (theirs.provider === undefined || theirs.provider === shipped.provider) return overlay(shipped, theirs);
  const { upstream_model: _name, extra_body: _body, ...portable } = shipped;
  return overlay(portable as ModelRow, theirs);
}

function modelFrom(
  name: string,
  row: ModelRow,
  { config, catalog }: LoadedConfig,
  providers: ReadonlyMap<string, KnownProvider>,
): Model {
  const provider = providers.get(row.provider ?? '')?.provider;
  const context = row.context ?? 128_000;
  const speed = row.speed ?? 'medium';
  const upstreamModel = row.upstream_model ?? name;
  return {
    name,
    provider: row.provider ?? '',
    upstreamModel,
    price: row.price !== undefined ? priceOf(row.price) : provider?.local === true ? FREE : null,
    context,
    maxOutput: Math.min(row.max_output ?? 16_384, context),
    quality: row.quality ?? 6,
    speed,
    strengths: row.strengths ?? [],
    capabilities: new Set(row.capabilities ?? USUAL),
    family: row.family ?? `${row.provider}:${familyOf(upstreamModel)}`,
    local: provider?.local ?? false,
    simulated: provider?.simulated ?? false,
    extraBody: row.extra_body ?? {},
    dropFields: row.drop_fields ?? [],
    renameFields: row.rename_fields ?? {},
    fieldValues: row.field_values ?? {},
    toolFields: row.tool_fields ?? {},
    ...(row.thinking !== undefined && { thinking: row.thinking }),
    ...(row.limits !== undefined && {
      limits: {
        rpm: row.limits.rpm ?? null,
        tpm: row.limits.tpm ?? null,
        parallel: row.limits.parallel ?? null,
      },
    }),
    timeouts: timeoutsOf(config.models[name]?.timeouts, config.timeouts, catalog.rows.models[name], speed),
  };
}

/** `llama3.3:70b` → `llama`, `qwen/qwen3-32b` → `qwen`. */
const familyOf = (upstream: string): string =>
  /[a-z]+/i.exec(upstream.split('/').at(-1)!)?.[0].toLowerCase() ?? upstream;

/** Thinking takes its time: catalog models get more of it the slower they are. */
const PATIENCE: Readonly<Record<Speed, Pick<Timeouts, 'firstTokenMs' | 'totalMs'>>> = {
  very_fast: { firstTokenMs: 10_000, totalMs: 120_000 },
  fast: { firstTokenMs: 20_000, totalMs: 120_000 },
  medium: { firstTokenMs: 45_000, totalMs: 180_000 },
  slow: { firstTokenMs: 120_000, totalMs: 300_000 },
};

/** The model's own in the file, then the file's general ones, then the catalog's. */
function timeoutsOf(
  own: ModelRow['timeouts'],
  general: ModelRow['timeouts'],
  shipped: ModelRow | undefined,
  speed: Speed,
): Timeouts {
  const patience = shipped === undefined ? { firstTokenMs: 10_000, totalMs: 120_000 } : PATIENCE[speed];
  const given = shipped?.timeouts;
  return {
    connectMs: own?.connect ?? general?.connect ?? given?.connect ?? 5_000,
    firstTokenMs: own?.first_token ?? general?.first_token ?? given?.first_token ?? patience.firstTokenMs,
    idleMs: own?.idle ?? general?.idle ?? given?.idle ?? 30_000,
    totalMs: own?.total ?? general?.total ?? given?.total ?? patience.totalMs,
  };
}

/** Why a model can't be asked now, in words; null when it can. */
export function whyNot(
  model: Model,
  known: KnownProvider | undefined,
  { config }: LoadedConfig,
  facts: Facts,
): string | null {
  if (known === undefined) return `its provider "${model.provider}" isn't configured`;
  const { provider, declared } = known;
  if (provider.simulated) return null;
  if (provider.keyMissing) return `set ${provider.keyVariable ?? 'its key'}`;
  if (!provider.local) return null;
  if (Object.hasOwn(config.models, model.name) && declared) return null;
  if (!facts.reachable.has(provider.name)) return `nothing answers at ${provider.baseUrl}`;
  const installed = facts.installed?.get(provider.name);
  const isThere =
    Object.hasOwn(config.models, model.name) ||
    installed === undefined ||
    installed.some((name) => isSame(name, model.upstreamModel));
  return isThere ? null : `${provider.name} doesn't have it`;
}

/** Ollama calls a model without a tag `latest`. */
const isSame = (installed: string, asked: string): boolean => installed === asked || installed === `${asked}:latest`;
