// Money through the running program: what each way of ending costs, limits of a model, alerts, and a ledger that can't be written.
import { spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/store/sqlite/database.ts';
import {
  chat as ask,
  dataOf,
  open,
  scriptedConfig,
  send,
  startChild,
  startScene,
  type Heard,
  type Scene,
  type ScriptedModels,
} from '../support/program.ts';
import { startUpstream } from '../support/scripted-upstream.ts';

const ADMIN = 'admin-secret-of-the-test-1234567890';
const WHOLE = 'Whether it is so, nobody can say for certain.';
let scene: Scene | null = null;
let receiver: Server | null = null;

afterEach(async () => {
  await scene?.close();
  receiver?.close();
  scene = null;
  receiver = null;
});

async function begin(models: ScriptedModels = {}, budget: object = {}): Promise<Scene> {
  scene = await startScene({
    names: ['alpha'],
    ...models,
    more: {
      server: { admin_key: ADMIN },
      budgets: [{ scope: 'global', period: 'total', limit_usd: 10, ...budget }],
      ...models.more,
    },
  });
  return scene;
}

const chat = ({ url }: Scene, body: object = {}, headers: Readonly<Record<string, string>> = {}): Promise<Heard> =>
  ask(url, body, { authorization: `Bearer ${ADMIN}`, ...headers });

interface Standing {
  readonly spent_usd: number;
  readonly held_usd: number;
}

async function standing({ url }: Scene): Promise<Standing> {
  const answer = await send(`${url}/admin/v1/budgets`, { headers: { authorization: `Bearer ${ADMIN}` } });
  return (answer.json() as unknown as { data: { balance: Standing }[] }).data[0]!.balance;
}

/** Once nothing is held any more. */
async function spent(of: Scene): Promise<number> {
  let now = await standing(of);
  await expect
    .poll(async () => {
      now = await standing(of);
      return now.held_usd;
    })
    .toBe(0);
  return now.spent_usd;
}

describe('each kind of token at its own price', () => {
  it('counts cached, cache-write, reasoning, audio and image tokens, whole and in a stream', async () => {
    const price = {
      input: 1,
      cached_input: 0.1,
      cache_write: 1.25,
      output: 2,
      reasoning: 3,
      audio_input: 10,
      audio_output: 20,
      image_input: 5,
      image_output: 40,
      request: 0.001,
    };
    const of = await begin({ model: { price } });
    of.upstream.reply('alpha', {
      usage: {
        prompt_tokens: 1_000,
        completion_tokens: 500,
        prompt_tokens_details: { cached_tokens: 300, cache_write_tokens: 200, audio_tokens: 100, image_tokens: 80 },
        completion_tokens_details: { reasoning_tokens: 250, audio_tokens: 50, image_tokens: 20 },
      },
    });
    const input = 320 * 1 + 300 * 0.1 + 200 * 1.25 + 100 * 10 + 80 * 5;
    const output = 180 * 2 + 250 * 3 + 50 * 20 + 20 * 40;
    const cost = (input + output) / 1e6 + 0.001;
    const whole = await chat(of);
    expect(Number(whole.headers['x-quorum-cost-usd'])).toBeCloseTo(cost, 9);
    await chat(of, { stream: true });
    expect(await spent(of)).toBeCloseTo(2 * cost, 9);
  });
});

describe('where the provider tells no usage', () => {
  it('counts what was received, of a whole answer and of a stream alike', async () => {
    const of = await begin();
    of.upstream.reply('alpha', { usage: null, content: WHOLE });
    await chat(of);
    const whole = await spent(of);
    await chat(of, { stream: true });
    const stream = (await spent(of)) - whole;
    // Some ten words at 2 USD a million, besides the input at 1.
    for (const cost of [whole, stream]) {
      expect(cost).toBeGreaterThan(15e-6);
      expect(cost).toBeLessThan(60e-6);
    }
  });

  it('counts the input as it was written: its layout costs, though it chooses nothing', async () => {
    const of = await begin();
    of.upstream.reply('alpha', { usage: null, content: WHOLE });
    const costOf = async (content: string): Promise<number> => {
      const before = await spent(of);
      const body = { model: 'alpha', messages: [{ role: 'user', content }] };
      await send(`${of.url}/v1/chat/completions`, { headers: { authorization: `Bearer ${ADMIN}` }, body });
      return (await spent(of)) - before;
    };
    const dense = await costOf('Is it so, or is it not so at all?');
    const loose = await costOf('Is it so,\n\n\n\n\n\n> or   is   it   not   so\n\n\n\n\n\n> at all?');
    expect(loose).toBeGreaterThan(dense + 3e-6);
  });

  it('counts the pieces that came of a stream that the client left, and its input', async () => {
    const of = await begin();
    const chunks = Array.from({ length: 200 }, () => ({
      delayMs: 5,
      data: { id: 'x', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: ' so' } }] },
    }));
    of.upstream.reply('alpha', { chunks });
    const answer = await open(`${of.url}/v1/chat/completions`, {
      headers: { authorization: `Bearer ${ADMIN}` },
      body: { model: 'alpha', stream: true, messages: [{ role: 'user', content: 'Go on and on.' }] },
    });
    let text = '';
    for await (const part of answer) {
      text += String(part);
      if (dataOf(text).length >= 20) break;
    }
    answer.destroy();
    await of.upstream.aborted(1);
    const cost = await spent(of);
    expect(cost).toBeGreaterThanOrEqual(20 * 2e-6);
    expect(cost).toBeLessThan(200 * 2e-6);
  });

  it('charges nothing for a call that never went out', async () => {
    const of = await begin({
      model: { timeouts: { connect: '100ms' } },
      provider: { base_url: 'http://192.0.2.1:9/v1' },
    });
    const answer = await chat(of);
    expect(answer.status).toBeGreaterThanOrEqual(500);
    expect(await spent(of)).toBe(0);
  });
});

