// Quorum's config as YAML that a person will go on with: one line a row, a comment where something needs saying.
import { stringify } from 'yaml';
import { IMPORTED } from './groups.ts';
import type { Row } from './providers.ts';
import type { Sections } from './settings.ts';

interface Written {
  readonly providers: ReadonlyMap<string, Row>;
  readonly models: ReadonlyMap<string, { readonly row: Row; readonly origin: string }>;
  readonly tiers: ReadonlyMap<string, readonly string[]>;
  readonly aliases: ReadonlyMap<string, string>;
  readonly sections: Sections;
}

const flow = (value: unknown): string =>
  stringify(value, { collectionStyle: 'flow', lineWidth: 0, aliasDuplicateObjects: false }).trim();

const line = (key: string, value: unknown, comment = ''): string =>
  `  ${flow(key)}: ${flow(value)}${comment === '' ? '' : ` # ${comment}`}\n`;

function section(name: string, comments: readonly string[], rows: readonly string[]): string {
  if (rows.length === 0) return '';
  return `\n${comments.map((comment) => `# ${comment}\n`).join('')}${name}:\n${rows.join('')}`;
}

const fields = (row: Row): readonly string[] => Object.entries(row).map(([key, value]) => line(key, value));

export function writeConfig({ providers, models, tiers, aliases, sections }: Written): string {
  const { server, routing, limits, cache, budgets, timeouts } = sections;
  return [
    '# Quorum’s configuration, made from one of LiteLLM’s by `quorum import litellm`. Check it with `quorum check --config FILE`.\n',
    section('server', [], fields(server)),
    section(
      'providers',
      ['Who answers. Providers of the catalog need no row: their key in the environment is enough.'],
      [...providers].map(([name, row]) => line(name, row)),
    ),
    section(
      'models',
      ['What may be asked by name; a name asked for gets that model alone.'],
      [...models].map(([name, { row, origin }]) => line(name, row, origin)),
    ),
    section(
      'tiers',
      ['Groups of several deployments and groups with fallbacks. `imported` is all of them: what `auto` chooses from.'],
      [...tiers].map(([name, list]) => line(name, list)),
    ),
    tiers.has(IMPORTED) ? `\ndefault_tier: ${IMPORTED}\n` : '',
    section(
      'aliases',
      ['Names that clients send already.'],
      [...aliases].map(([name, target]) => line(name, target)),
    ),
    section(
      'routing',
      [
        'As LiteLLM did it: one model is asked, another only when it fails. `adaptive` lets Quorum ask a second where it is worth it.',
      ],
      fields(routing),
    ),
    section('limits', [], fields(limits)),
    timeouts === null ? '' : `\ntimeouts: ${flow(timeouts)}\n`,
    `\n${cache === false ? '# LiteLLM had no cache that Quorum has too.\n' : ''}cache: ${flow(cache)}\n`,
    budgets.length === 0 ? '' : `\nbudgets:\n${budgets.map((row) => `  - ${flow(row)}\n`).join('')}`,
  ].join('');
}
