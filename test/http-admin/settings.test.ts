// Settings made in the administration hold at once, in every process, over the config, and after a restart.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { send, startChild, type Fields } from '../support/program.ts';
import { bearer, openOffice, ADMIN_KEY, type Office } from './office.ts';

let office: Office;
beforeAll(async () => {
  office = await openOffice({ more: { routing: { explore: 0, prefer: 'balanced' } } });
});
afterAll(() => office.close());

const change = async (body: Fields, method: 'PATCH' | 'PUT' = 'PATCH'): Promise<Fields> => {
  const answer = await office.admin(method, '/settings', body);
  expect([answer.status, answer.status === 200 ? '' : answer.text]).toEqual([200, '']);
  return answer.json();
};
const current = async (): Promise<Fields> => (await office.admin('GET', '/settings')).json();

describe('settings', () => {
  it('hold for the next request, and tell what the config would say again when taken away', async () => {
    expect(await current()).toMatchObject({ tier: 'balanced', prefer: 'balanced', prefer_local: false, overrides: {} });
    const { secret } = await office.key({ name: 'one' });
    const tierOf = async (): Promise<unknown> =>
      (await office.chat(secret, { model: 'auto' })).headers['x-quorum-tier'];
    expect(await tierOf()).toBe('balanced');
    const changed = await change({ tier: 'speed', quality_over_cost: true, prefer_local: true, cache_ttl: '5m' });
    expect(changed).toMatchObject({
      tier: 'speed',
      default_tier: 'speed',
      prefer: 'quality',
      quality_over_cost: true,
      prefer_local: true,
      cache: { ttl_ms: 300_000 },
      overrides: { tier: 'speed', prefer: 'quality', prefer_local: true, cache_ttl: '5m' },
    });
    expect(await tierOf()).toBe('speed');
    expect(await change({ tier: null })).toMatchObject({ tier: 'balanced', overrides: { prefer: 'quality' } });
    expect(await tierOf()).toBe('balanced');
    expect(await change({ prefer: 'cost' }, 'PUT')).toMatchObject({
      prefer: 'cost',
      prefer_local: false,
      overrides: { prefer: 'cost' },
    });
  });

  it('stay over a config that is read again', async () => {
    await change({ prefer: 'speed' }, 'PUT');
    expect((await office.admin('POST', '/config/reload')).json()).toMatchObject({ ok: true });
    expect(await current()).toMatchObject({ prefer: 'speed' });
  });

  it('a monthly budget is a hard limit at once', async () => {
    const { secret } = await office.key({ name: 'spender' });
    await change({ monthly_budget_usd: 0 });
    const refused = await office.chat(secret);
    expect([400, 429]).toContain(refused.status);
    expect(refused.json().error.code).toMatch(/budget/);
    expect(await current()).toMatchObject({ monthly_budget_usd: 0 });
    await change({ monthly_budget_usd: null });
    expect((await office.chat(secret)).status).toBe(200);
    expect(await current()).toMatchObject({ monthly_budget_usd: null });
  });

  it('what makes no sense is refused by its name, and nothing changes', async () => {
    const before = await current();
    for (const [body, param] of [
      [{ tier: 'sped' }, 'tier'],
      [{ explore: 2 }, 'explore'],
      [{ monthly_budget_usd: -1 }, 'monthly_budget_usd'],
      [{ prefer: 'luck' }, 'prefer'],
      [{ deadline: 'soon' }, 'deadline'],
      [{ colour: 'red' }, 'colour'],
    ] as const) {
      const refused = await office.admin('PATCH', '/settings', body);
      expect([refused.status, refused.json().error.param]).toEqual([400, param]);
    }
    expect((await office.admin('PATCH', '/settings', { tier: 'sped' })).json().error.message).toContain('"speed"');
    expect(await current()).toEqual(before);
  });

  it('are in the audit', async () => {
    await change({ review_below: 0.4 });
    const { data } = (await office.admin('GET', '/audit?subject=settings')).json();
    expect(data[0]).toMatchObject({ action: 'settings.update', actor: 'admin', detail: { review_below: 0.4 } });
  });
});

it('another process on the same database takes them up within a second, and so does the next one that starts', async () => {
  const env = { QUORUM_ADMIN_KEY: ADMIN_KEY };
  const one = await startChild({ env });
  const ask = async (url: string, body?: Fields): Promise<Fields> =>
    (
      await send(`${url}/admin/v1/settings`, {
        method: body === undefined ? 'GET' : 'PATCH',
        headers: bearer(ADMIN_KEY),
        ...(body !== undefined && { body }),
      })
    ).json();
  const two = await startChild({ env, folder: one.folder });
  try {
    await ask(one.url, { tier: 'premium' });
    await expect.poll(async () => (await ask(two.url))['tier']).toBe('premium');
    two.process.kill('SIGKILL');
    await two.ended;
    const three = await startChild({ env: { ...env, MODEL_TIER: 'cost' }, folder: one.folder });
    expect(await ask(three.url)).toMatchObject({ tier: 'premium', overrides: { tier: 'premium' } });
    three.process.kill('SIGKILL');
    await three.ended;
  } finally {
    await one.clear();
  }
}, 60_000);