it('cuts an answer short at the end of a budget rather than refuse it with money left', async () => {
  // 40 tokens of output at 2 USD a million, and some input; the client sets no limit.
  const of = await begin({ model: { max_output: 4_096 } }, { limit_usd: 0.00018 });
  of.upstream.reply('alpha', { usage: { prompt_tokens: 10, completion_tokens: 20 } });
  const answer = await chat(of);
  expect(answer.status).toBe(200);
  expect(answer.headers['x-quorum-flags']).toContain('clamped');
  const { max_completion_tokens: limit } = of.upstream.requests[0]!.body as { max_completion_tokens: number };
  expect(limit).toBeGreaterThanOrEqual(16);
  expect(limit * 2e-6).toBeLessThanOrEqual(0.00018);
});

it('holds the limits of a model that a request names', async () => {
  const of = await begin({ model: { limits: { rpm: 1 } } });
  expect((await chat(of)).headers['x-ratelimit-limit-requests']).toBe('1');
  const second = await chat(of);
  expect(second.status).toBe(429);
  expect(second.json().error).toMatchObject({ code: 'rate_limit_exceeded' });
  expect(second.json().error.message).toContain('model alpha');
  expect(Number(second.headers['retry-after'])).toBeGreaterThan(0);
});

it.each([
  ['an alias of an alias', { model: 'again' }, {}],
  ['its provider', { model: 'scripted/alpha' }, {}],
  ['a header', { model: 'auto' }, { 'x-quorum-models': 'again' }],
])('holds them too for who names it by %s', async (_way, body, headers) => {
  const of = await begin({ model: { limits: { rpm: 1 } }, more: { aliases: { again: 'once', once: 'alpha' } } });
  expect((await chat(of, body, headers)).status).toBe(200);
  expect((await chat(of)).json().error).toMatchObject({ code: 'rate_limit_exceeded' });
});

