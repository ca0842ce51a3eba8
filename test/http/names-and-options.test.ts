// Model names, aliases, tiers, and the wishes of a request by header or metadata; what the response headers say of it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chat, commentsOf, send, startScene, type Fields, type Heard, type Scene } from '../support/program.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await startScene({
    names: ['alpha', 'beta', 'gamma', 'delta'],
    more: {
      tiers: {
        balanced: { models: ['alpha', 'beta', 'gamma'], chairman: 'alpha' },
        'my tier': { models: ['delta'] },
      },
      aliases: {
        'gpt-4o': 'auto',
        'gpt-4o-mini': 'beta',
        checked: 'quorum/dual',
        again: 'checked',
        keyless: 'claude-haiku-4-5',
      },
      routing: { explore: 0, strategy: 'single' },
      tasks: { poems: { keywords: ['sonnet'] } },
    },
  });
});
afterAll(() => scene.close());

const strategyOf = ({ headers }: Heard) => headers['x-quorum-strategy'];
const modelOf = ({ headers }: Heard) => headers['x-quorum-model'];

test('each model name means what it says', async () => {
  for (const [model, strategy] of [
    ['auto', 'single'],
    ['quorum/auto', 'single'],
    ['quorum/single', 'single'],
    ['quorum/dual', 'dual'],
    ['quorum/triple', 'triple'],
    ['quorum/cascade', 'cascade'],
    ['quorum/balanced', 'single'],
    ['alpha', 'single'],
    ['gpt-4o', 'single'],
    ['gpt-4o-mini', 'single'],
    ['checked', 'dual'],
    ['again', 'dual'],
    ['scripted/gamma', 'single'],
  ]) {
    const answer = await chat(scene.url, { model });
    expect([model, answer.status, strategyOf(answer)]).toEqual([model, 200, strategy]);
  }
  expect(modelOf(await chat(scene.url, { model: 'gpt-4o-mini' }))).toBe('beta');
  expect(modelOf(await chat(scene.url, { model: 'scripted/gamma' }))).toBe('gamma');
  expect(modelOf(await chat(scene.url, { model: 'quorum/my tier' }))).toBe('delta');
});

test('an unknown name is 404 and names the nearest', async () => {
  const answer = await chat(scene.url, { model: 'gama' });
  expect([answer.status, answer.json().error]).toEqual([
    404,
    {
      message: expect.stringContaining('"gamma"'),
      type: 'invalid_request_error',
      param: 'model',
      code: 'model_not_found',
    },
  ]);
  expect((await chat(scene.url, { model: 'quorum/nothing' })).status).toBe(404);
  for (const [model, near] of [
    ['openai/gamma', '"gamma"'],
    ['scripted/gama', '"gamma"'],
    ['quorum/trple', '"quorum/triple"'],
  ] as const)
    expect((await chat(scene.url, { model })).json().error.message).toContain(`Did you mean ${near}?`);
});

test('a name of any length is a name: 404, and nothing is suggested that is nothing like it', async () => {
  for (const length of [256, 257, 100_000]) {
    const { status, text, json } = await chat(scene.url, { model: 'm'.repeat(length) });
    expect([length, status, json().error]).toEqual([
      length,
      404,
      { message: expect.any(String), type: 'invalid_request_error', param: 'model', code: 'model_not_found' },
    ]);
    expect(text.length).toBeLessThan(400);
    expect(text).not.toContain('Did you mean');
  }
});

test('a wish by header is the same as one by metadata, and the header wins', async () => {
  const wishes = { strategy: 'triple', tier: 'balanced', task: 'poems', models: 'beta,gamma,alpha', max_cost: '0.5' };
  const byHeader = await chat(
    scene.url,
    { model: 'auto' },
    Object.fromEntries(Object.entries(wishes).map(([name, value]) => [`x-quorum-${name.replace('_', '-')}`, value])),
  );
  const metadata = Object.fromEntries(Object.entries(wishes).map(([name, value]) => [`quorum_${name}`, value]));
  const byMetadata = await chat(scene.url, { model: 'auto', metadata });
  for (const answer of [byHeader, byMetadata]) {
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      'x-quorum-strategy': 'triple',
      'x-quorum-tier': 'balanced',
      'x-quorum-task': 'poems',
    });
  }
  const both = await chat(scene.url, { model: 'auto', metadata }, { 'x-quorum-strategy': 'single' });
  expect(strategyOf(both)).toBe('single');
});

