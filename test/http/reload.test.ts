// The config changes under load: no request fails, the new settings answer from then on, a bad config changes nothing.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { chat, scriptedConfig, send, startScene, type Scene } from '../support/program.ts';

let scene: Scene;
beforeEach(async () => {
  scene = await startScene();
});
afterEach(() => scene.close());

test('good and bad configs come and go under load', async () => {
  scene.upstream.reply('*', { delayMs: 20 });
  const over = new AbortController();
  const failures: string[] = [];
  const load = async (): Promise<number> => {
    let count = 0;
    while (!over.signal.aborted) {
      const answer = await chat(scene.url, { model: count % 2 ? 'alpha' : 'quorum/dual', stream: count % 3 === 0 });
      if (answer.status !== 200 || answer.text.includes('"error"')) failures.push(answer.text);
      count += 1;
    }
    return count;
  };
  const loads = Array.from({ length: 8 }, load);
  for (let round = 0; round < 5; round += 1) {
    const names = round % 2 ? ['alpha', 'beta', 'gamma'] : ['alpha', 'beta', 'gamma', `extra-${round}`];
    expect(await scene.quorum.reconfigure(scriptedConfig(scene.upstream, { names }))).toMatchObject({ ok: true });
    expect(await scene.quorum.reconfigure('models: { alpha: { provder: x } }')).toMatchObject({ ok: false });
    await scene.upstream.received(scene.upstream.requests.length + 8);
  }
  over.abort();
  const counts = await Promise.all(loads);
  expect(failures).toEqual([]);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(20);
});

test('a new model can be asked at once, a removed one no longer, a request under way keeps its own', async () => {
  scene.upstream.reply('gamma', { delayMs: 200 });
  const running = chat(scene.url, { model: 'gamma' });
  await scene.upstream.received(1);
  await scene.quorum.reconfigure(scriptedConfig(scene.upstream, { names: ['alpha', 'beta', 'delta'] }));
  expect((await running).status).toBe(200);
  expect((await chat(scene.url, { model: 'delta' })).status).toBe(200);
  expect((await chat(scene.url, { model: 'gamma' })).status).toBe(404);
  const ids = (await send(`${scene.url}/v1/models`)).json().data.map(({ id }) => id);
  expect(ids).toContain('delta');
  expect(ids).not.toContain('gamma');
});

test('each request sees one config, however many come while it is answered', async () => {
  scene.upstream.reply('*', { delayMs: 15 });
  const names = ['alpha', 'beta', 'gamma'];
  const generation = (nth: number) => {
    const config = scriptedConfig(scene.upstream, { names }) as { models: Record<string, object> };
    const models = Object.entries(config.models).map(([name, row]) => [name, { ...row, upstream_model: `gen-${nth}` }]);
    return { ...config, models: Object.fromEntries(models) as Record<string, object> };
  };
  const over = new AbortController();
  let asked = 0;
  const failures: string[] = [];
  const load = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const body = { model: 'quorum/triple', messages: [{ role: 'user', content: `Question ${asked++}?` }] };
      const answer = await chat(scene.url, { ...body, stream: asked % 2 === 0 });
      if (answer.status !== 200 || answer.text.includes('"error"')) failures.push(answer.text);
    }
  };
  const loads = Array.from({ length: 6 }, load);
  for (let nth = 1; nth <= 25; nth += 1) {
    expect(await scene.quorum.reconfigure(generation(nth))).toMatchObject({ ok: true, changed: true });
    await scene.upstream.received(scene.upstream.requests.length + 5);
  }
  over.abort();
  await Promise.all(loads);
  expect(failures).toEqual([]);
  const seen = new Map<string, Set<string>>();
  for (const { body } of scene.upstream.requests) {
    const { model, messages } = body as { model: string; messages: { content: string }[] };
    const question = messages[0]!.content;
    seen.set(question, (seen.get(question) ?? new Set()).add(model));
  }
  expect([...seen.values()].filter((models) => models.size > 1)).toEqual([]);
  expect(new Set([...seen.values()].flatMap((models) => [...models])).size).toBeGreaterThan(5);
});
