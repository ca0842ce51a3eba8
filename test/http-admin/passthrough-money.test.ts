// What is passed through costs money like chat: held, charged by its usage, given back when nothing came of it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { open } from '../support/program.ts';
import { ask, bearer, openOffice, type Office, type Told } from './office.ts';

let office: Office;
beforeAll(async () => {
  office = await openOffice({
    names: ['alpha', 'beta'],
    model: { price: { input: 1_000, output: 2_000 }, max_output: 500 },
    provider: { also_serves: ['embed-*'] },
  });
});
afterAll(() => office.close());

const post = (secret: string, path: string, body: object, headers = {}): Promise<Told> =>
  ask(`${office.url}${path}`, { body, headers: { ...bearer(secret), ...headers } });

/** Spent and held of a key's first budget, once both stand still: settling follows the answer's last byte. */
async function balanceOf(id: string): Promise<readonly [number, number]> {
  const { balance } = (await office.admin('GET', `/keys/${id}`)).json().budgets[0]!;
  return [balance.spent_usd, balance.held_usd];
}

test('embeddings are charged by their usage', async () => {
  const { secret, id } = await office.key({ budget: '5/month' });
  office.upstream.reply('/v1/embeddings', {
    body: { object: 'list', data: [], usage: { prompt_tokens: 8, total_tokens: 8 } },
  });
  const answer = await post(secret, '/v1/embeddings', { model: 'alpha', input: 'Some text.' });
  expect(answer.status).toBe(200);
  expect(await balanceOf(id)).toEqual([0.008, 0]);
  expect(await office.charged(String(answer.headers['x-request-id']))).toBe(0.008);
});

test('pictures are charged by the tokens of their kind', async () => {
  const price = { input: 1_000, output: 2_000, image_input: 2_000, image_output: 4_000 };
  const studio = await openOffice({ names: ['painter'], model: { price, max_output: 500 } });
  const { secret, id } = await studio.key({ budget: '5/month' });
  studio.upstream.reply('/v1/images/generations', {
    body: {
      created: 1,
      data: [],
      usage: {
        input_tokens: 50,
        output_tokens: 100,
        total_tokens: 150,
        input_tokens_details: { text_tokens: 10, image_tokens: 40 },
        output_tokens_details: { image_tokens: 100 },
      },
    },
  });
  const body = { model: 'painter', prompt: 'A cat.' };
  const answer = await ask(`${studio.url}/v1/images/generations`, { body, headers: bearer(secret) });
  expect(answer.status).toBe(200);
  const { balance } = (await studio.admin('GET', `/keys/${id}`)).json().budgets[0]!;
  await studio.close();
  expect([balance.spent_usd, balance.held_usd]).toEqual([(10 * 1_000 + 40 * 2_000 + 100 * 4_000) / 1e6, 0]);
});

test('completions hold what all their choices may cost, and settle whole and streamed', async () => {
  const { secret, id } = await office.key({ budget: '5/month' });
  office.upstream.reply('/v1/completions', { content: 'Yes.', usage: { prompt_tokens: 10, completion_tokens: 20 } });
  expect((await post(secret, '/v1/completions', { model: 'alpha', prompt: 'Hi', max_tokens: 100 })).status).toBe(200);
  expect(await balanceOf(id)).toEqual([0.05, 0]);
  const dear = await post(secret, '/v1/completions', { model: 'alpha', prompt: 'Hi', max_tokens: 400, n: 128 });
  expect([dear.status, dear.json().error.code]).toEqual([400, 'request_exceeds_budget']);
  const stream = await post(secret, '/v1/completions', { model: 'alpha', prompt: 'Hi', max_tokens: 100, stream: true });
  expect(stream.text).toContain('[DONE]');
  const [spent, held] = await balanceOf(id);
  expect(held).toBe(0);
  expect(spent).toBeGreaterThan(0.05);
});

