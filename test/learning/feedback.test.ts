// Verdicts over HTTP: idempotent, joined to the right request, kept over a restart, and what they make of the confidence.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chat, send, startScene, type Heard, type Scene } from '../support/program.ts';

const ADMIN = 'sk-admin-secret-000';
const admin = { authorization: `Bearer ${ADMIN}` };
let scene: Scene;
beforeAll(async () => {
  scene = await startScene({ more: { server: { admin_key: ADMIN }, cache: { ttl: '1h' }, routing: { explore: 0 } } });
});
afterAll(() => scene.close());

interface Told {
  readonly error: { readonly param: string };
  readonly data: readonly { readonly request_id: string; readonly confidence: number; readonly samples: number }[];
  readonly models: readonly { readonly tasks: Readonly<Record<string, unknown>> }[];
  readonly tiers: Readonly<Record<string, unknown>>;
  readonly all: { readonly verdicts: number };
}
const read = (heard: Heard): Told => JSON.parse(heard.text) as Told;

let asked = 0;
const ask = async (model = 'auto', headers = {}) => {
  const answer = await chat(
    scene.url,
    { model, messages: [{ role: 'user', content: `What is ${++asked} + 30?` }] },
    headers,
  );
  return answer.headers;
};
const judge = (body: unknown) => send(`${scene.url}/v1/feedback`, { method: 'POST', body, headers: admin });
const confidenceOf = async (model: string, task: string): Promise<{ confidence: number; samples: number }> => {
  const list = await send(`${scene.url}/admin/v1/confidence?model=${model}&task=${task}`, { headers: admin });
  return read(list).data[0]!;
};

test('a verdict moves the confidence of the model that answered, once however often it is sent', async () => {
  const told = await ask();
  const [model, task] = [String(told['x-quorum-model']).split(',')[0]!.trim(), String(told['x-quorum-task'])];
  const before = await confidenceOf(model, task);
  const wrong = { request_id: told['x-request-id'], correct: false, correction: '31' };
  const first = await judge(wrong);
  expect(first.status).toBe(200);
  expect(first.json()).toMatchObject({
    request_id: told['x-request-id'],
    correct: false,
    correction: '31',
    replaced: false,
  });
  const after = await confidenceOf(model, task);
  expect(after.confidence).toBeLessThan(before.confidence);
  expect((await judge(wrong)).json()).toMatchObject({ replaced: true });
  expect((await confidenceOf(model, task)).samples).toBeCloseTo(after.samples, 3);
  await judge({ request_id: told['x-request-id'], correct: true });
  const replaced = await confidenceOf(model, task);
  expect(replaced.samples).toBeCloseTo(after.samples, 3);
  expect(replaced.confidence).toBeGreaterThan(before.confidence);
  const list = await send(`${scene.url}/admin/v1/feedback`, { headers: admin });
  expect(read(list).data.filter((one) => one.request_id === told['x-request-id'])).toHaveLength(1);
});

test('the very next decision takes a verdict into account, though pools are remembered', async () => {
  interface Route {
    readonly decision: { readonly prospects: readonly { readonly model: string; readonly quality: number }[] };
  }
  const body = { model: 'auto', messages: [{ role: 'user', content: 'What is 7 + 30?' }] };
  const qualityOf = async (model: string): Promise<number> => {
    const route = await send(`${scene.url}/v1/route`, { method: 'POST', body });
    return (JSON.parse(route.text) as Route).decision.prospects.find((one) => one.model === model)!.quality;
  };
  const told = await ask();
  const model = String(told['x-quorum-model']).split(',')[0]!.trim();
  const before = await qualityOf(model);
  await judge({ request_id: told['x-request-id'], correct: false });
  expect(await qualityOf(model)).toBeLessThan(before);
});

test('an unknown request and a verdict that says nothing are refused by name', async () => {
  expect((await judge({ request_id: 'req_nobody', correct: true })).status).toBe(404);
  const told = await ask();
  for (const [body, param] of [
    [{ request_id: told['x-request-id'] }, 'correct'],
    [{ request_id: told['x-request-id'], score: 2 }, 'score'],
    [{ correct: true }, 'request_id'],
    [{ request_id: told['x-request-id'], correct: 'yes' }, 'correct'],
  ] as const) {
    const answer = await judge(body);
    expect(answer.status).toBe(400);
    expect(read(answer).error.param).toBe(param);
  }
});

