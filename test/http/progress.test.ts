// Streams of several models: progress while they work, then a proper stream; by comments, or by named events for who asks.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { chat, commentsOf, dataOf, open, startScene, type Body, type Fields, type Scene } from '../support/program.ts';

let scene: Scene;
beforeEach(async () => {
  scene = await startScene();
});
afterEach(() => scene.close());

interface Progress extends Fields {
  readonly seq: number;
  readonly stage: number;
  readonly type: string;
}

const isProgress = (each: Fields): each is Progress => 'seq' in each;

/** Named events, with what comes under each name. */
const namedIn = (text: string): readonly Progress[] =>
  [...text.matchAll(/^event: quorum\.progress\ndata: (.*)$/gm)].map((match) => JSON.parse(match[1]!) as Progress);

for (const model of ['quorum/dual', 'quorum/triple', 'quorum/cascade', 'quorum/council']) {
  test(`${model}: progress as comments, then chunks, the summary and [DONE]`, async () => {
    const { text, headers } = await chat(scene.url, { model, stream: true, stream_options: { include_usage: true } });
    const progress = commentsOf(text).filter(isProgress);
    expect(progress.map(({ seq }) => seq)).toEqual(progress.map((_, at) => at + 1));
    const stages = progress.map(({ stage }) => stage);
    expect(stages).toEqual(stages.toSorted((one, other) => one - other));
    expect(progress[0]).toMatchObject({ type: 'routed', at_ms: expect.any(Number) });
    expect(progress.some(({ type }) => type === 'answer')).toBe(true);
    expect(text).not.toContain('event:');
    const data = dataOf(text);
    expect(data.at(-1)).toBe('[DONE]');
    const chunks = data.slice(0, -1).map((each) => JSON.parse(each) as Body);
    for (const chunk of chunks) expect(chunk['object']).toBe('chat.completion.chunk');
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    expect(chunks[0]!.choices[0]!.delta).toMatchObject({ role: 'assistant' });
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: expect.any(Number) } });
    expect(chunks.flatMap(({ choices }) => choices).filter((choice) => choice.finish_reason !== null)).toHaveLength(1);
    expect(commentsOf(text).at(-1)).toMatchObject({ request_id: headers['x-request-id'] });
  });
}

test('named events for who asks, by header and by metadata', async () => {
  for (const [body, headers] of [
    [{}, { 'x-quorum-events': 'true' }],
    [{ metadata: { quorum_events: 'true' } }, {}],
  ] as const) {
    const { text } = await chat(scene.url, { model: 'quorum/dual', stream: true, ...body }, headers);
    const events = namedIn(text);
    expect(events.length).toBeGreaterThanOrEqual(5);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, at) => at + 1));
    expect(commentsOf(text).filter(isProgress)).toEqual([]);
    // Chat chunks never stand under a name: some clients would drop them.
    for (const block of text.split('\n\n').filter((each) => each.includes('chat.completion.chunk')))
      expect(block).not.toContain('event:');
    expect(dataOf(text).at(-1)).toBe('[DONE]');
  }
});

test('an event leaves when it happens, not with the answer', async () => {
  scene.upstream.reply('beta', { delayMs: 400 });
  const answer = await open(`${scene.url}/v1/chat/completions`, {
    body: { model: 'quorum/dual', stream: true, messages: [{ role: 'user', content: 'Is it so?' }] },
  });
  const seen: { readonly at: number; readonly text: string }[] = [];
  for await (const part of answer) seen.push({ at: performance.now(), text: (part as Buffer).toString() });
  const first = seen.find(({ text }) => text.includes('"type":"answer"'))!;
  const chunk = seen.find(({ text }) => text.includes('chat.completion.chunk'))!;
  expect(chunk.at - first.at).toBeGreaterThan(200);
});

test('a model that fails on the way is told as such', async () => {
  scene.upstream.reply('alpha', { status: 500 });
  const { text } = await chat(scene.url, { model: 'quorum/dual', stream: true });
  expect(commentsOf(text).find((each) => each['type'] === 'failed')).toMatchObject({ model: 'alpha' });
  expect(text).not.toContain(scene.upstream.url);
});
