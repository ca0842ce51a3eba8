// Names in a config that point at other names in it: does what they point at exist?
import { EXPERIMENT_NAME, STRATEGIES } from '../contract/index.ts';
import type { ConfigDocument } from './document.ts';
import { didYouMean, pathText } from './problem.ts';
import type { Path, Problem } from './problem.ts';
import type { Rows } from './schema/index.ts';

type Table = Readonly<Record<string, unknown>>;

const table = (value: unknown): Table =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Table) : {};
const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];

/** Every name that is known once the config is laid over the catalog. */
interface Known {
  readonly providers: ReadonlySet<string>;
  readonly local: ReadonlySet<string>;
  readonly models: ReadonlySet<string>;
  readonly tiers: ReadonlySet<string>;
  readonly tasks: ReadonlySet<string>;
  readonly aliases: Table;
}

/** Reads the data as written, so that these problems come together with those of form. */
export function referenceProblems(document: ConfigDocument, catalog: Rows): readonly Problem[] {
  const data = document.data;
  const known: Known = {
    providers: union(catalog.providers, data['providers']),
    local: new Set(
      Object.entries({ ...catalog.providers, ...table(data['providers']) }).flatMap(([name, row]) =>
        table(row)['local'] === true ? [name] : [],
      ),
    ),
    models: union(catalog.models, data['models']),
    tiers: union(catalog.tiers, data['tiers']),
    tasks: union(catalog.tasks, data['tasks']),
    aliases: table(data['aliases']),
  };
  const problems: Problem[] = [];
  const say = (path: Path, message: string, what: 'value' | 'key' = 'value'): void => {
    problems.push({ ...document.placeOf(path, what), path: pathText(path), message });
  };
  checkNames(data, say);
  checkModels(table(data['models']), known, catalog, say);
  checkTiers(data, known, say);
  checkAliases(known, say);
  checkTasks(data, known, say);
  checkRoles(table(data['roles']), known, say);
  checkProviders(table(data['providers']), catalog, say);
  checkBudgets(data['budgets'], say);
  checkExperiments(data, known, say);
  checkStores(data, say);
  return problems;
}

type Say = (path: Path, message: string, what?: 'value' | 'key') => void;

const union = (ours: object, theirs: unknown): ReadonlySet<string> =>
  new Set([...Object.keys(ours), ...Object.keys(table(theirs))]);

/** What nobody could ask for. */
function checkNames(data: Table, say: Say): void {
  for (const section of ['providers', 'models', 'tiers', 'aliases', 'tasks', 'roles'])
    if (Object.hasOwn(table(data[section]), '')) say([section, ''], 'expected a name that is not empty', 'key');
  for (const name of ['auto', ...STRATEGIES])
    if (Object.hasOwn(table(data['tiers']), name))
      say(['tiers', name], `"quorum/${name}" is the strategy; give the tier another name`, 'key');
}

function checkProviders(rows: Table, catalog: Rows, say: Say): void {
  for (const [name, row] of Object.entries(rows)) {
    if (typeof row === 'string' || Object.hasOwn(catalog.providers, name)) continue;
    const given = table(row);
    if (given['type'] !== 'sandbox' && given['base_url'] === undefined) {
      say(['providers', name, 'base_url'], 'missing; expected a URL such as https://api.openai.com/v1');
    }
  }
}

function checkModels(rows: Table, known: Known, catalog: Rows, say: Say): void {
  for (const [name, row] of Object.entries(rows)) {
    if (name === 'auto' || name.startsWith('quorum/')) {
      say(['models', name], '"auto" and "quorum/…" are Quorum’s own names; give the model another one', 'key');
    }
    const short = typeof row === 'string';
    if (!short && (typeof row !== 'object' || row === null)) continue;
    const provider = short ? row.split('/')[0] : table(row)['provider'];
    const path: Path = short ? ['models', name] : ['models', name, 'provider'];
    if (typeof provider === 'string') {
      if (!known.providers.has(provider)) say(path, unknown('provider', provider, known.providers));
    } else if (provider === undefined && !Object.hasOwn(catalog.models, name)) {
      say(
        path,
        `missing; the catalog doesn’t know this model, so it needs a provider${didYouMean(name, Object.keys(catalog.models))}`,
      );
    }
  }
}

