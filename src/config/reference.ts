// The reference page: every key of the config, its type, default and meaning, made from the JSON Schema.
import { configJsonSchema } from './json-schema.ts';

interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
  readonly required?: readonly string[];
}

const OPENING = `# Configuration

\`config/quorum.yaml\` is the default; \`--config FILE\` or \`QUORUM_CONFIG\` names another. Flags beat the environment, the environment
beats the file, the file beats the defaults. The file is read again when it changes: a good change is taken up without dropping a
request, a bad one is reported and the old settings stay. \`quorum check\` checks it and says what is reachable, what is missing,
and whether the database and the port can be had.

- **Text from the environment**: \`\${NAME}\`, or \`\${NAME:-default}\` when it may be unset or empty; \`$\${\` is a plain \`\${\`. Inside \`{ }\` and
  \`[ ]\` put it in quotes. What is one \`\${…}\` as a whole may stand for a number or true and false. A variable that is neither set nor
  has a default is an error, except for a provider's \`api_key\`: such a provider isn't used.
- **Durations** are \`250ms\`, \`10s\`, \`5m\`, \`1h\`, \`30d\`; **sizes** \`512kb\`, \`20mb\`, \`1gb\`; **prices** USD per million tokens.
- **Unknown keys are errors.** All problems are told at once, each with file, line, column, path and the nearest known key.
- **The catalog** (\`config/catalog.yaml\`) knows providers, models, tiers and tasks already. A row of the same name changes it key by key.
  A model listed at another provider than the catalog's keeps what it is, not what it was called there. A provider row with a
  \`base_url\` of its own takes nothing from the catalog's row, its key included; once you list models at it, only those are served
  there. A tier row with \`models\` describes a tier of its own.
- **What is usable**: a provider whose key is there, or that needs none; a local one (\`local: true\`) that your file declares, or that
  answers. What a local server has installed joins as \`provider/name\`. Simulated models answer only while no real one can.
- **Tiers** keep their usable models in order. Where some are missing, others stand in until there are three: local ones first, then
  cheaper ones. Models that you add belong to the shipped tiers too, as long as you make no tiers yourself, and to those that would be
  empty otherwise.
- **Environment**: \`QUORUM_HOST\`, \`QUORUM_PORT\`, \`QUORUM_LOG_LEVEL\`, \`QUORUM_ADMIN_KEY\`, \`QUORUM_CONFIG\`, \`MODEL_TIER\`, and the keys of the providers. A \`.env\` file in the
  folder where it is started counts for what isn't set. Editors know all keys with \`# yaml-language-server: $schema=./quorum.schema.json\`.
- **At the next start only**: \`server.host\`, \`server.port\`, \`server.admin_key\`, \`server.metrics_key\`, \`server.body_limit\`, \`server.request_timeout\`, \`server.log_level\`, \`storage.url\`.

This page is made from the schema: \`UPDATE=1 npx vitest run test/config/fresh.test.ts\`.
`;

export function configReference(): string {
  const root = configJsonSchema() as Node;
  const sections = Object.entries(root.properties ?? {})
    .filter(([key]) => key !== '$schema')
    .map(([key, node]) => section(key, node));
  return `${OPENING}\n${sections.join('\n')}`;
}