test('responses are charged under their own names for the counts', async () => {
  const { secret, id } = await office.key({ budget: '5/month' });
  const text = 'He said \\"usage\\": {\\"input_tokens\\": 9} and left.';
  office.upstream.reply('/v1/responses', {
    body: `{"id":"resp_1","output":[{"text":"${text}"}],"usage":{"input_tokens":10,"output_tokens":5,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":15},"note":"${text}"}`,
  });
  await post(secret, '/v1/responses', { model: 'alpha', input: 'Hi', max_output_tokens: 100 });
  expect(await balanceOf(id)).toEqual([0.02, 0]);
});

test('a long answer’s usage is found at its end, one without any is estimated', async () => {
  const { secret, id } = await office.key({ budget: '5/month' });
  const data = Array.from({ length: 30_000 }, () => 0.25);
  office.upstream.reply('/v1/embeddings', {
    body: { data, usage: { prompt_tokens: 3, total_tokens: 3 } },
    trickle: { bytes: 50_000, everyMs: 0 },
  });
  await post(secret, '/v1/embeddings', { model: 'alpha', input: 'Some text.' });
  expect(await balanceOf(id)).toEqual([0.003, 0]);
  office.upstream.reply('/v1/embeddings', { body: { data: [] } });
  await post(secret, '/v1/embeddings', { model: 'alpha', input: 'Some text.' });
  const [spent, held] = await balanceOf(id);
  expect([spent > 0.003, spent < 0.03, held]).toEqual([true, true, 0]);
});

test('what the upstream refuses or doesn’t answer costs nothing', async () => {
  const { secret, id } = await office.key({ budget: '5/month' });
  for (const script of [{ status: 400 }, { status: 500 }, { cut: 'before-headers' as const }]) {
    office.upstream.reply('/v1/embeddings', script);
    expect((await post(secret, '/v1/embeddings', { model: 'alpha', input: 'x' })).status).toBeGreaterThanOrEqual(400);
    expect(await balanceOf(id)).toEqual([0, 0]);
  }
});

test('a budget that is used up refuses before anything goes out; models without a price too', async () => {
  const { secret } = await office.key({ budget: '0.001/month' });
  const before = office.upstream.requests.length;
  const refused = await post(secret, '/v1/embeddings', { model: 'alpha', input: 'A text of some length, to be sure.' });
  expect([refused.status, refused.json().error.code]).toEqual([400, 'request_exceeds_budget']);
  const unknown = await post(secret, '/v1/embeddings', { model: 'embed-1', input: 'x' });
  expect([unknown.status, unknown.json().error.code]).toEqual([400, 'model_unpriced']);
  expect(office.upstream.requests.length).toBe(before);
  const { secret: free } = await office.key();
  office.upstream.reply('/v1/embeddings', {});
  expect((await post(free, '/v1/embeddings', { model: 'embed-1', input: 'x' })).status).toBe(200);
});

test('what nobody can tell the cost of beforehand is not for keys with a budget', async () => {
  const { secret } = await office.key({ budget: '5/month' });
  const batch = { input_file_id: 'file-1', endpoint: '/v1/chat/completions', completion_window: '24h' };
  const before = office.upstream.requests.length;
  const boundless: readonly [string, object][] = [
    ['/v1/batches', batch],
    ['/v1/fine_tuning/jobs', { model: 'alpha', training_file: 'file-1' }],
    ['/v1/threads/thread_1/runs', { assistant_id: 'asst_1' }],
    ['/v1/vector_stores', {}],
    ['/v1/containers', {}],
  ];
  for (const [path, body] of boundless) {
    const refused = await post(secret, path, body);
    expect([path, refused.status, refused.json().error.code]).toEqual([path, 400, 'model_unpriced']);
    expect(refused.json().error.message).toContain(`POST ${path}`);
  }
  expect(office.upstream.requests.length).toBe(before);
  const { secret: free } = await office.key();
  const { secret: lenient } = await office.key({ budget: { limit_usd: 5, unpriced: 'estimate' } });
  for (const [who, path] of [
    [free, '/v1/batches'],
    [lenient, '/v1/batches'],
    [secret, '/v1/batches/batch_1/cancel'],
    [secret, '/v1/conversations'],
  ] as const) {
    office.upstream.reply(path, {});
    expect([path, (await post(who, path, batch)).status]).toEqual([path, 200]);
  }
});

