// What is told about configs that are wrong: place, path, expectation, what was there, nearest key.
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ConfigError, loadConfig } from '../../src/config/index.ts';
import { configFile, load, problemsOf, told } from './support.ts';

const BROKEN: readonly (readonly [what: string, yaml: string, ...told: string[]])[] = [
  ['an unknown key at the top', 'servr:\n  port: 1', '1:1 servr: unknown key "servr"; did you mean "server"?'],
  [
    'an unknown key inside',
    'server:\n  host: localhost\n  prot: 4000',
    '3:3 server.prot: unknown key "prot"; did you mean "port"?',
  ],
  [
    'an unknown key in a price',
    'models:\n  fast:\n    provider: openai\n    price: { input: 1, outptu: 2 }',
    '4:5 models.fast.price.output: missing; expected USD, 0 or more',
    '4:24 models.fast.price.outptu: unknown key "outptu"; did you mean "output"?',
  ],
  [
    'a price that is no number',
    'models:\n  fast:\n    provider: openai\n    price:\n      input: cheap\n      output: 1',
    '5:14 models.fast.price.input: expected USD, 0 or more, but found "cheap"',
  ],
  [
    'a negative price',
    'models:\n  fast: { provider: openai, price: { input: -1, output: 1 } }',
    '2:45 models.fast.price.input: expected USD, 0 or more, but found -1',
  ],
  [
    'a price that can’t be read',
    'models:\n  fast: { provider: openai, price: 0.15 }',
    '2:36 models.fast.price: expected a price such as { input: 0.15, output: 0.60 }, 0.15/0.60 or free, but found 0.15',
  ],
  [
    'a role’s model that nobody knows',
    'roles:\n  planner: gpt-4o-mni\n  heavy: { model: gpt-4o, fallback: nobody-at-all }',
    '2:12 roles.planner: there is no model "gpt-4o-mni"; did you mean "gpt-4o-mini"?',
    '3:37 roles.heavy.fallback: there is no model "nobody-at-all"',
  ],
  ['a name that is empty', 'models:\n  "": openai/gpt-4o', '2:3 models.: expected a name that is not empty'],
  [
    'a tier that nobody could ask for',
    'tiers:\n  triple: [gpt-4o]',
    '2:3 tiers.triple: "quorum/triple" is the strategy; give the tier another name',
  ],
  [
    'a key twice, once as a number',
    'aliases:\n  1: auto\n  "1": auto',
    '3:3 aliases.1: "1" stands here twice; put both into one',
  ],
  [
    'a port out of range',
    'server: { port: 70000 }',
    '1:17 server.port: expected a whole number from 0 to 65535, but found 70000',
  ],
  [
    'a port that is text',
    'server:\n  port: "4000"',
    '2:9 server.port: expected a whole number from 0 to 65535, but found "4000"',
  ],
  [
    'a duration without a unit',
    'cache:\n  ttl: 60',
    '2:8 cache.ttl: expected a duration such as 250ms, 10s, 5m, 1h or 30d, but found 60',
  ],
  [
    'a size that is none',
    'server:\n  body_limit: big',
    '2:15 server.body_limit: expected a size such as 512kb, 20mb or 1gb, but found "big"',
  ],
  [
    'a wrong choice, nearly right',
    'routing:\n  prefer: qualty',
    '2:11 routing.prefer: expected one of quality, cost, speed, balanced, but found "qualty"; did you mean "quality"?',
  ],
  [
    'PostgreSQL, without its password',
    'storage:\n  url: postgresql://me:hunter2@db/quorum',
    '2:8 storage.url: PostgreSQL isn’t possible; this version keeps its data in SQLite only, such as sqlite:./data/quorum.db',
  ],
  [
    'a storage of another kind',
    'storage: /var/lib/quorum.db',
    '1:10 storage: expected sqlite:PATH, but found something else; this version keeps its data in SQLite only, such as sqlite:./data/quorum.db',
  ],
  [
    'Redis, without its password',
    'redis: redis://:hunter2@cache',
    '1:8 redis: Redis isn’t possible; this version keeps cache and rate limits in the process, so leave this empty or out',
  ],
  ['a flag that is none', 'cache:\n  enabled: maybe', '2:12 cache.enabled: expected true or false, but found "maybe"'],
  [
    'an unknown capability',
    'models:\n  fast:\n    provider: openai\n    capabilities: [tools, visio]',
    '4:27 models.fast.capabilities[1]: expected one of tools, json_object, json_schema, vision, audio, streaming, logprobs, reasoning, n, but found "visio"; did you mean "vision"?',
  ],
  [
    'an unknown provider',
    'models:\n  fast:\n    provider: opnai',
    '3:15 models.fast.provider: there is no provider "opnai"; did you mean "openai"?',
  ],
  [
    'an unknown provider in the short form',
    'models:\n  fast: opnai/gpt-4o',
    '2:9 models.fast: there is no provider "opnai"; did you mean "openai"?',
  ],
  [
    'a model without a provider',
    'models:\n  gpt-4o-mni:\n    quality: 5',
    '2:3 models.gpt-4o-mni.provider: missing; the catalog doesn’t know this model, so it needs a provider; did you mean "gpt-4o-mini"?',
  ],
  [
    'a reserved model name',
    'models:\n  auto: openai',
    '2:3 models.auto: "auto" and "quorum/…" are Quorum’s own names; give the model another one',
  ],
  [
    'a provider without an address',
    'providers:\n  house:\n    api_key: x',
    '2:3 providers.house.base_url: missing; expected a URL such as https://api.openai.com/v1',
  ],
  [
    'an address that is none',
    'providers:\n  house:\n    base_url: 10.0.0.1/v1',
    '3:15 providers.house.base_url: expected a URL such as https://api.openai.com/v1, but found "10.0.0.1/v1"',
  ],
  [
    'a tier with an unknown model',
    'tiers:\n  mine: [gpt-4o, gpt-4o-mni]',
    '2:18 tiers.mine[1]: there is no model "gpt-4o-mni"; did you mean "gpt-4o-mini"?',
  ],
  [
    'an unknown chairman',
    'tiers:\n  mine:\n    models: [gpt-4o]\n    chairman: gtp-5',
    '4:15 tiers.mine.chairman: there is no model "gtp-5"; did you mean "gpt-5"?',
  ],
  [
    'an empty tier',
    'tiers:\n  mine: { models: [] }',
    '2:19 tiers.mine.models: expected a list of at least one model, but found an empty one',
  ],
  [
    'an alias to nowhere',
    'aliases:\n  gpt-4: gpt-4oo',
    '2:10 aliases.gpt-4: there is no model "gpt-4oo"; did you mean "gpt-4o"?',
  ],
  [
    'an alias in a circle',
    'aliases:\n  a: b\n  b: a',
    '2:6 aliases.a: this alias leads back to itself',
    '3:6 aliases.b: this alias leads back to itself',
  ],
  [
    'a pattern that doesn’t compile',
    'tasks:\n  mine:\n    patterns: ["ok", "(unclosed"]',
    '3:22 tasks.mine.patterns[1]: expected a regular expression that compiles (/(unclosed/i: Unterminated group), but found "(unclosed"',
  ],
  [
    'a task in an unknown tier',
    'tasks:\n  math:\n    tier: premuim',
    '3:11 tasks.math.tier: there is no tier "premuim"; did you mean "premium"?',
  ],
  [
    'a check of an unknown kind',
    'tasks:\n  math:\n    validators:\n      - { kind: rang, field: x }',
    '4:17 tasks.math.validators[0].kind: expected a check whose `kind` is one of required, type, range, length, pattern, enum, unique, compare, fresh, but found "rang"',
  ],
  [
    'a key that this check doesn’t have',
    'tasks:\n  math:\n    validators:\n      - { kind: range, field: x, mini: 1 }',
    '4:34 tasks.math.validators[0].mini: unknown key "mini"; did you mean "min"?',
  ],
  [
    'a fallback task that isn’t there',
    'routing: { fallback_task: mathh }',
    '1:27 routing.fallback_task: there is no task "mathh"; did you mean "math"?',
  ],
  [
    'a budget without a limit',
    'budgets:\n  - { scope: global, period: month }',
    '2:5 budgets[0].limit_usd: missing; expected USD, 0 or more',
  ],
  [
    'a budget of an unknown scope and period',
    'budgets:\n  - { scope: tem, period: monthly, limit_usd: 5 }',
    '2:14 budgets[0].scope: expected one of global, team, key, user, tag, but found "tem"; did you mean "team"?',
    '2:27 budgets[0].period: expected one of hour, day, week, month, total, but found "monthly"; did you mean "month"?',
  ],
  [
    'a time zone that isn’t one',
    'budgets:\n  - scope: global\n    limit_usd: 5\n    time_zone: Berlin',
    '4:16 budgets[0].time_zone: expected a time zone such as Europe/Berlin, but found "Berlin"',
  ],
  [
    'a map where a list belongs',
    'budgets: { scope: global }',
    '1:10 budgets: expected a list of budgets, but found a map',
  ],
  [
    'nothing where a map belongs',
    'models:\n  fast:',
    '2:8 models.fast: expected a provider such as openai or openai/gpt-4o-mini, or a model’s settings, but found nothing',
  ],
  [
    'an experiment with one arm',
    'experiments:\n  e:\n    arms: { a: {} }',
    '3:11 experiments.e.arms: expected at least two arms, but found a map',
  ],
  [
    'a variable that isn’t set',
    'server:\n  host: ${NOT_SET}',
    '2:9 server.host: the environment variable NOT_SET is not set; set it, or give a default: ${NOT_SET:-…}',
  ],
  [
    'a substitution that can’t be read',
    'server:\n  host: "${HO ST}"',
    '2:9 server.host: expected ${NAME} or ${NAME:-default}, but found "${HO ST}"',
  ],
  ['the same key twice', 'server: {}\nserver: {}', '2:1 server: "server" stands here twice; put both into one'],
  [
    'the same key twice, further in',
    'budgets:\n  - scope: global\n    limit_usd: 1\n    limit_usd: 2',
    '4:5 budgets[0].limit_usd: "limit_usd" stands here twice; put both into one',
  ],
  ['two documents', 'server: {}\n---\ncache: {}', '2:1 : expected one document, but "---" begins another'],
  [
    'an anchor inside of itself',
    'aliases: &a\n  one: auto\n  two: *a',
    '3:8 aliases.two: *a stands inside of what it stands for',
  ],
  [
    'an anchor inside of itself, in a list',
    'tiers:\n  mine: { models: &m [gpt-4o, *m] }',
    '2:31 tiers.mine.models[1]: *m stands inside of what it stands for',
  ],
  [
    'a circle of merged maps',
    'models:\n  a: &a { provider: openai, <<: *a }',
    '2:33 models.a.<<: *a stands inside of what it stands for',
  ],
  [
    'a name that is none',
    'models:\n  __proto__: { provider: openai }',
    '2:3 models.__proto__: nothing can be called "__proto__"; give it another name',
  ],
  [
    'a number that is none',
    'routing:\n  max_cost_per_request: .nan',
    '2:25 routing.max_cost_per_request: expected USD, 0 or more, but found NaN',
  ],
  ['a list as a whole', '- a\n- b', '1:1 : expected a map of settings such as "server:", but found a list'],
];

