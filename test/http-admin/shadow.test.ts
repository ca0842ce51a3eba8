// What runs beside: after the answer, with money of its own, and without a trace in what clients get.
import { afterEach, describe, expect, it } from 'vitest';
import { scriptedConfig, startQuorum, type Body, type Fields } from '../support/program.ts';
import { startUpstream } from '../support/scripted-upstream.ts';
import { ADMIN_KEY, ask, bearer, openOffice, type Office, type Told } from './office.ts';

const offices: Office[] = [];
afterEach(async () => {
  for (const office of offices.splice(0)) await office.close();
});

/** A crowded machine takes its time. */
const soon = <Value>(read: () => Value | Promise<Value>) => expect.poll(read, { timeout: 15_000, interval: 50 });

interface Beside {
  readonly ran: number;
  readonly dropped: number;
  readonly running: number;
  readonly waiting: number;
  readonly runs: readonly (Fields & {
    readonly served: Fields;
    readonly shadow: Fields;
    readonly same: boolean | null;
  })[];
}

/** Everything goes to alpha; beside it gamma is asked too. */
async function shadowed(shadow: object = {}, more: object = {}): Promise<Office> {
  const office = await openOffice({
    more: {
      routing: { explore: 0, strategy: 'single' },
      // A crowded machine is late, and what runs beside would be dropped.
      limits: { max_lag: '10m' },
      experiments: {
        beside: {
          sticky: 'request',
          arms: { served: { weight: 0 }, gamma: { models: ['gamma'] } },
          shadow: { parallel: 1, queue: 2, ...shadow },
        },
      },
      ...more,
    },
  });
  offices.push(office);
  return office;
}

const resultsOf = async (office: Office): Promise<Told> => office.admin('GET', '/experiments/beside/results');
const besideOf = async (office: Office): Promise<Beside> =>
  ((await resultsOf(office)).json() as unknown as { readonly beside: Beside }).beside;
const auto = (office: Office, content = 'Is it so?', more: object = {}): Promise<Told> =>
  office.chat('', { model: 'auto', messages: [{ role: 'user', content }], ...more });

