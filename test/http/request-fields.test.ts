// Every field of a chat request, through one model and through several: it goes on as it is, and what comes back means what it meant.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { chat, dataOf, startScene, type Fields, type Heard, type Scene } from '../support/program.ts';

let scene: Scene;
beforeEach(async () => {
  scene = await startScene();
});
afterEach(() => scene.close());

const PARTS = [
  { type: 'text', text: 'What is it?', cache_control: { type: 'ephemeral' } },
  { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=', detail: 'low' } },
  { type: 'file', file: { file_id: 'file-1' } },
];
const FIELDS: Fields = {
  messages: [
    { role: 'developer', content: 'Be brief.', name: 'house' },
    { role: 'user', content: PARTS },
    {
      role: 'assistant',
      content: null,
      reasoning_content: 'It may be a dot.',
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'look', arguments: '{}' } }],
    },
    { role: 'tool', tool_call_id: 'call_1', content: 'a dot' },
  ],
  frequency_penalty: 0.1,
  presence_penalty: -0.2,
  logit_bias: { '50256': -100 },
  max_completion_tokens: 99,
  parallel_tool_calls: false,
  prediction: { type: 'content', content: 'a dot' },
  prompt_cache_key: 'k',
  reasoning_effort: 'low',
  safety_identifier: 's',
  seed: 7,
  service_tier: 'flex',
  stop: ['\n', 'END'],
  store: true,
  temperature: 0.3,
  tool_choice: 'auto',
  tools: [{ type: 'function', function: { name: 'look', strict: true, parameters: { type: 'object' } } }],
  top_p: 0.9,
  user: 'u',
  verbosity: 'low',
  web_search_options: { search_context_size: 'low' },
  metadata: { mine: 'yes' },
  x_unknown: { deep: [null, { a: 1 }] },
};

test.each(['alpha', 'auto', 'quorum/dual', 'quorum/triple', 'quorum/cascade', 'quorum/council'])(
  'all of them go on, by %s',
  async (model) => {
    for (const stream of [false, true]) {
      const from = scene.upstream.requests.length;
      expect((await chat(scene.url, { ...FIELDS, model, stream })).status).toBe(200);
      const bodies = scene.upstream.requests.slice(from).map(({ body }) => body as Fields);
      // Judges and chairmen are asked something else.
      const asked = bodies.filter((body) => JSON.stringify(body['messages']) === JSON.stringify(FIELDS['messages']));
      expect(asked.length).toBeGreaterThan(0);
      for (const { model: name, stream: _, stream_options: __, ...rest } of asked) {
        expect(['alpha', 'beta', 'gamma']).toContain(name);
        expect(rest).toEqual(FIELDS);
      }
    }
  },
);

const said = (message: Fields, finish_reason = 'stop', more: Fields = {}): { readonly body: unknown } => ({
  body: {
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content: null, ...message }, finish_reason }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
    ...more,
  },
});
const messageOf = (answer: Heard): Fields => answer.json().choices[0]!.message;

const custom = (input: string): Fields => ({ id: 'call_1', type: 'custom', custom: { name: 'run', input } });

test('calls of custom tools, and of kinds nobody knows yet, come back as they were made', async () => {
  const tools = [{ type: 'custom', custom: { name: 'run' } }];
  for (const model of ['alpha', 'quorum/dual', 'quorum/triple', 'quorum/cascade', 'quorum/council']) {
    for (const calls of [[custom('print(1)')], [{ id: 'c', type: 'lookup', lookup: { at: 5 } }]]) {
      for (const usage of [null, { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }]) {
        const message = { role: 'assistant', content: null, tool_calls: calls };
        const choices = [{ index: 0, message, finish_reason: 'tool_calls' }];
        scene.upstream.reply('*', { body: { id: 'x', choices, ...(usage && { usage }) } });
        const answer = await chat(scene.url, { model, tools });
        expect([model, answer.status]).toEqual([model, 200]);
        expect(answer.json().choices[0]!.message).toMatchObject({ tool_calls: calls });
      }
    }
  }
  const said = (input: string) => ({
    body: { id: 'x', choices: [{ index: 0, message: { content: null, tool_calls: [custom(input)] } }] },
  });
  scene.upstream.reply('alpha', said('print(2)'));
  for (const name of ['beta', 'gamma']) scene.upstream.reply(name, said('print(1)'));
  const voted = await chat(scene.url, { model: 'quorum/triple', tools });
  expect(voted.json().choices[0]!.message).toMatchObject({ tool_calls: [custom('print(1)')] });
  expect(voted.headers).not.toHaveProperty('x-quorum-flags');
});