function checkTiers(data: Table, known: Known, say: Say): void {
  for (const [name, row] of Object.entries(table(data['tiers']))) {
    const short = Array.isArray(row);
    for (const [index, model] of texts(short ? row : table(row)['models']).entries()) {
      const path: Path = short ? ['tiers', name, index] : ['tiers', name, 'models', index];
      if (!isModel(model, known)) say(path, unknown('model', model, known.models));
    }
    const chairman = table(row)['chairman'];
    if (typeof chairman === 'string' && !isModel(chairman, known)) {
      say(['tiers', name, 'chairman'], unknown('model', chairman, known.models));
    }
  }
  const provider = data['default_provider'];
  if (typeof provider === 'string' && !known.providers.has(provider)) {
    say(['default_provider'], unknown('provider', provider, known.providers));
  }
}

/** A local server's own models are found while running: `ollama/llama3.3`. */
const isModel = (name: string, known: Known): boolean =>
  known.models.has(name) || (name.includes('/') && known.local.has(name.slice(0, name.indexOf('/'))));

function checkAliases(known: Known, say: Say): void {
  for (const [name, target] of Object.entries(known.aliases)) {
    const path: Path = ['aliases', name];
    if (name === 'auto' || name.startsWith('quorum/')) say(path, '"auto" and "quorum/…" can’t be aliases', 'key');
    else if (typeof target === 'string') {
      const end = follow(name, known);
      if (end === null) say(path, 'this alias leads back to itself');
      else if (!isTarget(target, known)) {
        const targets = ['auto', ...ownNames(known), ...known.models, ...Object.keys(known.aliases)];
        say(path, unknown('model', target, targets));
      }
    }
  }
}

function follow(name: string, known: Known): string | null {
  const seen = new Set<string>();
  let at = name;
  while (Object.hasOwn(known.aliases, at) && typeof known.aliases[at] === 'string') {
    if (seen.has(at)) return null;
    seen.add(at);
    at = known.aliases[at] as string;
  }
  return at;
}

const ownNames = (known: Known): readonly string[] =>
  ['auto', ...STRATEGIES, ...known.tiers].map((name) => `quorum/${name}`);
const isTarget = (target: string, known: Known): boolean =>
  target === 'auto' ||
  ownNames(known).includes(target) ||
  Object.hasOwn(known.aliases, target) ||
  isModel(target, known);

function checkRoles(rows: Table, known: Known, say: Say): void {
  for (const [name, row] of Object.entries(rows)) {
    const named: [Path, unknown][] =
      typeof row === 'string'
        ? [[['roles', name], row]]
        : ['model', 'fallback'].map((key) => [['roles', name, key], table(row)[key]]);
    for (const [path, model] of named)
      if (typeof model === 'string' && !isModel(model, known)) say(path, unknown('model', model, known.models));
  }
}

function checkTasks(data: Table, known: Known, say: Say): void {
  for (const [name, row] of Object.entries(table(data['tasks']))) {
    const tier = table(row)['tier'];
    if (typeof tier === 'string' && !known.tiers.has(tier)) {
      say(['tasks', name, 'tier'], unknown('tier', tier, known.tiers));
    }
  }
  const fallback = table(data['routing'])['fallback_task'];
  if (typeof fallback === 'string' && !known.tasks.has(fallback)) {
    say(['routing', 'fallback_task'], unknown('task', fallback, known.tasks));
  }
}

/** `rollout` is an experiment that is there already. */
function checkExperiments(data: Table, known: Known, say: Say): void {
  for (const [name, row] of Object.entries(table(data['experiments']))) {
    const experiment = table(row);
    const arms = table(experiment['arms']);
    const path: Path = ['experiments', name];
    if (name === 'rollout') say(path, '"rollout" is the section of that name; give the experiment another one', 'key');
    if (!EXPERIMENT_NAME.test(name))
      say(path, 'an experiment’s name has 1 to 64 letters, digits, "_", "-" and "."', 'key');
    if (experiment['ramp'] !== undefined && experiment['start'] === undefined)
      say([...path, 'ramp'], 'it grows from `start` on, and there is none; add `start`');
    const { control, filter } = experiment;
    if (typeof control === 'string' && !Object.hasOwn(arms, control))
      say([...path, 'control'], unknown('arm', control, Object.keys(arms)));
    const tasks = table(filter)['task'];
    for (const task of typeof tasks === 'string' ? [tasks] : texts(tasks))
      if (!known.tasks.has(task)) say([...path, 'filter', 'task'], unknown('task', task, known.tasks));
    for (const [arm, given] of Object.entries(arms)) checkArm([...path, 'arms', arm], table(given), known, say);
  }
  const rollout = table(data['rollout']);
  if (typeof rollout['tier'] === 'string' && !known.tiers.has(rollout['tier']))
    say(['rollout', 'tier'], unknown('tier', rollout['tier'], known.tiers));
  for (const [index, model] of texts(rollout['models']).entries())
    if (!isModel(model, known) && !Object.hasOwn(known.aliases, model))
      say(['rollout', 'models', index], unknown('model', model, [...known.models, ...Object.keys(known.aliases)]));
}

