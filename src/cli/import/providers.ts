// The provider rows that the deployments need: one for each address, key and set of headers.
import type { Catalog } from '../../config/catalog.ts';
import type { Kind } from './kinds.ts';

export type Row = Readonly<Record<string, unknown>>;

interface Account {
  /** As the file gives it, in Quorum's writing; null: the usual one. */
  readonly base: string | null;
  /** `${X}`; null: the usual variable, if any. */
  readonly key: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Providers {
  /** The name under which this account can be called. */
  of(kind: Exclude<Kind, { readonly how: 'none' }>, account: Account): string;
  /** Serves it outside of chat too. */
  readonly alsoServes: (name: string, model: string) => void;
  readonly rows: ReadonlyMap<string, Row>;
  /** What is called as the catalog has it, without a row. */
  readonly used: ReadonlySet<string>;
}

const HABITS = [
  'rename_fields',
  'drop_fields',
  'drop_message_fields',
  'stream_usage',
  'headers',
  'extra_body',
  'max_retries',
] as const;

const LOOPBACK = /^https?:\/\/(?:localhost|127\.|0\.0\.0\.0|\[::1\]|host\.docker\.internal)/i;

export function createProviders(catalog: Catalog): Providers {
  const names = new Map<string, string>();
  const rows = new Map<string, Row>();
  const used = new Set<string>();

  function freeName(wanted: string): string {
    const taken = new Set([...used, ...rows.keys()]);
    for (let count = 1; ; count += 1) {
      const name = count === 1 ? wanted : `${wanted}-${count}`;
      if (!taken.has(name) && (count === 1 || !Object.hasOwn(catalog.rows.providers, name))) return name;
    }
  }

  function rowOf(
    kind: Exclude<Kind, { readonly how: 'none' }>,
    { base, key, headers }: Account,
  ): { readonly name: string; readonly row: Row } {
    const more = { ...(key !== null && { api_key: key }), ...(Object.keys(headers).length > 0 && { headers }) };
    switch (kind.how) {
      case 'catalog': {
        const shipped = catalog.rows.providers[kind.name]!;
        const own = base !== null && trimmed(base) !== trimmed(shipped.base_url ?? '');
        if (!own && !used.has(kind.name) && !rows.has(kind.name)) return { name: kind.name, row: more };
        const habits = Object.fromEntries(
          HABITS.flatMap((habit) => (shipped[habit] === undefined ? [] : [[habit, shipped[habit]]])),
        );
        const usual = catalog.keyVariables.get(kind.name);
        return {
          name: freeName(own ? `${kind.name}-${slug(base)}` : kind.name),
          row: {
            base_url: base ?? shipped.base_url,
            ...(usual !== undefined && { api_key: `\${${usual}}` }),
            ...habits,
            ...more,
            ...(shipped.headers !== undefined && { headers: { ...shipped.headers, ...headers } }),
          },
        };
      }
      case 'compatible': {
        const address = base === null ? kind.base! : withSuffix(base, kind.suffix ?? '');
        const usual = base === null && kind.key !== null ? { api_key: `\${${kind.key}}` } : {};
        const name =
          base === null || kind.suffix !== undefined
            ? plainName(kind.name)
            : `${plainName(kind.name)}-${slug(address)}`;
        return {
          name: freeName(name),
          row: { base_url: address, ...usual, ...more, ...(LOOPBACK.test(address) && { local: true }) },
        };
      }
      case 'azure':
        return {
          name: freeName(base === null ? 'azure' : `azure-${slug(base)}`),
          row: {
            base_url: azureAddress(base ?? '${AZURE_API_BASE}'),
            api_key: '${AZURE_API_KEY}',
            auth_header: 'api-key',
            ...more,
          },
        };
      default:
        return kind satisfies never;
    }
  }

  return {
    rows,
    used,
    of(kind, account) {
      const usual = kind.how === 'catalog' ? catalog.keyVariables.get(kind.name) : undefined;
      const key = account.key === `\${${usual}}` ? null : account.key;
      const signature = JSON.stringify([kind, { ...account, key }]);
      const known = names.get(signature);
      if (known !== undefined) return known;
      const { name, row } = rowOf(kind, { ...account, key });
      names.set(signature, name);
      used.add(name);
      if (Object.keys(row).length > 0) rows.set(name, row);
      return name;
    },
    alsoServes(name, model) {
      const row = rows.get(name) ?? {};
      const before = (row['also_serves'] ??
        (row['base_url'] === undefined ? catalog.rows.providers[name]?.also_serves : undefined) ??
        []) as readonly string[];
      const covered = before.some((each) =>
        each.endsWith('*') ? model.startsWith(each.slice(0, -1)) : each === model,
      );
      if (!covered) rows.set(name, { ...row, also_serves: [...before, model] });
    },
  };
}

const trimmed = (url: string): string => url.replace(/\/+$/, '');
const withSuffix = (base: string, suffix: string): string =>
  suffix === '' || trimmed(base).endsWith(suffix) ? trimmed(base) : trimmed(base) + suffix;
const plainName = (prefix: string): string => prefix.replaceAll('_', '-');

/** Deployments are called by name through the version-free API: https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle */
const azureAddress = (base: string): string => {
  const origin = trimmed(base).replace(/\/openai(?:\/.*)?$/, '');
  return `${origin}/openai/v1`;
};

/** A short word for an address: its host, or the variable it comes from. */
function slug(base: string): string {
  const variable = /\$\{(\w+)/.exec(base)?.[1];
  const text = variable ?? (URL.canParse(base) ? new URL(base).host.replace(/\.openai\.azure\.com$/, '') : base);
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 40);
}