it('holds them too for what is passed through', async () => {
  const of = await begin({ model: { limits: { rpm: 1 } } });
  const embed = () =>
    send(`${of.url}/v1/embeddings`, {
      body: { model: 'alpha', input: 'x' },
      headers: { authorization: `Bearer ${ADMIN}` },
    });
  expect((await embed()).headers['x-ratelimit-limit-requests']).toBe('1');
  expect((await embed()).json().error).toMatchObject({ code: 'rate_limit_exceeded' });
});

it('posts alerts to the configured webhook, signed, and into the log', async () => {
  const heard: { readonly body: string; readonly signature: string }[] = [];
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => (body += String(part)));
    request.on('end', () => {
      heard.push({ body, signature: String(request.headers['x-quorum-signature']) });
      response.end();
    });
  });
  await new Promise<void>((resolve) => receiver!.listen(0, '127.0.0.1', resolve));
  const { port } = receiver.address() as AddressInfo;
  const webhook = { url: `http://127.0.0.1:${port}/alerts`, secret: 'between-us' };
  const of = await begin({ more: { alerts: { webhook } } }, { limit_usd: 1, soft_at: [0.5] });
  of.upstream.reply('alpha', { usage: { prompt_tokens: 600_000, completion_tokens: 10 } });
  await chat(of, { messages: [{ role: 'user', content: 'x'.repeat(600_000) }] });
  await expect.poll(() => heard.length).toBe(1);
  const { body, signature } = heard[0]!;
  expect(JSON.parse(body)).toMatchObject({ type: 'budget.threshold', threshold: 0.5 });
  const [, seconds, digest] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature)!;
  expect(digest).toBe(createHmac('sha256', 'between-us').update(`${seconds}.${body}`).digest('hex'));
  expect(of.quorum.logs.join('\n')).toContain('50 % of the total budget');
});

it('refuses new spending while the ledger can’t be written, and recovers by itself', async () => {
  const of = await begin();
  expect((await chat(of)).status).toBe(200);
  const path = of.quorum.config.parts().storageUrl.replace(/^sqlite:/, '');
  const other = openDatabase(path, { busyMs: 1_000 });
  other.exec('BEGIN IMMEDIATE');
  const refused = await chat(of);
  expect(refused.status).toBe(503);
  expect(refused.json().error.code).toBe('budget_unavailable');
  const change = await send(`${of.url}/admin/v1/keys`, {
    headers: { authorization: `Bearer ${ADMIN}` },
    body: { name: 'too early' },
  });
  expect(change.status).toBe(503);
  expect(change.json().error.code).toBe('budget_unavailable');
  expect((await send(`${of.url}/livez`)).status).toBe(200);
  other.exec('ROLLBACK');
  other.close();
  await expect.poll(async () => (await chat(of)).status).toBe(200);
  expect(await spent(of)).toBeGreaterThan(0);
}, 20_000);

/** Linux can forbid a running process to make its files longer, which is what a full disk does. .ci/run installs the tool for it. */
const canFill = spawnSync('prlimit', ['--version']).status === 0;

it.skipIf(!canFill)(
  'lives through a full disk, refuses what would cost money, and recovers by itself',
  async () => {
    const upstream = await startUpstream();
    const child = await startChild({
      config: scriptedConfig(upstream, {
        names: ['alpha'],
        more: { budgets: [{ scope: 'global', period: 'total', limit_usd: 10 }] },
      }),
    });
    try {
      const status = async (): Promise<number> => (await ask(child.url, {})).status;
      expect(await status()).toBe(200);
      const fill = (bytes: string) =>
        spawnSync('prlimit', ['--pid', String(child.process.pid), `--fsize=${bytes}:unlimited`]);
      expect(fill('4096').status).toBe(0);
      await expect.poll(status).toBe(503);
      expect((await ask(child.url, {})).json().error.code).toBe('budget_unavailable');
      expect((await send(`${child.url}/livez`)).status).toBe(200);
      fill('unlimited');
      await expect.poll(status).toBe(200);
    } finally {
      await child.clear();
      await upstream.close();
    }
  },
  60_000,
);