describe('a broken config', () => {
  it.each(BROKEN)('%s', (_what, yaml, ...expected) => {
    expect(told(problemsOf(yaml))).toEqual(expected);
  });

  it('braces from a variable in a flow map are explained', () => {
    const [first] = problemsOf('server: { port: ${PORT} }', { env: { PORT: '1' } });
    expect(first).toMatchObject({ line: 1, message: expect.stringContaining('put "${…}" in quotes') });
  });

  it('tells all problems at once, in the order of the file, of form and of reference alike', () => {
    const problems = problemsOf(
      'server:\n  port: x\nmodels:\n  fast: { provider: nobody }\nrouting:\n  explore: 2\nnonsense: 1',
    );
    expect(problems.map(({ line, path }) => [line, path])).toEqual([
      [2, 'server.port'],
      [4, 'models.fast.provider'],
      [6, 'routing.explore'],
      [7, 'nonsense'],
    ]);
  });

  it('names the file', () => {
    const file = configFile('nonsense: 1', 'my.yaml');
    expect(() => loadConfig({ file, env: {} })).toThrow(
      new RegExp(`${file}:1:1 nonsense: unknown key "nonsense"; known here: .*server, storage`),
    );
  });

  it('a file that isn’t there, and a folder', () => {
    expect(() => loadConfig({ file: '/nowhere/quorum.yaml', env: {} })).toThrow(
      '/nowhere/quorum.yaml: there is no such file; name the config with --config FILE or QUORUM_CONFIG',
    );
    expect(() => loadConfig({ env: { QUORUM_CONFIG: '/tmp' } })).toThrow('/tmp: this is a folder, not a file');
  });

  it.each([
    ['written out', 'providers:\n  x: { base_url: "http://a/v1", api_key: [sk-very-secret-1234] }', {}],
    [
      'in headers',
      'providers:\n  x: { base_url: "http://a/v1", headers: { a: [sk-very-secret-1234] }, auth_header: 5 }',
      {},
    ],
    ['in a wrong place', 'server:\n  port: sk-very-secret-1234', {}],
    ['from the environment', 'server:\n  port: ${MY_API_KEY}', { MY_API_KEY: 'very-secret-1234' }],
    ['as the admin key’s flag', 'server: { log_level: "${ADMIN_SECRET}" }', { ADMIN_SECRET: 'very-secret-1234' }],
  ])('never shows a secret: %s', (_what, yaml, env) => {
    expect(told(problemsOf(yaml, { env })).join()).not.toContain('very-secret');
  });

  it('problems of the environment and of flags name them', () => {
    const [fromEnvironment] = problemsOf('', { env: { QUORUM_PORT: 'many' } });
    expect(fromEnvironment).toMatchObject({ source: 'environment QUORUM_PORT', line: null, path: 'server.port' });
    const [fromFlag] = problemsOf('', { overrides: { logLevel: 'loud' } });
    expect(fromFlag).toMatchObject({
      source: 'flag --log-level',
      message: expect.stringContaining('one of error, warn, info, debug'),
    });
  });

  it('listening off loopback without an admin key is refused, and says what to do', () => {
    const [problem] = problemsOf('server:\n  host: 0.0.0.0');
    expect(problem).toMatchObject({
      line: 2,
      path: 'server.host',
      message: expect.stringContaining('set QUORUM_ADMIN_KEY'),
    });
    expect(() => load('server: { host: 0.0.0.0 }', { env: { QUORUM_ADMIN_KEY: 'k' } })).not.toThrow();
    expect(() => load('server: { host: "::1" }')).not.toThrow();
  });

  it.each([
    ['Latin-1', Buffer.from('cache: {}\naliases: { caf\xe9: auto }', 'latin1'), '2:15'],
    ['UTF-16', Buffer.from('\uFEFFcache: {}', 'utf16le'), '1:1'],
    ['no text', Buffer.from([0x89, 0x50, 0x4e, 0x47]), '1:1'],
  ])('that isn’t in UTF-8 is told as that: %s', (_what, bytes, place) => {
    const file = configFile('');
    writeFileSync(file, bytes);
    expect(() => loadConfig({ file, env: {} })).toThrow(`${file}:${place} this is no text in UTF-8; save the file`);
  });

  it('with as many rows as nobody writes by hand is read in moments', () => {
    const rows = Array.from({ length: 30_000 }, (_, index) => `  a${index}: auto\n`);
    const before = process.cpuUsage();
    expect(told(problemsOf(`aliases:\n${rows.join('')}  a7: auto\n`))).toEqual([
      '30002:3 aliases.a7: "a7" stands here twice; put both into one',
    ]);
    // Each key compared with each other takes twenty times as long.
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(5_000);
  }, 60_000);

  it('is a ConfigError, whose message has one line per problem', () => {
    const error = new ConfigError(problemsOf('a: 1\nb: 2'));
    expect(error.message.split('\n')).toHaveLength(2);
  });
});
