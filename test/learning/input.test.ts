// How many tokens of input a model bills for what we count as one, with and without tools, and what that does to expected costs.
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { chat, send, startScene, type Scene } from '../support/program.ts';
import { ask } from '../routing/asking.ts';

const PROMPT = 'The committee met on Thursday and agreed that further consultation was needed. '.repeat(30);
const TOOLS = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: {} } } }];

interface Shown {
  readonly model: string;
  readonly cost_usd: number;
  readonly input_factor?: number;
}
let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene.close());

const body = (tools: boolean) => ({ messages: [{ role: 'user', content: PROMPT }], ...(tools && { tools: TOOLS }) });
const prospects = async (tools: boolean): Promise<ReadonlyMap<string, Shown>> => {
  const route = await send(`${scene.url}/v1/route`, {
    method: 'POST',
    body: { model: 'auto', max_tokens: 20, ...body(tools) },
  });
  const { decision } = JSON.parse(route.text) as { readonly decision: { readonly prospects: readonly Shown[] } };
  return new Map(decision.prospects.map((one) => [one.model, one]));
};
const settled = async (tools: boolean, billed: number, times: number): Promise<void> => {
  scene.upstream.reply('alpha', { content: 'Noted.', usage: { prompt_tokens: billed, completion_tokens: 5 } });
  for (let nth = 0; nth < times; nth += 1)
    expect((await chat(scene.url, { model: 'alpha', ...body(tools) })).status).toBe(200);
};

/** What answers show by themselves is known a moment later. */
const told = (tools: boolean, least: number): Promise<ReadonlyMap<string, Shown>> =>
  vi.waitFor(async () => {
    const all = await prospects(tools);
    expect(all.get('alpha')!.input_factor).toBeGreaterThan(least);
    return all;
  });

it('what a model bills for tools is foretold for requests with tools, and for no others', async () => {
  const before = (await prospects(true)).get('alpha')!;
  expect(before.input_factor).toBeUndefined();
  await settled(true, 1_500, 1);
  const first = (await told(true, 1)).get('alpha')!.input_factor!;
  await settled(true, 1_500, 9);
  const after = await told(true, first + 0.3);
  expect(after.get('alpha')!.cost_usd).toBeGreaterThan(before.cost_usd * 1.8);
  expect(after.get('beta')!.input_factor).toBeUndefined();
  expect((await prospects(false)).get('alpha')!.input_factor).toBeUndefined();
});

it('a usage that was only estimated teaches nothing', async () => {
  scene.upstream.reply('gamma', { content: 'Noted.', usage: null });
  for (let nth = 0; nth < 5; nth += 1) await chat(scene.url, { model: 'gamma', ...body(false) });
  await settled(false, 1_500, 1);
  expect((await told(false, 1)).get('gamma')!.input_factor).toBeUndefined();
});

it('the factor is on the input’s price alone', () => {
  const costs = [1, 2, 4].map((inputFactor) => {
    const { prospects: all } = ask({ prompt: PROMPT, expects: { inputFactor, outputTokens: 100 } });
    return all[0]!.cost!;
  });
  expect(costs[2]! - costs[1]!).toBeCloseTo(2 * (costs[1]! - costs[0]!), -1);
  expect(costs[1]!).toBeLessThan(2 * costs[0]!);
});
