// `quorum keys`: virtual keys made, listed, changed, rotated and taken away. The same code stands behind /admin/v1/keys.
import { keyCalled, type KeyInput, type NewSecret } from '../accounts/index.ts';
import { nearest, STRATEGIES, type StrategyChoice, type VirtualKey } from '../contract/index.ts';
import { keyStanding, livingKey, secretShown, type KeyShown } from '../http/admin/keys.ts';
import {
  countOf,
  durationOf,
  given,
  listOf,
  momentOf,
  parseLimit,
  wrong,
  type AccountsDeps,
} from './accounts-arguments.ts';
import { orSentence, readWords } from './words.ts';

export const KEYS_HELP = `quorum keys create [options]      a new key; it is shown this once
quorum keys list                  all keys
quorum keys show ID               one key (by id, or by name: a name is one living key’s in its team)
quorum keys update ID [options]   change what it may do
quorum keys rotate ID [--overlap 24h]   a new secret; the old one works on for the overlap
quorum keys disable ID | enable ID | revoke ID
quorum keys audit [ID]            who changed what

--name NAME  --team TEAM  --user USER  --tags a,b
--budget 50/month                 may be given several times; hour, day, week, month or total
--models 'gpt-*,claude-*'  --tiers a,b  --strategies single,dual
--endpoints '/v1/chat/*'  --networks 10.0.0.0/8,2001:db8::/32
--rpm 60  --tpm 100000  --parallel 4      "none" takes a limit away
--tier NAME  --strategy NAME              used when a request names none
--log-content on | off                    its prompts and answers go into the log, for who needs that
--expires 30d | 2027-01-31 | never
--json   --config FILE
`;

const OPTIONS = {
  name: { type: 'string' },
  team: { type: 'string' },
  user: { type: 'string' },
  tags: { type: 'string' },
  budget: { type: 'string', multiple: true },
  models: { type: 'string' },
  tiers: { type: 'string' },
  strategies: { type: 'string' },
  endpoints: { type: 'string' },
  networks: { type: 'string' },
  rpm: { type: 'string' },
  tpm: { type: 'string' },
  parallel: { type: 'string' },
  tier: { type: 'string' },
  strategy: { type: 'string' },
  expires: { type: 'string' },
  'log-content': { type: 'string' },
  overlap: { type: 'string' },
  json: { type: 'boolean' },
} as const;

type Values = ReturnType<typeof read>['values'];
const read = (args: readonly string[]) => readWords({ name: 'keys', options: OPTIONS, mostWords: 2 }, args);

/** 0 when it was done; 1 with a sentence when not. */
export const runKeys = (args: readonly string[], deps: AccountsDeps): Promise<number> =>
  orSentence(deps.write, () => {
    const { values, positionals } = read(args);
    const [verb = 'list', id = ''] = positionals;
    return carryOut(verb, id, values, deps);
  });

async function carryOut(verb: string, id: string, values: Values, deps: AccountsDeps): Promise<number> {
  const { administration, actor, write } = deps;
  const parts = { ...deps, clock: deps };
  const living = (): VirtualKey => livingKey(parts, find(deps, id).id);
  const show = async (key: VirtualKey): Promise<void> => {
    const shown = await keyStanding(parts, key);
    write(values.json ? `${JSON.stringify(shown, null, 2)}\n` : `${lineOf(shown)}\n`);
  };
  const showNew = async (made: NewSecret): Promise<void> =>
    write(
      values.json
        ? `${JSON.stringify(await secretShown(parts, made), null, 2)}\n`
        : `${made.secret}\n${made.key.id}: keep the key above now, it is not shown again.\n`,
    );
  switch (verb) {
    case 'create':
      await showNew(
        administration.createKey(inputOf(values, deps.now()), actor, (values.budget ?? []).map(parseLimit)),
      );
      return 0;
    case 'list': {
      const keys = await Promise.all(deps.keyring.registry().keys.map((key) => keyStanding(parts, key)));
      write(listText(keys, values.json === true));
      return 0;
    }
    case 'show': {
      const shown = await keyStanding(parts, find(deps, id));
      write(values.json ? `${JSON.stringify(shown, null, 2)}\n` : `${lineOf(shown)}\n${detailsOf(shown)}`);
      return 0;
    }
    case 'update':
      if (values.budget !== undefined) wrong('--budget', 'change budgets with quorum budget');
      await show(administration.updateKey(living().id, inputOf(values, deps.now()), actor));
      return 0;
    case 'rotate':
      await showNew(administration.rotateKey(living().id, durationOf(values.overlap ?? '24h', '--overlap'), actor));
      return 0;
    case 'disable':
    case 'enable':
      await show(administration.updateKey(living().id, { disabled: verb === 'disable' }, actor));
      return 0;
    case 'revoke':
      await show(administration.revokeKey(find(deps, id).id, actor));
      return 0;
    case 'audit':
      write(auditText(deps, id, values.json === true));
      return 0;
    default: {
      const near = nearest(verb, VERBS);
      write(
        `There is no "quorum keys ${verb}".${near === null ? '' : ` Did you mean "quorum keys ${near}"?`} (quorum keys --help tells what there is)\n`,
      );
      return 1;
    }
  }
}

