// A config of LiteLLM's proxy as one of Quorum's, with all that couldn't be carried over.
import type { Catalog } from '../../config/catalog.ts';
import { readDeployment, type Deployment } from './deployments.ts';
import { arrange, IMPORTED, readFallbacks, type Groups } from './groups.ts';
import { readLeaves, type Cursor, type Left } from './leaves.ts';
import { createProviders, type Providers, type Row } from './providers.ts';
import { reasonFor } from './reasons.ts';
import { createSecrets, variablesIn } from './secrets.ts';
import { readSettings } from './settings.ts';
import { writeConfig } from './write.ts';

export interface Converted {
  /** YAML. */
  readonly text: string;
  /** Paths in the file that was read. */
  readonly carried: readonly string[];
  readonly left: readonly Left[];
  /** What is carried over and isn't quite the same. */
  readonly notes: readonly string[];
  /** Variables that must be set before it starts. */
  readonly variables: readonly string[];
  /** By path: the variable that gets the value that is written there. */
  readonly moved: ReadonlyMap<string, string>;
}

export function convert(
  data: Readonly<Record<string, unknown>>,
  catalog: Catalog,
  missing: readonly string[],
): Converted {
  const { root, taken, left } = readLeaves(data);
  const notes = new Set<string>(
    missing.map((name) => `include: ${name} can’t be read; what is in it is missing here.`),
  );
  const note = (text: string): void => void notes.add(text);
  const secrets = createSecrets(variablesIn(data));
  const providers = createProviders(catalog);
  for (const each of root.at('include').items())
    if (typeof each.value !== 'string' || missing.includes(each.value)) each.leave('this file can’t be read');
    else each.take();
  const credentials = credentialsIn(root);
  const tools = { catalog, providers, secrets, credentials, note };
  const deployments = root
    .at('model_list')
    .items()
    .flatMap((entry) => readDeployment(entry, tools) ?? []);
  for (const one of deployments) if (!one.chat) serveBeside(one, providers.alsoServes);
  const rowed = deployments.filter((one) => one.chat || one.group !== one.upstream);
  const places = [root.at('router_settings'), root.at('litellm_settings')];
  const fallbacks = readFallbacks(places, groupsIn(root), groupsOf(rowed.filter(({ chat }) => chat)));
  const groups = arrange(rowed, fallbacks, catalog, note);
  const sections = readSettings(root, secrets, note);
  const known = new Set([...groupsOf(deployments), ...groups.aliases.keys()]);
  const aliases = new Map([...groups.aliases, ...aliasesIn(places[0]!, known)]);
  if ([...groups.tiers.keys()].some((tier) => tier !== IMPORTED))
    note(
      'Groups of several deployments and groups with fallbacks are tiers here: one model is asked, the next stands in when it fails before its first byte. Which comes first is decided by quality, price and what was seen, not by turns.',
    );
  unpriced(groups.models, providers, note);
  const providerRows = withRetries(providers.rows, providers.used, sections.maxRetries);
  const text = writeConfig({ providers: providerRows, ...groups, aliases, sections });
  return {
    text,
    carried: taken(),
    left: left(reasonFor),
    notes: [...notes],
    variables: [...new Set([...variablesOf(text), ...usualKeys(providers, catalog)])].sort(),
    moved: secrets.moved,
  };
}

const variablesOf = (text: string): readonly string[] =>
  [...text.matchAll(/(?<!\$)\$\{([A-Za-z_]\w*)\}/g)].map(([, name]) => name!);

/** Of providers whose key the catalog names. */
const usualKeys = ({ used, rows }: Providers, catalog: Catalog): readonly string[] =>
  [...used].flatMap((name) => {
    const row = rows.get(name) ?? {};
    const variable =
      row['api_key'] === undefined && row['base_url'] === undefined ? catalog.keyVariables.get(name) : undefined;
    return variable === undefined || variable === '' ? [] : [variable];
  });

const groupsOf = (deployments: readonly Deployment[]): ReadonlySet<string> =>
  new Set(deployments.map(({ group }) => group));

const groupsIn = (root: Cursor): ReadonlySet<string> =>
  new Set(
    root
      .at('model_list')
      .items()
      .flatMap((entry) => {
        const name = entry.at('model_name').value;
        return typeof name === 'string' ? [name] : [];
      }),
  );

/** Embeddings and the like are passed through by the name their provider knows. */
function serveBeside(
  { group, upstream, provider }: Deployment,
  alsoServes: (provider: string, model: string) => void,
): void {
  if (group === upstream) alsoServes(provider, upstream);
}

function credentialsIn(root: Cursor): ReadonlyMap<string, Cursor> {
  return new Map(
    root
      .at('credential_list')
      .items()
      .flatMap((each): [string, Cursor][] => {
        const name = each.at('credential_name').value;
        if (typeof name !== 'string') return [];
        each.at('credential_name').take();
        return [[name, each.at('credential_values')]];
      }),
  );
}

/** `gpt-4: my-group`, or the same with `hidden`. */
function aliasesIn(router: Cursor, known: ReadonlySet<string>): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [name, cursor] of router.at('model_group_alias').entries()) {
    const target = typeof cursor.value === 'string' ? cursor : cursor.at('model');
    if (typeof target.value === 'string' && known.has(target.value) && target.value !== name)
      found.set(name, target.take() as string);
    else target.leave('the group that it stands for isn’t carried over');
    cursor.at('hidden').leave('every alias is listed under /v1/models');
  }
  return found;
}

function withRetries(
  rows: ReadonlyMap<string, Row>,
  used: ReadonlySet<string>,
  retries: number | null,
): ReadonlyMap<string, Row> {
  if (retries === null) return rows;
  return new Map([...used].map((name) => [name, { ...rows.get(name), max_retries: retries }]));
}

/** Local models cost nothing. */
function unpriced(models: Groups['models'], { rows }: Providers, note: (text: string) => void): void {
  const names = [...models].flatMap(([name, { row }]) =>
    row['price'] === undefined && rows.get(String(row['provider']))?.['local'] !== true ? [name] : [],
  );
  if (names.length > 0)
    note(
      `No price is known of ${names.join(', ')}: calls count as free of charge in reports, and a budget refuses them or estimates (\`unpriced\`). Give them a \`price\`.`,
    );
}
