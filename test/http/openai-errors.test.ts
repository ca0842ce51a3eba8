// Failures as the official client's classes, and its own retries.
import {
  APIError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
  UnprocessableEntityError,
  type OpenAI,
} from 'openai';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Script } from '../support/scripted-upstream.ts';
import {
  openaiAt,
  scriptedConfig,
  startQuorum,
  startScene,
  UPSTREAM_KEY,
  type Body,
  type Scene,
} from '../support/program.ts';

let scene: Scene;
let client: OpenAI;
beforeAll(async () => {
  scene = await startScene({ more: { server: { body_limit: '100kb' } } });
  client = openaiAt(scene.url);
});
afterAll(() => scene.close());

async function errorOf(model: string, script: Script | readonly Script[], using = client): Promise<APIError> {
  scene.upstream.reply('*', script);
  return using.chat.completions.create({ model, messages: [{ role: 'user', content: 'Is it so?' }] }).then(
    () => {
      throw new Error('it succeeded');
    },
    (thrown: unknown) => {
      if (thrown instanceof APIError) return thrown;
      throw thrown;
    },
  );
}

const attemptsOf = ({ error }: APIError) => (error as Body['error']).attempts;

const SAID = { message: 'The image is too small.', type: 'invalid_request_error', param: 'messages[0]', code: 'image' };

test('an upstream’s own 4xx comes with its status and body', async () => {
  for (const [status, kind] of [
    [400, BadRequestError],
    [404, NotFoundError],
    [413, APIError],
    [422, UnprocessableEntityError],
  ] as const) {
    const error = await errorOf('alpha', { status, error: SAID });
    expect(error, String(status)).toBeInstanceOf(kind);
    expect(error.error).toEqual(SAID);
    expect(error).toMatchObject({ status, code: 'image', param: 'messages[0]' });
    expect(error.requestID).toMatch(/^req_[0-9a-f]{32}$/);
  }
});

test('a key that the provider refuses is not the caller’s fault, and isn’t shown', async () => {
  const error = await errorOf('alpha', { status: 401, error: { message: `Incorrect API key: ${UPSTREAM_KEY}` } });
  expect(error).toBeInstanceOf(InternalServerError);
  expect(error).toMatchObject({ status: 502, code: 'upstream_error' });
  expect(JSON.stringify(error.error)).not.toContain(UPSTREAM_KEY);
});

test('a rate limit of the only model keeps its retry-after', async () => {
  const error = await errorOf('alpha', { status: 429, headers: { 'retry-after': '7' } });
  expect(error).toBeInstanceOf(RateLimitError);
  expect(error.headers!.get('retry-after')).toBe('7');
});

test('no upstream answers: 502 with what happened to each', async () => {
  const error = await errorOf('quorum/dual', { status: 500, error: { message: 'secret stack at /srv/app.js' } });
  expect(error).toBeInstanceOf(InternalServerError);
  expect(error).toMatchObject({ status: 502, code: 'upstream_error', type: 'server_error' });
  // A model that failed in the tests before may be left alone by now.
  const tried = new Set(attemptsOf(error).map(({ model }) => model));
  expect(tried.size).toBeGreaterThanOrEqual(2);
  expect(['alpha', 'beta', 'gamma']).toEqual(expect.arrayContaining([...tried]));
  expect(attemptsOf(error)[0]).toMatchObject({ status: 500, ms: expect.any(Number) });
  expect(JSON.stringify(error.error)).not.toContain('/srv/app.js');
});

test('Quorum’s own refusals are the classes that the client knows', async () => {
  const failing = async (body: object, headers: Record<string, string> = {}) =>
    client.chat.completions
      .create({ model: 'auto', messages: [{ role: 'user', content: 'hello' }], ...body } as never, { headers })
      .then(
        () => null,
        (thrown: unknown) => thrown,
      );
  expect(await failing({ messages: 'hello' })).toMatchObject({ status: 400, code: 'invalid_value', param: 'messages' });
  expect(await failing({ model: 'alhpa' })).toBeInstanceOf(NotFoundError);
  expect(await failing({ model: 'alhpa' })).toMatchObject({ code: 'model_not_found', param: 'model' });
  expect(String(await failing({ model: 'alhpa' }))).toContain('"alpha"');
  const tooLarge = await failing({ messages: [{ role: 'user', content: 'x'.repeat(200_000) }] });
  expect(tooLarge).toMatchObject({ status: 413, code: 'request_too_large' });
  expect(await failing({}, { 'x-quorum-strategy': 'guess' })).toMatchObject({
    status: 400,
    param: 'x-quorum-strategy',
  });
  expect(await failing({}, { 'x-quorum-cache': 'only' })).toMatchObject({ status: 504, code: 'cache_miss' });
});

test('a failure in the middle of a stream is thrown to the reader', async () => {
  scene.upstream.reply('*', { cut: 'mid-event', content: 'a b c d e f g h' });
  const stream = await client.chat.completions.create({
    model: 'alpha',
    messages: [{ role: 'user', content: 'Is it so?' }],
    stream: true,
  });
  let text = '';
  const reading = (async () => {
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
  })();
  await expect(reading).rejects.toMatchObject({ code: 'upstream_error' });
  expect('a b c d e f g h'.startsWith(text)).toBe(true);
  expect(text).not.toBe('');
});

test('the client’s own retries get through once the upstream has recovered', async () => {
  const patient = openaiAt(scene.url, { maxRetries: 2 });
  const before = scene.upstream.requests.length;
  scene.upstream.reply('*', [{ status: 429, headers: { 'retry-after-ms': '1' } }, { content: 'at last' }]);
  const answer = await patient.chat.completions.create({
    model: 'alpha',
    messages: [{ role: 'user', content: 'Is it so?' }],
  });
  expect(answer.choices[0]!.message.content).toBe('at last');
  expect(scene.upstream.requests.length - before).toBe(2);
});

test('what no retry can mend is not tried again', async () => {
  const patient = openaiAt(scene.url, { maxRetries: 3 });
  const before = scene.upstream.requests.length;
  expect(await errorOf('alpha', { status: 400, error: SAID }, patient)).toBeInstanceOf(BadRequestError);
  expect(scene.upstream.requests.length - before).toBe(1);
});

test('off loopback nobody gets in without a key', async () => {
  const adminKey = 'sk-admin-0123456789';
  const quorum = await startQuorum({
    config: scriptedConfig(scene.upstream, { more: { server: { host: '0.0.0.0', admin_key: adminKey } } }),
  });
  onTestFinished(() => quorum.stop());
  scene.upstream.reply('*', { content: 'welcome' });
  const ask = (apiKey: string) =>
    openaiAt(quorum.url, { apiKey }).chat.completions.create({
      model: 'alpha',
      messages: [{ role: 'user', content: 'Is it so?' }],
    });
  const error = await ask('sk-somebody-else').catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(AuthenticationError);
  expect(error).toMatchObject({ status: 401, code: 'invalid_api_key', type: 'invalid_request_error' });
  expect((await ask(adminKey)).choices[0]!.message.content).toBe('welcome');
});
