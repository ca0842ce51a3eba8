// `quorum models import FILE`: prices and limits from LiteLLM's or models.dev's file, as rows for one's own config.
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { ConfigError, loadConfig, type LoadedConfig } from '../config/index.ts';
import { readPriceFile, type ImportedModel, type PriceFile } from './price-file.ts';

interface ImportOptions {
  readonly config?: string | undefined;
  /** Puts the rows into this config file instead of printing them. */
  readonly write?: string | undefined;
  /** Only these providers, separated by commas. */
  readonly provider?: string | undefined;
  readonly json?: boolean | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly print: (text: string) => void;
  /** Of the day, for the rows' `as_of`: 2027-01-31. */
  readonly today: string;
}

interface Row {
  readonly name: string;
  readonly row: Readonly<Record<string, unknown>>;
}

/** 0 when there is at least one row, or nothing new; 1 with a sentence when the file can't be used. */
export function runImportModels(file: string, options: ImportOptions): number {
  const { print } = options;
  const target = options.write !== undefined && existsSync(options.write) ? options.write : options.config;
  const loaded = loadConfig({ file: target, env: options.env });
  const known = new Set([...Object.keys(loaded.catalog.rows.providers), ...Object.keys(loaded.config.providers)]);
  const read = readSafely(file, known);
  if (typeof read === 'string') {
    print(`${file}: ${read}\n`);
    return 1;
  }
  const wanted = options.provider?.split(',').map((name) => name.trim());
  const models = read.models.filter(({ provider }) => wanted === undefined || wanted.includes(provider));
  const { rows, own } = rowsOf(models, loaded, `${read.format} ${baseName(file)}`, options.today);
  if (options.json === true) {
    print(`${JSON.stringify({ models: Object.fromEntries(rows.map(({ name, row }) => [name, row])) }, null, 2)}\n`);
    return 0;
  }
  if (options.write === undefined) {
    print(`models:\n${yamlRows(rows, '  ')}# ${summaryOf(read, rows, own)}\n`);
    return 0;
  }
  const problem = put(options.write, rows, options.env);
  print(`${problem ?? `${summaryOf(read, rows, own)} They are in ${options.write}.`}\n`);
  return problem === null ? 0 : 1;
}

function readSafely(file: string, known: ReadonlySet<string>): PriceFile | string {
  try {
    return readPriceFile(readFileSync(file, 'utf8'), known);
  } catch (failure) {
    return failure instanceof Error ? failure.message : String(failure);
  }
}

const baseName = (file: string): string => file.split(/[\\/]/).at(-1) ?? file;

/** Under the catalog's names where it knows the model; what one's own config says stays as it is. */
function rowsOf(models: readonly ImportedModel[], { catalog, config }: LoadedConfig, source: string, today: string) {
  const calledAs = (provider: string | undefined, upstream: string): string => `${provider}/${upstream}`;
  const shipped = new Map(
    Object.entries(catalog.rows.models).map(([name, row]) => [
      calledAs(row.provider, row.upstream_model ?? name),
      name,
    ]),
  );
  const ownCalls = new Set(
    Object.entries(config.models).map(([name, row]) =>
      calledAs(
        row.provider ?? catalog.rows.models[name]?.provider,
        row.upstream_model ?? catalog.rows.models[name]?.upstream_model ?? name,
      ),
    ),
  );
  const rows = new Map<string, Row>();
  let own = 0;
  for (const model of models) {
    const call = calledAs(model.provider, model.upstreamModel);
    const known = shipped.get(call);
    const free = catalog.rows.models[model.upstreamModel] === undefined && !rows.has(model.upstreamModel);
    const name = known ?? (free ? model.upstreamModel : call);
    if (ownCalls.has(call) || config.models[name] !== undefined) own += 1;
    else rows.set(name, { name, row: rowOf(model, name, known !== undefined, source, today) });
  }
  return { rows: [...rows.values()], own };
}

function rowOf(
  { provider, upstreamModel, price, context, maxOutput, capabilities }: ImportedModel,
  name: string,
  isShipped: boolean,
  source: string,
  today: string,
): Row['row'] {
  const limits = {
    ...(context !== null && { context }),
    ...(maxOutput !== null && { max_output: context === null ? maxOutput : Math.min(maxOutput, context) }),
  };
  // What a model can do was looked into for the catalog; these files only say yes or nothing.
  const more = isShipped ? {} : { provider, ...(name !== upstreamModel && { upstream_model: upstreamModel }) };
  return { ...more, price, ...limits, ...(!isShipped && { capabilities }), source, as_of: today };
}

const PLAIN = /^[A-Za-z][\w./-]*$/;
const plain = (text: string): string => (PLAIN.test(text) ? text : JSON.stringify(text));

/** One line a model; JSON is YAML. */
const yamlRows = (rows: readonly Row[], indent: string): string =>
  rows.map(({ name, row }) => `${indent}${plain(name)}: ${flow(row)}\n`).join('');

function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return String(value);
  return `{ ${Object.entries(value)
    .map(([key, each]) => `${key}: ${flow(each)}`)
    .join(', ')} }`;
}

function summaryOf({ skipped }: PriceFile, rows: readonly Row[], own: number): string {
  const left = [...skipped].map(([why, count]) => `${count} ${why}`);
  return [
    `${rows.length} ${rows.length === 1 ? 'model' : 'models'} imported`,
    ...(own > 0 ? [`${own} kept as your config has them`] : []),
    ...(left.length > 0 ? [`left out: ${left.join(', ')}`] : []),
  ]
    .join('; ')
    .concat('.');
}

/** Into the `models` of a file, after which it must still load; else it is put back as it was. Null when done. */
function put(file: string, rows: readonly Row[], env: ImportOptions['env']): string | null {
  const before = existsSync(file) ? readFileSync(file, 'utf8') : null;
  const after = merged(before ?? '', rows);
  if (after === null) return `${file} has its models on one line: write them as a block, or paste the rows by hand.`;
  const backup = `${file}.before-import`;
  if (before !== null) copyFileSync(file, backup);
  writeFileSync(file, after);
  try {
    loadConfig({ file, env });
  } catch (failure) {
    if (before === null) rmSync(file);
    else writeFileSync(file, before);
    if (!(failure instanceof ConfigError)) throw failure;
    return `With these rows ${file} has problems, so it stays as it was:\n${failure.message}`;
  } finally {
    if (before !== null) rmSync(backup);
  }
  return null;
}

function merged(text: string, rows: readonly Row[]): string | null {
  const head = /^models:[ \t]*(#.*)?\r?\n/m.exec(text);
  if (head === null) {
    if (/^models:/m.test(text)) return null;
    return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}models:\n${yamlRows(rows, '  ')}`;
  }
  const at = head.index + head[0].length;
  const indent = /^(?:[ \t]*(?:#.*)?\r?\n)*([ \t]+)\S/.exec(text.slice(at))?.[1] ?? '  ';
  return text.slice(0, at) + yamlRows(rows, indent) + text.slice(at);
}