function section(key: string, node: Node): string {
  const rows = rowsBelow(key, node);
  const head = `## ${key}\n\n${node.description ?? ''}\n`;
  const own = `\nType: ${typeOf(node)}.${node.default === undefined ? '' : ` Default: ${defaultOf(node)}.`}\n`;
  if (rows.length === 0) return `${head}${own}`;
  return `${head}${own}\n| key | type | default | meaning |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}

/** Table rows for the keys of a node, however deep. */
function rowsBelow(path: string, node: Node, depth = 0): readonly string[] {
  if (depth > 5) return [];
  return forms(node).flatMap((form) => [
    ...Object.entries(form.properties ?? {}).flatMap(([key, inner]) => {
      const here = `${path}.${key}`;
      const preset = form.required?.includes(key) === true ? 'needed' : defaultOf(inner);
      const { meaning, told } = split(inner.description ?? '');
      const row = `| \`${here}\` | ${typeOf(inner)} | ${told ?? preset} | ${meaning} |`;
      return inner.const === undefined ? [row, ...rowsBelow(here, inner, depth + 1)] : [row];
    }),
    ...(typeof form.additionalProperties === 'object'
      ? rowsBelow(`${path}.NAME`, form.additionalProperties, depth + 1)
      : []),
    ...itemRows(path, form.items, depth),
  ]);
}

function itemRows(path: string, items: Node | undefined, depth: number): readonly string[] {
  if (items === undefined) return [];
  return items.oneOf?.map((kind) => kindRow(path, kind)) ?? rowsBelow(`${path}[]`, items, depth + 1);
}

/** One of several forms told apart by their `kind`: all its keys in one row. */
function kindRow(path: string, { properties = {}, required = [] }: Node): string {
  const keys = Object.entries(properties).map(([key, node]) => {
    const choices = key === 'kind' ? String(node.const) : typeOf(node);
    return `\`${key}\`: ${choices}${required.includes(key) ? '' : ' (optional)'}`;
  });
  return `| \`${path}[]\` | map |  | ${keys.join('; ')} |`;
}

/** `Default: …` at the end of a description goes into its own column. */
function split(description: string): { readonly meaning: string; readonly told: string | null } {
  const cell = description.replaceAll('|', '\\|');
  const found = /^(.*?)\s*Default: (.*)\.$/s.exec(cell);
  return found === null ? { meaning: cell, told: null } : { meaning: found[1]!, told: found[2]! };
}

const forms = (node: Node): readonly Node[] => [node, ...[...(node.anyOf ?? []), ...(node.oneOf ?? [])].flatMap(forms)];

function defaultOf({ default: preset }: Node): string {
  if (preset === undefined) return '';
  if (typeof preset === 'object' && preset !== null && !Array.isArray(preset))
    return Object.keys(preset).length === 0 ? 'as below' : code(preset);
  return preset === '' ? 'empty' : code(preset);
}

const code = (value: unknown): string => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;

const KNOWN_PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/\(ms\|s\|m\|h\|d\)/, 'duration'],
  [/\(b\|kb\|mb\|gb\)/, 'size'],
  [/free\|/, '`in/out`, `free`'],
  [/%\$/, 'percentage'],
  [/\[\^\/\\s\]/, '`provider/model`'],
];

function typeOf(node: Node): string {
  const parts = [...new Set(forms(node).flatMap((form) => plainType(form)))];
  return parts.length === 0 ? 'anything' : parts.join(' or ').replaceAll('|', '\\|');
}

function plainType(node: Node): readonly string[] {
  if (node.pattern === '\\$\\{') return [];
  if (node.const !== undefined) return [code(node.const)];
  if (node.enum !== undefined) return [node.enum.map(code).join(', ')];
  if (node.type === 'boolean') return ['true/false'];
  if (node.type === 'array') return [node.items?.oneOf === undefined ? `list of ${typeOf(node.items ?? {})}` : 'list'];
  if (node.type === 'object') return ['map'];
  if (node.type === 'number' || node.type === 'integer') return [rangeOf(node)];
  if (node.type !== 'string') return [];
  return [KNOWN_PATTERNS.find(([shape]) => shape.test(node.pattern ?? ''))?.[1] ?? 'text'];
}

function rangeOf({ type, minimum, maximum }: Node): string {
  const kind = type === 'integer' ? 'whole number' : 'number';
  if (minimum !== undefined && maximum !== undefined) return `${kind} ${minimum}-${maximum}`;
  return minimum === undefined ? kind : `${kind} ≥ ${minimum}`;
}