describe('what several models answer', () => {
  test('functions of old are compared, and come back as such', async () => {
    const functions = [{ name: 'f', parameters: { type: 'object', properties: { a: { type: 'number' } } } }];
    for (const [model, a] of [
      ['alpha', 1],
      ['beta', 2],
      ['gamma', 2],
    ] as const)
      // prettier-ignore
      scene.upstream.reply(
        model,
        said({ function_call: { name: 'f', arguments: JSON.stringify({ a }) } }, 'function_call'),
      );
    for (const model of ['quorum/dual', 'quorum/triple']) {
      const answer = await chat(scene.url, { model, functions });
      expect(messageOf(answer)).toMatchObject({ function_call: { name: 'f', arguments: '{"a":2}' } });
      expect(messageOf(answer)).not.toHaveProperty('tool_calls');
      expect(answer.json().choices[0]!.finish_reason).toBe('function_call');
      expect(Number(answer.headers['x-quorum-agreement'])).toBeLessThan(1);
    }
    const streamed = await chat(scene.url, { model: 'quorum/triple', functions, stream: true });
    expect(streamed.text).toContain('"function_call"');
    expect(streamed.text).not.toContain('"tool_calls"');
  });

  test('reasoning, refusals and unknown fields stay with the answer, whole and streamed', async () => {
    scene.upstream.reply('*', said({ content: '42', reasoning_content: 'six times seven', x_note: { a: 1 } }));
    const whole = messageOf(await chat(scene.url, { model: 'quorum/dual' }));
    expect(whole).toMatchObject({ content: '42', reasoning_content: 'six times seven', x_note: { a: 1 } });
    const deltas = dataOf((await chat(scene.url, { model: 'quorum/dual', stream: true })).text);
    const thought = deltas.flatMap((data) => /"reasoning_content":"([^"]*)"/.exec(data)?.[1] ?? []);
    expect(thought.join('')).toBe('six times seven');
    expect(deltas.join('')).toContain('"x_note":{"a":1}');
    scene.upstream.reply('*', said({ refusal: 'I would rather not.' }));
    expect(messageOf(await chat(scene.url, { model: 'quorum/dual' }))).toMatchObject({
      refusal: 'I would rather not.',
    });
  });

  test('sound is one model’s, asked for or sent', async () => {
    scene.upstream.reply('*', said({ audio: { id: 'a', data: 'AAAA', transcript: 'hi' } }));
    const sent = [{ role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }] }];
    for (const body of [
      { modalities: ['text', 'audio'], audio: { voice: 'alloy', format: 'wav' } },
      { messages: sent },
    ]) {
      const answer = await chat(scene.url, { model: 'auto', ...body });
      expect([answer.headers['x-quorum-strategy'], messageOf(answer)]).toEqual([
        'single',
        expect.objectContaining({ audio: { id: 'a', data: 'AAAA', transcript: 'hi' } }),
      ]);
      expect(scene.upstream.requests.at(-1)!.body).toMatchObject(body);
    }
  });
});

test('usage comes at the end of a stream for who asks, and for nobody else', async () => {
  for (const model of ['alpha', 'quorum/dual'])
    for (const options of [undefined, { include_usage: false }, { include_usage: true }]) {
      const { text } = await chat(scene.url, { model, stream: true, stream_options: options });
      const last = JSON.parse(dataOf(text).at(-2)!) as Fields;
      const wanted = options?.include_usage === true;
      expect([model, options, (last['choices'] as unknown[]).length]).toEqual([model, options, wanted ? 0 : 1]);
      expect(dataOf(text).filter((data) => data.includes('"total_tokens"'))).toHaveLength(wanted ? 1 : 0);
      // The upstream is asked either way: what it costs is told there.
      expect(scene.upstream.requests.at(-1)!.body).toMatchObject(
        model === 'alpha' ? { stream_options: { include_usage: true } } : {},
      );
    }
});
