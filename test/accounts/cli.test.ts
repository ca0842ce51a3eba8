// `quorum keys` and `quorum budget`, as they are typed.
import { describe, expect, it } from 'vitest';
import type { AccountsDeps } from '../../src/cli/accounts-arguments.ts';
import { runBudget } from '../../src/cli/budget.ts';
import { runKeys } from '../../src/cli/keys.ts';
import { openAccounts, usd } from './accounts-support.ts';

function open() {
  const accounts = openAccounts();
  let out = '';
  const deps: AccountsDeps = {
    ...accounts,
    write: (text) => {
      out += text;
    },
    now: () => accounts.clock.now(),
    actor: 'cli:ann',
  };
  /** What it printed, after a `!` when it failed. */
  const run =
    (verb: typeof runKeys) =>
    async (line: string): Promise<string> => {
      out = '';
      const code = await verb(line.split(' ').filter(Boolean), deps);
      return code === 0 ? out : `!${out}`;
    };
  return { accounts, keys: run(runKeys), budget: run(runBudget) };
}

describe('quorum keys', () => {
  it('makes a key with its budget and limits, and shows the secret once', async () => {
    const { accounts, keys, budget } = open();
    const out = await keys(
      'create --name ci --team data --budget 50/month --budget 2/day --models gpt-*,o? --rpm 60 --expires 30d --networks 10.0.0.0/8',
    );
    const secret = /^sk-quorum-\w+/.exec(out)![0];
    const visitor = accounts.keyring.authenticate({
      key: secret,
      at: accounts.clock.now(),
      address: '10.1.1.1',
      endpoint: '/v1/chat/completions',
    });
    expect(visitor.caller.key).toMatchObject({
      name: 'ci',
      team: 'data',
      limits: { rpm: 60, tpm: null, parallel: null },
      expiresAt: accounts.clock.now() + 30 * 86_400_000,
    });
    expect(visitor.permissions.model('gpt-4o')).toBe(true);
    const listed = await keys('list');
    expect(listed).toContain('ci  data  active');
    expect(listed).not.toContain(secret);
    expect(await budget('list')).toMatch(/per month {2}\$0 of \$50 spent {2}reject\n.*per day {2}\$0 of \$2 spent/);
  });

  it('changes only what is named, rotates, disables, and tells who did it', async () => {
    const { accounts, keys } = open();
    await keys('create --name ci --rpm 60 --tags a,b');
    await keys('update ci --tpm 1000');
    const [key] = accounts.keyring.registry().keys;
    expect(key).toMatchObject({ tags: ['a', 'b'], limits: { rpm: 60, tpm: 1_000 } });
    expect(await keys('update ci --rpm none')).toContain('active');
    expect(accounts.keyring.registry().keys[0]?.limits).toMatchObject({ rpm: null, tpm: 1_000 });
    await keys('update ci --log-content on');
    expect(accounts.keyring.registry().keys[0]).toMatchObject({ logContent: true });
    expect(await keys('show ci')).toContain('log_content: on');
    await keys('update ci --log-content off');
    expect(accounts.keyring.registry().keys[0]).toMatchObject({ logContent: false });
    expect(await keys('update ci --log-content maybe')).toBe('!--log-content: say on or off.\n');
    expect(await keys('rotate ci --overlap 1h')).toMatch(/^sk-quorum-/);
    expect(await keys('disable ci')).toContain('disabled');
    expect(JSON.parse(await keys('show ci --json'))).toMatchObject({ disabled: true });
    expect(await keys('audit')).toContain('cli:ann  key.rotate');
  });

  it('says what is wrong, and fails', async () => {
    const { keys } = open();
    expect(await keys('create --rpm many')).toMatch(/^!.*"many" is no whole number/);
    expect(await keys('create --budget 50/fortnight')).toMatch(/^!.*hour, day, week, month, total/);
    expect(await keys('create --colour red')).toMatch(/^!.*--colour/);
    expect(await keys('show nobody')).toMatch(/^!.*no key "nobody"/);
    expect(await keys('paint')).toMatch(/^!There is no "quorum keys paint"/);
  });
});

describe('quorum budget', () => {
  it('makes, raises, tops up, resets and deletes', async () => {
    const { accounts, budget } = open();
    const made = JSON.parse(
      await budget(
        'create --scope team --id data --limit 50/month --on-exceed downgrade --soft-at 0.5 --time-zone Europe/Berlin --json',
      ),
    ) as { id: string };
    expect(accounts.budgets.find(made.id)).toMatchObject({
      limit: usd(50),
      onExceed: 'downgrade',
      softAt: [0.5],
      timeZone: 'Europe/Berlin',
    });
    expect(await budget(`update ${made.id} --limit 80`)).toContain('$80');
    expect(await budget(`topup ${made.id} 12.50`)).toBe('$0 of $92.5 spent\n');
    expect(await budget(`reset ${made.id}`)).toBe('$0 of $92.5 spent\n');
    expect(await budget(`delete ${made.id}`)).toContain('deleted');
    expect(await budget('list')).toBe('There are no budgets yet.\n');
    expect(await budget('create --scope planet --limit 5')).toMatch(/^!.*global, team/);
  });

  it('lists what a crash left open, and puts it right', async () => {
    const { accounts, budget } = open();
    await accounts.ledger.hold({
      id: 'r',
      at: 0,
      allowances: [],
      task: null,
      strategy: null,
      spender: {
        tenant: 'k',
        keyId: 'k',
        team: null,
        user: null,
        tags: [],
      },
      legs: [
        {
          id: '0',
          model: 'gpt',
          atLeast: usd(1),
          atMost: usd(1),
          sent: true,
        },
      ],
    });
    accounts.ledger.finish('r', 0);
    const listed = await budget('unreconciled');
    expect(listed).toContain('$1  gpt  r/0');
    const number = listed.split(' ')[0];
    expect(await budget(`correct ${number} 0.25`)).toContain('corrected');
    expect(await budget(`correct ${number} 0.25`)).toMatch(/^!/);
    expect(await budget('unreconciled')).toBe('Every charge is reconciled.\n');
    expect(accounts.registry.audit(1, null, 'r/0').rows).toMatchObject([
      { action: 'ledger.correct', detail: { cost_usd: 0.25, difference_usd: -0.75 } },
    ]);
  });
});

it.each([
  ['keys', runKeys],
  ['budget', runBudget],
])('quorum %s: a defect shows as one, not as a verb used wrongly', async (_, verb) => {
  const fail = (): never => {
    throw new TypeError('a defect');
  };
  const deps = {
    write: () => undefined,
    now: () => 0,
    actor: 'cli:ann',
    keyring: { registry: fail },
    budgets: { list: fail },
  };
  await expect(verb(['list'], deps as unknown as AccountsDeps)).rejects.toThrow('a defect');
});
