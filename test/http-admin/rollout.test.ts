// Migrating by percent: a share of those who name a model is taken over, and one command gives all of them back.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openOffice, type Office, type Told } from './office.ts';

let office: Office;
const config = (rollout?: unknown) => ({
  routing: { explore: 0 },
  aliases: { beta: 'auto', usual: 'gamma' },
  ...(rollout !== undefined && { rollout }),
});

beforeAll(async () => {
  office = await openOffice({ more: config() });
});
afterAll(() => office.close());

const named = (model: string, user: string): Promise<Told> => office.chat('', { model, user });
const side = async (model: string, user: string): Promise<string | undefined> => {
  const told = await named(model, user);
  expect(told.status).toBe(200);
  const header = told.headers['x-quorum-experiment'];
  return typeof header === 'string' ? header : undefined;
};
const set = (percent: number | 'off' | null): Promise<Told> => office.admin('PUT', '/rollout', { percent });
const users = Array.from({ length: 40 }, (_, nth) => `user ${nth}`);
async function routed(model: string): Promise<ReadonlySet<string>> {
  const all = await Promise.all(users.map(async (user) => [user, await side(model, user)] as const));
  return new Set(all.filter(([, arm]) => arm === 'rollout=routed').map(([user]) => user));
}

describe('a rollout', () => {
  it('that was never spoken of touches nothing', async () => {
    expect(await side('alpha', 'ann')).toBeUndefined();
    expect((await office.admin('GET', '/rollout')).json()).toMatchObject({ percent: 0, set: null, config: null });
  });

  it('takes over its share, sticks to users, and only adds users as it grows', async () => {
    await set(25);
    const some = await routed('alpha');
    expect(some.size).toBeGreaterThan(2);
    expect(some.size).toBeLessThan(20);
    expect(await routed('alpha')).toEqual(some);
    await set(60);
    const more = await routed('alpha');
    expect(more.size).toBeGreaterThan(some.size);
    for (const user of some) expect(more.has(user)).toBe(true);
  });

  it('leaves the rest to the very model that was named, an alias of a model too', async () => {
    await set(50);
    for (const user of users.slice(0, 12)) {
      for (const [model, real] of [
        ['alpha', 'alpha'],
        ['usual', 'gamma'],
        ['beta', 'beta'],
      ] as const) {
        const told = await named(model, user);
        if (told.headers['x-quorum-experiment'] !== 'rollout=passed') continue;
        expect([told.headers['x-quorum-model'], told.headers['x-quorum-strategy']]).toEqual([real, 'single']);
      }
    }
  });

  it('at 100 takes all, and `off` gives all of them back at once, aliases of real models too', async () => {
    await set(100);
    expect((await routed('alpha')).size).toBe(users.length);
    expect((await set('off')).json()).toMatchObject({ percent: 0, set: 0 });
    for (const model of ['alpha', 'beta']) {
      const told = await named(model, 'ann');
      expect([told.headers['x-quorum-model'], told.headers['x-quorum-strategy']]).toEqual([model, 'single']);
    }
    expect((await office.admin('GET', '/audit?subject=rollout')).json().data[0]!.action).toBe('rollout.set');
    await set(null);
    expect((await named('beta', 'ann')).headers['x-quorum-strategy']).toBeDefined();
  });

  it.each([101, -1, 'some'])('%s is no percentage', async (percent) => {
    const told = await office.admin('PUT', '/rollout', { percent });
    expect([told.status, told.json().error]).toMatchObject([
      400,
      { param: 'percent', message: expect.stringContaining('expected a percentage from 0 to 100, or null') },
    ]);
  });

  it('has results like any experiment', async () => {
    await set(40);
    await routed('alpha');
    const told = (await office.admin('GET', '/experiments/rollout/results')).json() as unknown as {
      readonly control: string;
      readonly arms: readonly { readonly requests: number }[];
    };
    expect(told.control).toBe('passed');
    expect(told.arms.reduce((sum, { requests }) => sum + requests, 0)).toBe(users.length);
  });

  it('is stopped by one line of the config, whatever was set, without a restart', async () => {
    await set(100);
    expect((await routed('alpha')).size).toBe(users.length);
    const base = JSON.parse(readFileSync(office.quorum.config.file, 'utf8')) as Readonly<Record<string, unknown>>;
    await office.quorum.reconfigure({ ...base, rollout: 'off' });
    expect((await routed('alpha')).size).toBe(0);
    expect((await office.admin('GET', '/rollout')).json()).toMatchObject({ percent: 0, config: 0, set: 100 });
    await office.quorum.reconfigure({ ...base, rollout: { models: ['gamma'] } });
    expect((await routed('alpha')).size).toBe(0);
    expect((await routed('gamma')).size).toBe(users.length);
  });

  it('never fails a request that the router may not answer: the named model does', async () => {
    const { secret } = await office.key({ name: 'plain', strategies: ['single'], models: ['alpha'] });
    await set(100);
    const base = JSON.parse(readFileSync(office.quorum.config.file, 'utf8')) as Readonly<Record<string, unknown>>;
    await office.quorum.reconfigure({ ...base, rollout: { strategy: 'triple' } });
    const told = await office.chat(secret, { model: 'alpha' });
    expect([told.status, told.headers['x-quorum-model']]).toEqual([200, 'alpha']);
    expect(told.headers['x-quorum-experiment']).toBeUndefined();
  });
});