test('the end of a budget lowers what may be written', async () => {
  const { secret } = await office.key({ budget: '0.8/month' });
  office.upstream.reply('/v1/completions', { content: 'Yes.', usage: { prompt_tokens: 10, completion_tokens: 2 } });
  const answer = await post(secret, '/v1/completions', { model: 'alpha', prompt: 'Hi' });
  expect([answer.status, answer.headers['x-quorum-flags']]).toEqual([200, 'clamped']);
  const { max_tokens: limit } = office.upstream.requests.at(-1)!.body as { max_tokens: number };
  expect(limit).toBeGreaterThan(200);
  expect(limit).toBeLessThan(400);
});

test('a form is charged by its model, though a large file stands before it; without one there is no telling', async () => {
  const { secret, id } = await office.key({ budget: '50/month' });
  office.upstream.reply('/v1/audio/transcriptions', {
    body: { text: 'Words.', usage: { input_tokens: 20, output_tokens: 10, total_tokens: 30 } },
  });
  const transcribe = async (model: string | null): Promise<Response> => {
    const form = new FormData();
    form.append('file', new Blob([Buffer.alloc(200_000, 65)]), 'a.wav');
    if (model !== null) form.append('model', model);
    const url = `${office.url}/v1/audio/transcriptions`;
    return fetch(url, { method: 'POST', body: form, headers: bearer(secret) });
  };
  expect((await transcribe('alpha')).status).toBe(200);
  await expect.poll(() => balanceOf(id)).toEqual([(20 * 1_000 + 10 * 2_000) / 1e6, 0]);
  const unnamed = [await transcribe(null), await post(secret, '/v1/images/generations', { prompt: 'A cat.' })];
  expect(unnamed.map(({ status }) => status)).toEqual([400, 400]);
});

test('a client that leaves in the middle pays for what came, and nothing stays held', async () => {
  const { secret, id } = await office.key({ budget: '5/month' });
  office.upstream.reply('/v1/completions', { content: 'word '.repeat(50), stall: 'mid-stream' });
  const body = { model: 'alpha', prompt: 'Hi', max_tokens: 400, stream: true };
  const answer = await open(`${office.url}/v1/completions`, { body, headers: bearer(secret) });
  await new Promise((resolve) => answer.once('data', resolve));
  expect((await balanceOf(id))[1]).toBeGreaterThan(0.8);
  answer.destroy();
  await office.upstream.aborted(1);
  await expect.poll(async () => (await balanceOf(id))[1]).toBe(0);
  const [spent] = await balanceOf(id);
  expect([spent > 0, spent < 0.8]).toEqual([true, true]);
});

test('a key’s models and limits hold here too', async () => {
  const { secret } = await office.key({ models: ['alpha'], rpm: 2 });
  office.upstream.reply('/v1/embeddings', {});
  const other = await post(secret, '/v1/embeddings', { model: 'beta', input: 'x' });
  expect([other.status, other.json().error.code]).toEqual([403, 'model_not_allowed']);
  const unnamed = await post(secret, '/v1/moderations', { input: 'x' });
  expect([unnamed.status, unnamed.json().error.code]).toEqual([403, 'model_not_allowed']);
  const first = await post(secret, '/v1/embeddings', { model: 'alpha', input: 'x' });
  expect([first.status, first.headers['x-ratelimit-limit-requests']]).toEqual([200, '2']);
  await post(secret, '/v1/embeddings', { model: 'alpha', input: 'x' });
  const third = await post(secret, '/v1/embeddings', { model: 'alpha', input: 'x' });
  expect([third.status, third.json().error.code]).toEqual([429, 'rate_limit_exceeded']);
});
