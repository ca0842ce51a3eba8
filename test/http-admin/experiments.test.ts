// Experiments as an operator runs them and a client meets them.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scriptedConfig, startQuorum, type RunningQuorum } from '../support/program.ts';
import { ADMIN_KEY, ask, bearer, openOffice, type Office, type Told } from './office.ts';

type Fields = Readonly<Record<string, unknown>>;
const fields = (told: Told): Fields => told.json();
const ARM = 'x-quorum-experiment';

let office: Office;
let secret: string;

beforeAll(async () => {
  office = await openOffice({
    more: {
      routing: { explore: 0, strategy: 'single' },
      cache: true,
      experiments: { filed: { running: false, layer: 'filed', arms: { one: {}, two: { strategy: 'dual' } } } },
    },
  });
  secret = (await office.key({ name: 'caller' })).secret;
});
afterAll(() => office.close());

const create = (name: string, input: object): Promise<Told> => office.admin('POST', '/experiments', { name, ...input });
const ask1 = (user: string, content = 'Is it so?', headers: Readonly<Record<string, string>> = {}): Promise<Told> =>
  office.chat(secret, { model: 'auto', user, messages: [{ role: 'user', content }] }, headers);
interface ArmShown extends Fields {
  readonly name: string;
  readonly requests: number;
  readonly exposures: number;
  readonly forced: number;
  readonly units: number;
  readonly measures: Readonly<Record<string, { readonly n: number; readonly mean: number }>>;
}
async function armsOf(name: string): Promise<Readonly<Record<string, ArmShown>>> {
  const told = await office.admin('GET', `/experiments/${name}/results`);
  const { arms } = fields(told) as unknown as { readonly arms: readonly ArmShown[] };
  return Object.fromEntries(arms.map((arm) => [arm.name, arm]));
}

describe('an experiment', () => {
  it('is made, listed, changed, stopped, started and deleted, and holds at once', async () => {
    const made = await create('voices', {
      description: 'one or two?',
      layer: 'a',
      arms: { one: {}, two: { strategy: 'dual' } },
    });
    expect(made.status).toBe(201);
    expect(fields(made)).toMatchObject({ id: 'voices', state: 'running', control: 'one', source: 'admin' });
    const { data } = (await office.admin('GET', '/experiments')).json();
    expect(data.map(({ id }) => id)).toEqual(['filed', 'voices']);
    expect((await ask1('ann')).headers[ARM]).toMatch(/^voices=(one|two)$/);
    await office.admin('PATCH', '/experiments/voices', { arms: { one: { weight: 0 }, two: { strategy: 'dual' } } });
    const dual = await ask1('ann', 'And now?');
    expect([dual.headers[ARM], dual.headers['x-quorum-strategy']]).toEqual(['voices=two', 'dual']);
    expect(fields(await office.admin('POST', '/experiments/voices/stop'))).toMatchObject({ state: 'stopped' });
    expect((await ask1('ann', 'And then?')).headers[ARM]).toBeUndefined();
    await office.admin('POST', '/experiments/voices/start');
    expect((await ask1('ann', 'And so?')).headers[ARM]).toBe('voices=two');
    expect((await office.admin('DELETE', '/experiments/voices')).status).toBe(200);
    expect((await office.admin('GET', '/experiments/voices')).status).toBe(404);
    expect((await ask1('ann', 'Over?')).headers[ARM]).toBeUndefined();
    const audit = (await office.admin('GET', '/audit?subject=voices')).json();
    expect(audit.data.map(({ action }) => action)).toEqual(
      ['delete', 'start', 'stop', 'update', 'create'].map((verb) => `experiment.${verb}`),
    );
  });

  it('is refused in words when it is wrong', async () => {
    const refused = async (name: string, input: object): Promise<readonly unknown[]> => {
      const told = await create(name, input);
      return [told.status, told.json().error.param];
    };
    const arms = { one: {}, two: { strategy: 'dual' } };
    expect(await refused('a b', { arms })).toEqual([400, 'name']);
    expect(await refused('x', { arms: { one: {} } })).toEqual([400, 'arms']);
    expect(await refused('x', { arms: { one: {}, two: { tier: 'nowhere' } } })).toEqual([400, 'arms.two.tier']);
    expect(await refused('x', { arms: { one: {}, two: { models: ['nobody'] } } })).toEqual([400, 'arms.two.models']);
    expect(await refused('x', { arms, weights: 1 })).toEqual([400, 'weights']);
    expect(await refused('x', { arms, filter: { task: 'nothing' } })).toEqual([400, 'filter.task']);
    expect(await refused('filed', { arms })).toEqual([400, 'name']);
    expect(await refused('rollout', { arms })).toEqual([400, 'name']);
  });

  it('of the config file can be started, stopped and ramped here, and changed there', async () => {
    expect((await office.admin('PATCH', '/experiments/filed', { layer: 'b' })).status).toBe(400);
    expect((await office.admin('DELETE', '/experiments/filed')).status).toBe(400);
    await office.admin('POST', '/experiments/filed/start');
    expect((await ask1('bob', 'One?')).headers[ARM]).toMatch(/^filed=/);
    expect(fields(await office.admin('POST', '/experiments/filed/ramp', { percent: 0 }))).toMatchObject({ share: 0 });
    expect((await ask1('bob', 'Two?')).headers[ARM]).toBeUndefined();
    await office.admin('POST', '/experiments/filed/stop');
  });
});