const VERBS = ['create', 'list', 'show', 'update', 'rotate', 'disable', 'enable', 'revoke', 'audit'];

function find({ keyring }: AccountsDeps, id: string): VirtualKey {
  return keyCalled(keyring.registry(), id) ?? wrong('ID', id === '' ? 'say which key' : `there is no key "${id}"`);
}

function inputOf(values: Values, now: number): KeyInput {
  const { strategy } = values;
  if (strategy !== undefined && !isStrategy(strategy))
    wrong('--strategy', `"${strategy}" is none of adaptive, ${STRATEGIES.join(', ')}`);
  const logContent = values['log-content'];
  if (logContent !== undefined && logContent !== 'on' && logContent !== 'off') wrong('--log-content', 'say on or off');
  return given<KeyInput>({
    name: values.name,
    team: values.team,
    user: values.user,
    tags: listOf(values.tags),
    grants: given({
      models: listOf(values.models),
      tiers: listOf(values.tiers),
      strategies: listOf(values.strategies),
      endpoints: listOf(values.endpoints),
      networks: listOf(values.networks),
    }),
    limits: given({
      rpm: countOf(values.rpm, '--rpm'),
      tpm: countOf(values.tpm, '--tpm'),
      parallel: countOf(values.parallel, '--parallel'),
    }),
    tier: values.tier,
    strategy,
    logContent: logContent === undefined ? undefined : logContent === 'on',
    expiresAt: momentOf(values.expires, '--expires', now),
  });
}

const isStrategy = (text: string): text is StrategyChoice =>
  text === 'adaptive' || STRATEGIES.some((name) => name === text);

function listText(keys: readonly KeyShown[], json: boolean): string {
  if (json) return `${JSON.stringify(keys, null, 2)}\n`;
  return keys.length === 0
    ? 'There are no keys yet: quorum keys create --name NAME\n'
    : `${keys.map(lineOf).join('\n')}\n`;
}

function lineOf({ id, display, name, team, state, last_used_at: lastUsedAt }: KeyShown): string {
  const used = lastUsedAt === null ? 'never used' : `used ${lastUsedAt}`;
  return [id, display, name, team ?? '-', state, used].join('  ');
}

/** What it may do, and how its budgets stand; what isn't restricted isn't said. */
function detailsOf(key: KeyShown): string {
  const told = [...LISTS, ...VALUES].flatMap((name) => {
    const value = key[name];
    if (value === null || (Array.isArray(value) && value.length === 0)) return [];
    return [`  ${name}: ${[value].flat().join(', ')}\n`];
  });
  if (key.log_content) told.push('  log_content: on\n');
  const budgets = key.budgets.map(({ period, balance }) => {
    const state =
      balance === null ? '' : `: $${balance.spent_usd} of $${balance.limit_usd} spent, $${balance.left_usd} left`;
    return `  budget per ${period}${state}\n`;
  });
  return [...told, ...budgets].join('');
}

const LISTS = ['tags', 'models', 'tiers', 'strategies', 'endpoints', 'networks'] as const;
const VALUES = [
  'user',
  'rpm',
  'tpm',
  'parallel',
  'tier',
  'strategy',
  'expires_at',
  'created_at',
  'created_by',
] as const;

function auditText({ registry }: AccountsDeps, id: string, json: boolean): string {
  const { rows } = registry.audit(100, null, id === '' ? undefined : id);
  if (json) return `${JSON.stringify(rows, null, 2)}\n`;
  return rows
    .map(({ at, actor, action, subject }) => `${new Date(at).toISOString()}  ${actor}  ${action}  ${subject}\n`)
    .join('');
}