test('the models that a request names are those that are asked', async () => {
  const answer = await chat(scene.url, { model: 'quorum/dual' }, { 'x-quorum-models': 'gamma, delta' });
  expect(modelOf(answer)!.toString().split(',').toSorted()).toEqual(['delta', 'gamma']);
  const one = await chat(scene.url, { model: 'auto' }, { 'x-quorum-models': 'delta' });
  expect(modelOf(one)).toBe('delta');
});

test('among the wishes a model goes by all of its names', async () => {
  for (const name of ['beta', 'gpt-4o-mini', 'scripted/beta']) {
    const answer = await chat(scene.url, { model: 'auto' }, { 'x-quorum-models': name });
    expect([name, answer.status, modelOf(answer)]).toEqual([name, 200, 'beta']);
  }
  const twice = await chat(scene.url, {
    model: 'auto',
    metadata: { quorum_models: 'beta, gpt-4o-mini, scripted/beta' },
  });
  expect([twice.headers['x-quorum-strategy'], modelOf(twice)]).toEqual(['single', 'beta']);
});

test('an unknown model or task among the wishes is refused, an unknown tier gives the default one', async () => {
  const model = await chat(scene.url, { model: 'auto' }, { 'x-quorum-models': 'gama' });
  expect([model.status, model.json().error.code]).toEqual([404, 'model_not_found']);
  const tier = await chat(scene.url, { model: 'auto' }, { 'x-quorum-tier': 'no-such-thing' });
  expect([tier.status, tier.headers['x-quorum-tier']]).toEqual([200, 'balanced']);
  const task = await chat(scene.url, { model: 'auto' }, { 'x-quorum-task': 'no-such-thing' });
  expect([task.status, task.json().error.code]).toEqual([400, 'invalid_value']);
});

test('a ceiling that nothing fits under is 400 before any call', async () => {
  const before = scene.upstream.requests.length;
  const answer = await chat(scene.url, { model: 'auto' }, { 'x-quorum-max-cost': '0.000000001' });
  expect(answer.status).toBe(400);
  expect(answer.json().error.message).toContain('cost');
  expect(scene.upstream.requests.length).toBe(before);
});

test('a deadline is kept', async () => {
  scene.upstream.reply('delta', { stall: true });
  const startedAt = performance.now();
  const answer = await chat(scene.url, { model: 'delta' }, { 'x-quorum-timeout': '150ms' });
  expect([answer.status, answer.json().error.type, answer.json().error.code]).toEqual([
    504,
    'timeout_error',
    'upstream_timeout',
  ]);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  scene.upstream.reply('delta', {});
});

test('yes and no in any case, as each language writes them', async () => {
  for (const [yes, no] of [
    ['true', 'false'],
    ['True', 'False'],
    ['1', '0'],
  ] as const) {
    const said = (await chat(scene.url, { model: 'auto', metadata: { quorum_debug: yes } })).json();
    expect([yes, said.quorum]).toEqual([yes, expect.anything()]);
    expect((await chat(scene.url, { model: 'auto' }, { 'x-quorum-debug': no })).json()).not.toHaveProperty('quorum');
  }
});

test('a list holds up to 32 names, the same one counted once', async () => {
  const tags = (count: number) => Array.from({ length: count }, (_, nth) => `tag-${nth}`).join(',');
  const status = async (list: string) => (await chat(scene.url, {}, { 'x-quorum-tags': list })).status;
  expect([await status(tags(32)), await status(`${tags(32)},tag-0`), await status(tags(33))]).toEqual([200, 200, 400]);
});

test('a wish that makes no sense is 400 and names its header or field', async () => {
  for (const [name, value] of [
    ['strategy', 'guess'],
    ['max-cost', 'much'],
    ['max-cost', '-1'],
    ['timeout', 'soon'],
    ['cache', 'perhaps'],
    ['events', 'sure'],
    ['debug', 'why not'],
    ['models', ',,,'],
  ] as const) {
    const answer = await chat(scene.url, { model: 'auto' }, { [`x-quorum-${name}`]: value });
    expect([name, answer.status, answer.json().error]).toEqual([
      name,
      400,
      {
        message: expect.any(String),
        type: 'invalid_request_error',
        param: `x-quorum-${name}`,
        code: 'invalid_value',
      },
    ]);
  }
  const unknown = await chat(scene.url, { model: 'auto', metadata: { quorum_strategie: 'dual' } });
  expect([unknown.status, unknown.json().error.param]).toEqual([400, 'metadata.quorum_strategie']);
});