describe('an arm', () => {
  beforeAll(async () => {
    await create('pair', { layer: 'pair', arms: { one: {}, two: { strategy: 'dual' } } });
  });
  afterAll(() => office.admin('DELETE', '/experiments/pair'));

  it('stays with its user, and is what the record says', async () => {
    const first = await ask1('carl', 'a?');
    const again = await ask1('carl', 'b?');
    expect(again.headers[ARM]).toBe(first.headers[ARM]);
    const record = await ask(`${office.url}/v1/requests/${String(first.headers['x-request-id'])}`, {
      headers: bearer(secret),
    });
    const [name, arm] = String(first.headers[ARM]).split('=');
    expect((fields(record)['experiments'] as readonly Fields[])[0]).toMatchObject({
      experiment: name,
      arm,
      exposed: true,
      forced: false,
    });
  });

  it('can be forced, and is then left out of the analysis', async () => {
    const before = await armsOf('pair');
    const forced = await ask1('carl', 'c?', { [ARM]: 'pair=two' });
    expect([forced.headers[ARM], forced.headers['x-quorum-strategy']]).toEqual(['pair=two', 'dual']);
    const after = await armsOf('pair');
    expect(after['two']!.forced).toBe(before['two']!.forced + 1);
    expect(after['two']!.requests).toBe(before['two']!.requests);
    const inMetadata = await office.chat(secret, { model: 'auto', metadata: { quorum_experiment: 'pair=one' } });
    expect(inMetadata.headers[ARM]).toBe('pair=one');
  });

  it('that isn’t there is 400, with what is', async () => {
    const wrongArm = await ask1('carl', 'd?', { [ARM]: 'pair=three' });
    expect([wrongArm.status, wrongArm.json().error.param]).toEqual([400, ARM]);
    expect(wrongArm.json().error.message).toContain('one, two');
    const wrongName = await ask1('carl', 'd?', { [ARM]: 'pear=one' });
    expect(wrongName.json().error.message).toContain('Did you mean "pair"?');
  });

  it('never answers from another arm’s cache', async () => {
    const question = 'What is kept?';
    const one = await ask1('dora', question, { [ARM]: 'pair=one' });
    const two = await ask1('dora', question, { [ARM]: 'pair=two' });
    expect([one.headers['x-quorum-cache'], two.headers['x-quorum-cache']]).toEqual(['miss', 'miss']);
    expect((await ask1('dora', question, { [ARM]: 'pair=two' })).headers['x-quorum-cache']).toBe('hit');
  });

  it('leaves alone who names a real model or asks for what is tried', async () => {
    expect((await office.chat(secret, { model: 'beta' })).headers[ARM]).toBeUndefined();
    expect((await ask1('carl', 'e?', { 'x-quorum-strategy': 'dual' })).headers[ARM]).toBeUndefined();
    expect((await office.chat(secret, { model: 'quorum/dual' })).headers[ARM]).toBeUndefined();
  });

  it('is told by /v1/route', async () => {
    const told = await ask(`${office.url}/v1/route`, {
      headers: bearer(secret),
      body: { model: 'auto', user: 'carl', messages: [{ role: 'user', content: 'f?' }] },
    });
    expect(fields(told)['experiment']).toMatch(/^pair=/);
  });
});

describe('exposure', () => {
  it('is counted where the arms would do different things, whichever arm it is', async () => {
    await create('wordy', { layer: 'slim', sticky: 'request', arms: { as_is: {}, slim: { slim: true } } });
    const wordy = [
      { role: 'system', content: 'Please note that you   must answer.\n\n\n\n\nIn order to be useful, be short.' },
    ];
    const lean = [{ role: 'system', content: 'Answer.' }];
    for (let nth = 0; nth < 6; nth += 1)
      for (const system of [wordy, lean])
        await office.chat(secret, {
          model: 'auto',
          messages: [...system, { role: 'user', content: `Number ${nth}?` }],
        });
    const arms = await armsOf('wordy');
    const sum = (field: 'requests' | 'exposures'): number => arms['as_is']![field] + arms['slim']![field];
    expect([sum('requests'), sum('exposures')]).toEqual([12, 6]);
    await office.admin('DELETE', '/experiments/wordy');
  });

  it('of an arm that would do the same is none', async () => {
    await create('same', { layer: 'same', sticky: 'request', arms: { a: {}, b: { strategy: 'single' } } });
    for (let nth = 0; nth < 4; nth += 1) await ask1('x', `Same ${nth}?`);
    const arms = await armsOf('same');
    expect(arms['a']!.exposures + arms['b']!.exposures).toBe(0);
    expect(arms['a']!.requests + arms['b']!.requests).toBe(4);
    await office.admin('DELETE', '/experiments/same');
  });
});

