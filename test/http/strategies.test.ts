// What each strategy promises, through the running program: when it is over, what is on the record, and what the client is told when nothing came.
import { afterEach, expect, test } from 'vitest';
import { chat, send, startScene, type Body, type Heard, type Scene } from '../support/program.ts';
import type { Script } from '../support/scripted-upstream.ts';

const NAMES = ['alpha', 'beta', 'gamma', 'delta', 'epsilon'];
const SUM = { messages: [{ role: 'user', content: 'What is 6 times 7? Reply with the number only.' }] };
const STRATEGIES = ['single', 'dual', 'triple', 'cascade', 'council'] as const;
const QUICK = {
  model: { timeouts: { connect: '100ms', first_token: '100ms', idle: '100ms', total: '100ms' } },
  more: { council: { member_timeout: '100ms' } },
};

let scene: Scene | null = null;
afterEach(() => scene?.close());

async function begin(
  replies: Readonly<Record<string, Script>>,
  more: Parameters<typeof startScene>[0] = {},
): Promise<Scene> {
  await scene?.close();
  scene = await startScene({ names: NAMES, ...more });
  for (const [model, script] of Object.entries(replies)) scene.upstream.reply(model, script);
  return scene;
}

const ask = ({ url }: Scene, strategy: string, headers: Readonly<Record<string, string>> = {}): Promise<Heard> =>
  chat(url, { model: `quorum/${strategy}`, ...SUM }, headers);

const recordOf = async ({ url }: Scene, { headers }: Heard): Promise<Body> =>
  (await send(`${url}/v1/requests/${headers['x-request-id'] as string}`)).json();

test('a triple is over when two agree, whoever is still out; what that one used is on the record', async () => {
  const running = await begin({ '*': { content: '42' }, alpha: { stall: true } });
  const answer = await ask(running, 'triple', { 'x-quorum-models': 'alpha,delta,epsilon' });
  expect(answer.json().choices[0]!.message.content).toBe('42');
  expect(answer.headers).toMatchObject({
    'x-quorum-model': 'delta,epsilon',
    'x-quorum-strategy': 'triple',
    'x-quorum-agreement': '1.000',
    'x-quorum-attempts': '3',
  });
  const [left] = await running.upstream.aborted(1);
  expect(left!.model).toBe('alpha');
  const { attempts } = await recordOf(running, answer);
  expect(attempts.find(({ model }) => model === 'alpha')).toMatchObject({ outcome: 'aborted', estimated: true });
  const costs = attempts.map(({ cost_usd: cost }) => cost as number);
  expect(costs.every((cost) => cost > 0)).toBe(true);
  expect(Number(answer.headers['x-quorum-cost-usd'])).toBeCloseTo(
    costs.reduce((sum, cost) => sum + cost, 0),
    9,
  );
});

test('two that refuse, or are cut off, are no two that agree: a triple waits for the third', async () => {
  for (const script of [
    { content: null, refusal: 'I cannot help with that.' },
    { content: '4', finishReason: 'length' },
  ]) {
    const running = await begin({ '*': script, alpha: { content: '42', delayMs: 150 } });
    const answer = await ask(running, 'triple', { 'x-quorum-models': 'alpha,delta,epsilon' });
    expect(answer.json().choices[0]!.message.content).toBe('42');
  }
});

test('nothing came: every strategy tells it alike', async () => {
  for (const [script, status, code] of [
    [{ stall: true }, 504, 'upstream_timeout'],
    [{ status: 500 }, 502, 'upstream_error'],
    [{ status: 429, headers: { 'retry-after': '7' } }, 429, 'rate_limited'],
    [{ status: 422, error: { message: 'no', code: 'no' } }, 422, 'no'],
  ] as const) {
    for (const strategy of STRATEGIES) {
      const running = await begin({ '*': script }, 'stall' in script ? QUICK : {});
      const answer = await ask(running, strategy);
      const what = `${code}, ${strategy}`;
      expect(answer.status, what).toBe(status);
      if (status === 429) expect(answer.headers['retry-after'], what).toBe('7');
      else expect(answer.json().error.code, what).toBe(code);
      if (status >= 500) expect(answer.json().error.attempts.length, what).toBeGreaterThan(0);
    }
  }
});