test('the response headers of one model', async () => {
  const { headers } = await chat(scene.url, { model: 'alpha' });
  expect(headers).toMatchObject({
    'x-request-id': expect.stringMatching(/^req_[0-9a-f]{32}$/),
    'x-quorum-model': 'alpha',
    'x-quorum-strategy': 'single',
    'x-quorum-task': expect.any(String),
    'x-quorum-tier': 'balanced',
    'x-quorum-cache': 'bypass',
    'x-quorum-attempts': '1',
    'x-quorum-cost-usd': expect.stringMatching(/^0\.0000\d+$/),
    'x-quorum-overhead-ms': expect.stringMatching(/^\d+(\.\d+)?$/),
    'server-timing': expect.stringMatching(/total;dur=[\d.]+.*upstream;dur=[\d.]+/),
    'content-type': expect.stringMatching(/^application\/json/),
  });
  expect(headers).not.toHaveProperty('x-quorum-agreement');
  expect(headers).not.toHaveProperty('x-quorum-confidence');
});

test('the response headers of several models, agreed and disputed', async () => {
  const agreed = await chat(scene.url, { model: 'quorum/dual' });
  expect(agreed.headers).toMatchObject({ 'x-quorum-agreement': '1.000', 'x-quorum-attempts': '2' });
  expect(agreed.headers).not.toHaveProperty('x-quorum-flags');
  for (const [model, content] of Object.entries({ alpha: '4', beta: '5', gamma: '6' }))
    scene.upstream.reply((each) => each.model === model && JSON.stringify(each.body).includes('2 + 2'), { content });
  const disputed = await chat(scene.url, {
    model: 'quorum/triple',
    messages: [{ role: 'user', content: 'What is 2 + 2?' }],
  });
  expect(disputed.headers['x-quorum-flags']).toContain('disputed');
  expect(Number(disputed.headers['x-quorum-agreement'])).toBeLessThan(0.5);
});

test('a stream says at its end what wasn’t known at its start', async () => {
  for (const model of ['alpha', 'quorum/dual']) {
    const answer = await chat(scene.url, { model, stream: true });
    expect(answer.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
      'x-quorum-strategy': model === 'alpha' ? 'single' : 'dual',
    });
    expect(commentsOf(answer.text).at(-1)).toMatchObject({
      request_id: answer.headers['x-request-id'],
      attempts: model === 'alpha' ? 1 : 2,
      cost_usd: expect.any(Number),
      cache: 'bypass',
    });
    expect(answer.text.trimEnd().split('\n\n').at(-1)).toBe('data: [DONE]');
    expect(answer.text.trimEnd().split('\n\n').at(-2)).toMatch(/^: quorum \{/);
  }
});

test('the whole decision is in the body only for who asks', async () => {
  expect((await chat(scene.url, { model: 'auto' })).json()).not.toHaveProperty('quorum');
  const { quorum } = (await chat(scene.url, { model: 'quorum/dual' }, { 'x-quorum-debug': 'true' })).json();
  expect(quorum).toMatchObject({ strategy: 'dual', decision: expect.any(Object), attempts: expect.any(Array) });
  expect(JSON.stringify(quorum)).not.toMatch(/sk-upstream|127\.0\.0\.1/);
  for (const [, key] of JSON.stringify(quorum).matchAll(/"([a-zA-Z_]+)":/g)) expect(key).not.toMatch(/[A-Z]/);
  expect((quorum['attempts'] as Fields[])[0]!['cost_usd']).toBeLessThan(0.001);
});

test('the list of models has every name that works, once', async () => {
  const { data } = (await send(`${scene.url}/v1/models`)).json();
  const ids = data.map((each: { id: string }) => each.id);
  expect(ids).toEqual(expect.arrayContaining(['auto', 'quorum/council', 'quorum/my tier', 'delta', 'gpt-4o', 'again']));
  expect(ids).not.toContain('keyless');
  expect(new Set(ids).size).toBe(ids.length);
  const one = await send(`${scene.url}/v1/models/quorum%2Fdual`);
  expect([one.status, one.json().id]).toEqual([200, 'quorum/dual']);
  const none = await send(`${scene.url}/v1/models/nobody`);
  expect([none.status, none.json().error.code]).toEqual([404, 'model_not_found']);
});