test('confidence is absent at first and there after enough verdicts, also on a repeated answer', async () => {
  const first = await ask();
  expect(first['x-quorum-confidence']).toBeUndefined();
  for (let nth = 0; nth < 60; nth += 1) {
    const told = await ask();
    expect((await judge({ request_id: told['x-request-id'], correct: nth % 4 !== 0 })).status).toBe(200);
  }
  const body = { model: 'auto', messages: [{ role: 'user', content: 'What is 7 + 1030?' }] };
  const fresh = await chat(scene.url, body);
  const confidence = Number(fresh.headers['x-quorum-confidence']);
  expect(confidence).toBeGreaterThan(0.5);
  expect(confidence).toBeLessThan(0.95);
  const hit = await chat(scene.url, body);
  expect(hit.headers).toMatchObject({
    'x-quorum-cache': 'hit',
    'x-quorum-confidence': fresh.headers['x-quorum-confidence'],
  });
  expect((await judge({ request_id: hit.headers['x-request-id'], correct: true })).status).toBe(200);
  const report = await send(`${scene.url}/admin/v1/calibration`, { headers: admin });
  expect(read(report).all.verdicts).toBeGreaterThan(60);
});

test('capabilities show what was learnt beside the priors, recommendations a model for each tier', async () => {
  const known = await send(`${scene.url}/v1/capabilities`, { headers: admin });
  const task = Object.values(read(known).models[0]!.tasks)[0];
  expect(task).toMatchObject({
    prior: expect.any(Number),
    confidence: expect.any(Number),
    samples: expect.any(Number),
  });
  const best = await send(`${scene.url}/v1/recommendations/math`, { headers: admin });
  expect(best.status).toBe(200);
  expect(read(best).tiers['balanced']).toMatchObject({ model: expect.any(String), confidence: expect.any(Number) });
  expect((await send(`${scene.url}/v1/recommendations/maths`, { headers: admin })).status).toBe(404);
});

test('evidence goes out as lines and comes in adding up', async () => {
  const lines = await send(`${scene.url}/admin/v1/evidence`, { headers: admin });
  const sums = lines.text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { model: string; task: string });
  expect(sums.length).toBeGreaterThan(0);
  const { model, task } = sums[0]!;
  const before = await confidenceOf(model, task);
  const back = await send(`${scene.url}/admin/v1/evidence`, { method: 'POST', body: sums[0], headers: admin });
  expect(back.json()).toMatchObject({ added: 1 });
  expect((await confidenceOf(model, task)).samples).toBeGreaterThan(before.samples);
});

test('evidence that can’t be, or is of the future, adds nothing and takes nothing away', async () => {
  const lines = await send(`${scene.url}/admin/v1/evidence`, { headers: admin });
  const sound = JSON.parse(lines.text.split('\n')[0]!) as Readonly<Record<string, unknown>>;
  const now = Date.now();
  for (const wrong of [
    { good: -1 },
    { good: 3, total: 2 },
    { total: 1e300 },
    { tenant: '' },
    { at: now + 7_200_000 },
    { at: '2026' },
    { good: undefined },
  ]) {
    const body = `${JSON.stringify(sound)}\n${JSON.stringify({ ...sound, ...wrong })}`;
    const refused = await send(`${scene.url}/admin/v1/evidence`, { method: 'POST', body, headers: admin });
    expect(refused.status, JSON.stringify(wrong)).toBe(400);
    expect(read(refused).error.param).toBe('line 2');
  }
  const sums = (text: string) =>
    text
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { readonly good: number; readonly total: number }).total.toFixed(3));
  const after = await send(`${scene.url}/admin/v1/evidence`, { headers: admin });
  expect(sums(after.text)).toEqual(sums(lines.text));
});

test('a verdict that says two things is refused, one that says the same twice isn’t', async () => {
  const told = await ask();
  const request_id = told['x-request-id'];
  for (const [correct, score] of [
    [true, 0],
    [true, 0.49],
    [false, 0.5],
  ]) {
    const refused = await judge({ request_id, correct, score });
    expect([refused.status, read(refused).error.param]).toEqual([400, 'score']);
  }
  expect((await judge({ request_id, correct: true, score: 0.9 })).status).toBe(200);
});