test('the deadline passes: 504, whatever else failed before it', async () => {
  for (const strategy of ['dual', 'triple', 'council']) {
    const running = await begin({ '*': { stall: true }, alpha: { status: 500 } });
    const answer = await ask(running, strategy, { 'x-quorum-timeout': '200ms' });
    expect([answer.status, answer.json().error.code], strategy).toEqual([504, 'upstream_timeout']);
  }
  const running = await begin({ '*': { stall: true }, alpha: { content: '42' } });
  const council = await ask(running, 'council', { 'x-quorum-timeout': '200ms' });
  expect([council.status, council.json().error.code]).toEqual([504, 'upstream_timeout']);
});

test('when all of them say when to come again, the soonest is passed on', async () => {
  const busy = (seconds: string) => ({ status: 503, headers: { 'retry-after': seconds } });
  for (const strategy of ['single', 'dual', 'triple', 'council']) {
    const running = await begin({ '*': busy('20'), beta: busy('9'), alpha: { ...busy('30'), status: 502 } });
    const { status, headers } = await ask(running, strategy);
    expect([strategy, status, headers['retry-after']]).toEqual([strategy, 502, '9']);
  }
  const running = await begin({ '*': busy('20'), beta: { status: 500 } });
  expect((await ask(running, 'dual')).headers).not.toHaveProperty('retry-after');
});

test('a cascade goes up on every kind of evidence, and stays where there is none', async () => {
  const doubtful = ['maybe ', '42'].map((token) => ({ token, logprob: -3 }));
  const person = {
    name: 'person',
    schema: { type: 'object', required: ['age'], properties: { age: { type: 'integer' } } },
  };
  const asJson = { response_format: { type: 'json_schema', json_schema: person } };
  for (const [reason, script, body] of [
    ['schema invalid', { content: '{"age":"old"}' }, asJson],
    ['not JSON', { content: 'He is 42.' }, asJson],
    ['refused', { content: null, refusal: 'I cannot help with that.' }, {}],
    ['cut off', { content: '4', finishReason: 'length' }, {}],
    ['empty', { content: '' }, {}],
    ['low token confidence', { content: 'maybe 42', logprobs: doubtful }, { logprobs: true }],
    ['validators violated', { content: '420' }, {}],
  ] as const) {
    const range = { kind: 'range', field: '', min: 0, max: 100 };
    const running = await begin(
      { '*': { content: '{"age":42}' }, alpha: script },
      { more: { tasks: { simple_query: { validators: reason === 'validators violated' ? [range] : [] } } } },
    );
    if (reason === 'validators violated') running.upstream.reply('beta', { content: '42' });
    const request = { model: 'quorum/cascade', ...SUM, ...body };
    const answer = await chat(running.url, request, { 'x-quorum-task': 'simple_query' });
    expect(answer.headers, reason).toMatchObject({ 'x-quorum-model': 'beta', 'x-quorum-strategy': 'cascade' });
    expect(answer.headers['x-quorum-flags'], reason).toBeUndefined();
    const { events } = (await recordOf(running, answer)) as unknown as { events: { type: string; detail?: string }[] };
    expect(events.find(({ type }) => type === 'escalated')?.detail, reason).toContain(`alpha: ${reason}`);
  }
  const running = await begin({ '*': { content: 'one' } });
  const two = await chat(running.url, { model: 'quorum/cascade', n: 2, ...SUM });
  expect(two.json().choices).toHaveLength(2);
  expect([two.headers['x-quorum-strategy'], two.headers['x-quorum-flags']]).toEqual(['cascade', undefined]);
});

test('a council of which one alone answers is too few', async () => {
  const running = await begin({ '*': { status: 500 }, alpha: { content: '42' } });
  const council = await ask(running, 'council');
  expect([council.status, council.json().error.code]).toEqual([502, 'not_enough_answers']);
});

test('an answer that fails its checks and has nobody better is flagged, and listed for review', async () => {
  for (const [script, strategies] of [
    [{ content: null, refusal: 'I cannot help with that.' }, ['single', 'dual', 'cascade', 'council']],
    [{ content: '4', finishReason: 'length' }, ['triple', 'cascade']],
    [{ content: '' }, ['dual', 'cascade']],
  ] as const) {
    const running = await begin({ '*': script });
    for (const strategy of strategies)
      expect((await ask(running, strategy)).headers['x-quorum-flags'], strategy).toContain('low_confidence');
  }
  const good = await ask(await begin({ '*': { content: '42' } }), 'cascade');
  expect(good.headers['x-quorum-flags']).toBeUndefined();
});