describe('results', () => {
  it('count verdicts for the arm that answered, and a later one instead of the earlier', async () => {
    await create('judged', { layer: 'judged', arms: { one: {}, two: { strategy: 'dual' } } });
    const answer = await ask1('erin', 'Judge me');
    const arm = String(answer.headers[ARM]).split('=')[1]!;
    const judge = (correct: boolean): Promise<Told> =>
      ask(`${office.url}/v1/feedback`, {
        headers: bearer(secret),
        body: { request_id: answer.headers['x-request-id'], correct },
      });
    await judge(true);
    await expect.poll(async () => (await armsOf('judged'))[arm]!.measures['feedback']).toMatchObject({ n: 1, mean: 1 });
    await judge(false);
    await expect.poll(async () => (await armsOf('judged'))[arm]!.measures['feedback']).toMatchObject({ n: 1, mean: 0 });
    const { measures, units } = (await armsOf('judged'))[arm]!;
    expect(measures['quality']).toMatchObject({ n: 1, mean: 0 });
    expect(measures['errors']).toMatchObject({ n: 1, mean: 0 });
    expect(measures['cost']!.mean).toBeGreaterThan(0);
    expect(units).toBe(1);
    const told = fields(await office.admin('GET', '/experiments/judged/results'));
    expect(told).toMatchObject({
      object: 'experiment.results',
      decision: { state: 'collecting' },
      sample_ratio: { ok: true },
    });
    await office.admin('DELETE', '/experiments/judged');
  });
});

it('two processes on one store hold the same experiments within a second, and add up', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'quorum-two-'));
  const config = scriptedConfig(office.upstream, {
    more: {
      server: { admin_key: ADMIN_KEY },
      storage: { url: `sqlite:${folder}/q.db` },
      routing: { explore: 0, strategy: 'single' },
    },
  });
  const both: RunningQuorum[] = [await startQuorum({ config }), await startQuorum({ config })];
  try {
    await ask(`${both[0]!.url}/admin/v1/experiments`, {
      headers: bearer(ADMIN_KEY),
      body: { name: 'shared', arms: { one: {}, two: { strategy: 'dual' } } },
    });
    const chat = (at: number, user: string): Promise<Told> =>
      ask(`${both[at]!.url}/v1/chat/completions`, {
        body: { model: 'auto', user, messages: [{ role: 'user', content: 'Hi' }] },
      });
    await expect.poll(async () => (await chat(1, 'fay')).headers[ARM], { timeout: 1_000, interval: 50 }).toBeDefined();
    for (const user of ['fay', 'gus', 'hal']) {
      const [here, there] = [await chat(0, user), await chat(1, user)];
      expect(here.headers[ARM]).toBe(there.headers[ARM]);
    }
    const results = async (at: number): Promise<number> => {
      const told = await ask(`${both[at]!.url}/admin/v1/experiments/shared/results`, { headers: bearer(ADMIN_KEY) });
      const { arms } = fields(told) as unknown as { readonly arms: readonly ArmShown[] };
      return arms.reduce((sum, { units }) => sum + units, 0);
    };
    await expect.poll(() => results(0)).toBe(3);
    await expect.poll(() => results(1)).toBe(3);
  } finally {
    for (const one of both) await one.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

it('what was made and set survives a restart, and every unit keeps its arm', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'quorum-again-'));
  const config = scriptedConfig(office.upstream, {
    more: {
      server: { admin_key: ADMIN_KEY },
      storage: { url: `sqlite:${folder}/q.db` },
      routing: { explore: 0, strategy: 'single' },
    },
  });
  const armsOfUsers = async (quorum: RunningQuorum): Promise<readonly unknown[]> =>
    Promise.all(
      ['ida', 'jon', 'kim', 'leo', 'mia', 'ned'].map(async (user) => {
        const body = { model: 'auto', user, messages: [{ role: 'user', content: 'Hi' }] };
        return (await ask(`${quorum.url}/v1/chat/completions`, { body })).headers[ARM];
      }),
    );
  const first = await startQuorum({ config });
  const input = { name: 'kept', share: 0.1, arms: { one: {}, two: { strategy: 'dual' } } };
  await ask(`${first.url}/admin/v1/experiments`, { headers: bearer(ADMIN_KEY), body: input });
  await ask(`${first.url}/admin/v1/experiments/kept/ramp`, { headers: bearer(ADMIN_KEY), body: { share: 1 } });
  const before = await armsOfUsers(first);
  await first.stop();
  const second = await startQuorum({ config });
  try {
    expect(await armsOfUsers(second)).toEqual(before);
    const told = await ask(`${second.url}/admin/v1/experiments/kept/results`, { headers: bearer(ADMIN_KEY) });
    const { arms } = fields(told) as unknown as { readonly arms: readonly ArmShown[] };
    expect(arms.reduce((sum, { requests }) => sum + requests, 0)).toBe(12);
    expect(arms.reduce((sum, { units }) => sum + units, 0)).toBe(6);
  } finally {
    await second.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