function checkArm(path: Path, arm: Table, known: Known, say: Say): void {
  const { tier, chairman } = arm;
  if (!EXPERIMENT_NAME.test(String(path.at(-1))))
    say(path, 'an arm’s name has 1 to 64 letters, digits, "_", "-" and "."', 'key');
  if (typeof tier === 'string' && !known.tiers.has(tier)) say([...path, 'tier'], unknown('tier', tier, known.tiers));
  if (typeof chairman === 'string' && !isModel(chairman, known))
    say([...path, 'chairman'], unknown('model', chairman, known.models));
  for (const [index, model] of texts(arm['models']).entries())
    if (!isModel(model, known)) say([...path, 'models', index], unknown('model', model, known.models));
}

/** What is allowed, and hardly meant. */
export function referenceWarnings(document: ConfigDocument, catalog: Rows): readonly Problem[] {
  const { data } = document;
  const [providers, models] = [table(data['providers']), table(data['models'])];
  const tasks = union(catalog.tasks, data['tasks']);
  const used = new Set(
    Object.values(models).map((row) => (typeof row === 'string' ? row.split('/')[0] : table(row)['provider'])),
  );
  const idle = Object.entries(providers).filter(
    ([name, row]) =>
      !Object.hasOwn(catalog.providers, name) &&
      !used.has(name) &&
      table(row)['local'] !== true &&
      table(row)['type'] !== 'sandbox',
  );
  const strengths = Object.entries(models).flatMap(([name, row]) =>
    texts(table(row)['strengths']).map((task, index) => ({ path: ['models', name, 'strengths', index] as Path, task })),
  );
  return [
    ...idle.map(([name]) => ({
      ...document.placeOf(['providers', name], 'key'),
      path: `providers.${name}`,
      message: `no model is listed at this provider; list what it has under "models", such as "my-model: ${name}"`,
    })),
    ...strengths
      .filter(({ task }) => !tasks.has(task))
      .map(({ path, task }) => ({
        ...document.placeOf(path),
        path: pathText(path),
        message: unknown('task', task, tasks),
      })),
  ];
}

function checkBudgets(rows: unknown, say: Say): void {
  for (const [index, row] of (Array.isArray(rows) ? rows : []).entries()) {
    const budget = table(row);
    if (budget['scope'] === 'global' && budget['id'] !== undefined) {
      say(['budgets', index, 'id'], 'a global budget has no id; leave it out, or choose another scope');
    }
  }
}

const SQLITE = /^sqlite:(?:\/\/)?.+$/s;
const POSSIBLE = 'this version keeps its data in SQLite only, such as sqlite:./data/quorum.db';

/** Addresses may hold passwords: they are never shown. */
function checkStores(data: Table, say: Say): void {
  const [storage, storagePath] = urlAt(data, 'storage');
  if (storage !== null && !SQLITE.test(storage))
    say(
      storagePath,
      /^postgres(ql)?:/i.test(storage)
        ? `PostgreSQL isn’t possible; ${POSSIBLE}`
        : `expected sqlite:PATH, but found something else; ${POSSIBLE}`,
    );
  const [redis, redisPath] = urlAt(data, 'redis');
  if (redis !== null && redis.trim() !== '')
    say(
      redisPath,
      'Redis isn’t possible; this version keeps cache and rate limits in the process, so leave this empty or out',
    );
}

/** The text of `{ url }` or of its short form, and where it stands. */
function urlAt(data: Table, key: string): readonly [string | null, Path] {
  const value = data[key];
  if (typeof value === 'string') return [value, [key]];
  const { url } = table(value);
  return [typeof url === 'string' ? url : null, [key, 'url']];
}

function unknown(kind: string, name: string, known: Iterable<string>): string {
  const names = [...known];
  const list = names.length > 12 ? '' : `; known: ${names.join(', ')}`;
  return `there is no ${kind} "${name}"${didYouMean(name, names) || list}`;
}
