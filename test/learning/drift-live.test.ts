// A model that silently gets worse, in the running program: it is left within 100 requests, and the log and the history say why.
import { expect, onTestFinished, test } from 'vitest';
import { chat, send, startQuorum, type Fields } from '../support/program.ts';

const ADMIN = 'sk-admin-secret-000';
const headers = { authorization: `Bearer ${ADMIN}` };
const RIVALS = ['sandbox-sage', 'sandbox-scholar'];
const fast = { first_token: '1ms', tokens_per_second: 1_000_000 };
const configOf = (models: Readonly<Record<string, object>>) => ({
  server: { admin_key: ADMIN },
  sandbox: { enabled: true, models: { '*': fast, ...models } },
  tiers: { balanced: { models: RIVALS, chairman: RIVALS[0] } },
  default_tier: 'balanced',
  routing: { explore: 0, strategy: 'single' },
  cache: false,
});

test('a simulated model made worse by a reload is left within 100 requests', { timeout: 120_000 }, async () => {
  const quorum = await startQuorum({ config: configOf({}) });
  onTestFinished(() => quorum.stop());
  let asked = 0;
  /** Which model answered; its answer gets a verdict, as from a user who knows. */
  async function ask(): Promise<string> {
    asked += 1;
    const [one, other] = [11 + (asked % 83), 12 + ((asked * 7) % 79)];
    const content = `What is ${one} * ${other}? Answer with the number only.`;
    const answer = await chat(quorum.url, { model: 'auto', messages: [{ role: 'user', content }] }, headers);
    const correct = answer
      .json()
      .choices[0]!.message.content.replaceAll(',', '')
      .includes(String(one * other));
    const body = { request_id: answer.headers['x-request-id'], correct };
    await send(`${quorum.url}/v1/feedback`, { body, headers });
    return String(answer.headers['x-quorum-model']);
  }

  let favourite = '';
  for (let nth = 0; nth < 150; nth += 1) favourite = await ask();
  const rival = RIVALS.find((model) => model !== favourite)!;
  const bad = { accuracy: { arithmetic: 0.4 } };
  expect(await quorum.reconfigure(configOf({ [favourite]: bad }))).toMatchObject({ ok: true });

  let last = 0;
  for (let nth = 1; nth <= 140; nth += 1) if ((await ask()) === favourite) last = nth;
  expect(last).toBeLessThan(100);
  expect(await ask()).toBe(rival);

  const history = (await send(`${quorum.url}/admin/v1/confidence/history?model=${favourite}`, { headers })).json();
  const [latest] = history.data as readonly Fields[];
  expect(latest).toMatchObject({ model: favourite, why: expect.stringContaining('worse') });
  expect(latest!['after'] as number).toBeLessThan(latest!['before'] as number);
  const told = quorum.logs
    .map((line) => JSON.parse(line) as Fields)
    .filter(({ message }) => message === 'confidence changed');
  expect(told).toContainEqual(
    expect.objectContaining({
      model: favourite,
      why: latest!['why'],
      before: expect.any(Number),
      after: expect.any(Number),
    }),
  );
  const alarm = (history.data as readonly Fields[]).some(({ why }) => String(why).startsWith('suddenly worse'));
  expect(alarm).toBe(true);
});