describe('a run in the shadow', () => {
  it('comes after the answer, is compared with it, and is listed with cost and time', async () => {
    const office = await shadowed();
    office.upstream.reply('alpha', { content: '42' });
    office.upstream.reply('gamma', { content: 'It is 42.' });
    const answer = await auto(office, 'What is 6 * 7? Reply with the number.');
    expect(answer.json().choices[0]!.message.content).toBe('42');
    expect(answer.headers['x-quorum-model']).toBe('alpha');
    expect(answer.headers['x-quorum-experiment']).toBeUndefined();
    await soon(async () => (await besideOf(office)).runs.length).toBe(1);
    const [run] = (await besideOf(office)).runs;
    expect(run).toMatchObject({
      request: answer.headers['x-request-id'],
      arm: 'gamma',
      same: true,
      served: { models: ['alpha'], error: null },
      shadow: { models: ['gamma'], error: null },
    });
    expect(run!.shadow['cost_usd']).toBeGreaterThan(0);
    expect(run!.shadow['ms']).toBeGreaterThan(0);
    const { arms } = (await resultsOf(office)).json() as unknown as {
      readonly arms: readonly { readonly measures: Fields }[];
    };
    expect(arms[1]!.measures['same']).toMatchObject({ n: 1, mean: 1 });
    const record = await ask(`${office.url}/v1/requests/${String(answer.headers['x-request-id'])}`);
    expect((record.json() as Body).attempts).toHaveLength(1);
  });

  it('is compared with a stream too, and hears that they differ', async () => {
    const office = await shadowed();
    office.upstream.reply('alpha', { content: 'Paris' });
    office.upstream.reply('gamma', { content: 'Rome' });
    const answer = await auto(office, 'Which city? One word.', { stream: true });
    expect(answer.text).toContain('Paris');
    expect(answer.text).not.toContain('Rome');
    await soon(async () => (await besideOf(office)).runs[0]?.same).toBe(false);
    expect((office.upstream.requests.find(({ model }) => model === 'gamma')!.body as Fields)['stream']).not.toBe(true);
  });

  it('that hangs or fails neither delays nor changes an answer; what is too much is dropped', async () => {
    const office = await shadowed({ deadline: '30s' });
    office.upstream.reply('gamma', { delayMs: 60_000 });
    for (let nth = 0; nth < 8; nth += 1) {
      const answer = await auto(office, `Question ${nth}?`);
      expect([answer.status, answer.headers['x-quorum-model'], answer.headers['x-quorum-flags']]).toEqual([
        200,
        'alpha',
        undefined,
      ]);
    }
    const { dropped, running, waiting } = await besideOf(office);
    expect(running).toBeLessThanOrEqual(1);
    expect(waiting).toBeLessThanOrEqual(3);
    expect(dropped).toBeGreaterThanOrEqual(4);
  });

  it('that fails leaves the model’s circuit as it is for everybody else', async () => {
    const office = await shadowed({ parallel: 4, queue: 50 });
    office.upstream.reply('gamma', { status: 500 });
    for (let nth = 0; nth < 12; nth += 1) await auto(office, `Question ${nth}?`);
    await soon(async () => (await besideOf(office)).ran).toBe(12);
    expect((await besideOf(office)).runs[0]!.shadow['error']).not.toBeNull();
    office.upstream.reply('gamma', { content: 'well again' });
    const named = await office.chat('', { model: 'gamma' });
    expect([named.status, named.headers['x-quorum-model']]).toEqual([200, 'gamma']);
    const { data } = (await office.admin('GET', '/confidence?model=gamma')).json();
    expect(data.every(({ samples }) => samples === 0)).toBe(true);
  });

  it('spends from a budget of its own and never from the clients’', async () => {
    const office = await shadowed(
      { budget_usd: 0.0000001 },
      { budgets: [{ scope: 'global', period: 'total', limit_usd: 1 }] },
    );
    const answer = await auto(office);
    const paid = Number(answer.headers['x-quorum-cost-usd']);
    await soon(async () => (await besideOf(office)).runs[0]?.shadow['error']).toMatch(/budget/);
    expect(office.upstream.requests.some(({ model }) => model === 'gamma')).toBe(false);
    const { data } = (await office.admin('GET', '/budgets')).json() as unknown as {
      readonly data: readonly { readonly scope: string; readonly balance: { readonly spent_usd: number } }[];
    };
    expect(data.find(({ scope }) => scope === 'global')!.balance.spent_usd).toBeCloseTo(paid, 9);
    expect(data.find(({ scope }) => scope === 'shadow')!.balance.spent_usd).toBe(0);
  });

  it('is paid and counted where its budget has the money', async () => {
    const office = await shadowed({}, { budgets: [{ scope: 'global', period: 'total', limit_usd: 1 }] });
    const answer = await auto(office);
    await soon(async () => (await besideOf(office)).runs.length).toBe(1);
    const [run] = (await besideOf(office)).runs;
    const balances = async () =>
      (
        (await office.admin('GET', '/budgets')).json() as unknown as {
          readonly data: readonly { readonly scope: string; readonly balance: { readonly spent_usd: number } }[];
        }
      ).data;
    await expect
      .poll(async () => (await balances()).find(({ scope }) => scope === 'shadow')!.balance.spent_usd)
      .toBeCloseTo(Number(run!.shadow['cost_usd']), 9);
    expect((await balances()).find(({ scope }) => scope === 'global')!.balance.spent_usd).toBeCloseTo(
      Number(answer.headers['x-quorum-cost-usd']),
      9,
    );
  });

  it('neither reads nor fills the cache', async () => {
    const office = await shadowed({}, { cache: true });
    await auto(office, 'Twice?');
    await soon(async () => (await besideOf(office)).runs.length).toBe(1);
    expect((await office.admin('GET', '/cache')).json()).toMatchObject({ stored: 1 });
    expect((await auto(office, 'Twice?')).headers['x-quorum-cache']).toBe('hit');
  });
});

it('an arm that fails is stopped by itself within a minute, and its users get the control', async () => {
  const upstream = await startUpstream();
  upstream.reply('gamma', { status: 500 });
  const quorum = await startQuorum({
    config: scriptedConfig(upstream, {
      more: {
        server: { admin_key: ADMIN_KEY },
        routing: { explore: 0, strategy: 'single' },
        experiments: { risky: { sticky: 'request', arms: { safe: {}, risky: { models: ['gamma'] } } } },
      },
    }),
  });
  try {
    const post = (): Promise<Told> =>
      ask(`${quorum.url}/v1/chat/completions`, {
        body: { model: 'auto', messages: [{ role: 'user', content: 'Hi' }] },
      });
    for (let nth = 0; nth < 100; nth += 1) await post();
    const shown = async () =>
      (
        await ask(`${quorum.url}/admin/v1/experiments/risky/results`, { headers: bearer(ADMIN_KEY) })
      ).json() as unknown as {
        readonly decision: Fields;
        readonly arms: readonly { readonly stopped: string | null }[];
      };
    await soon(async () => (await shown()).arms[1]!.stopped).toMatch(/^errors/);
    expect((await shown()).decision['state']).toBe('harmful');
    for (let nth = 0; nth < 10; nth += 1) expect((await post()).status).toBe(200);
    expect(quorum.logs.some((line) => line.includes('an arm of an experiment was stopped'))).toBe(true);
  } finally {
    await quorum.stop();
    await upstream.close();
  }
}, 30_000);
