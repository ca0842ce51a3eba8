// Corrected answers are tests that can be tried again: on what was answered then, as a file, and of the program that runs. Only where the key lets prompts be kept.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readDataset } from '../../src/cli/replay/dataset.ts';
import { runReplay, type ReplayArguments } from '../../src/cli/replay.ts';
import { runExport } from '../../src/cli/report-performance.ts';
import { systemClock } from '../../src/main.ts';
import { bearer, openOffice, type Office } from '../http-admin/office.ts';
import { send } from '../support/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'quorum-corrections-'));
let office: Office;
const messages = [{ role: 'user', content: 'What is 17 * 3? Answer with the number alone.' }];
beforeAll(async () => {
  office = await openOffice();
  const [open, closed] = [await office.key({ name: 'open', log_content: true }), await office.key({ name: 'closed' })];
  for (const { secret } of [open, closed]) {
    for (const [model, content] of Object.entries({ alpha: '52', beta: '51', gamma: '52' }))
      office.upstream.reply(model, { content });
    const { headers } = await office.chat(secret, { model: 'quorum/triple', messages });
    const body = { request_id: headers['x-request-id'], correction: '51' };
    expect((await send(`${office.url}/v1/feedback`, { body, headers: bearer(secret) })).json()['correct']).toBe(false);
    // A verdict without a correction keeps nothing.
    const judged = await office.chat(secret, { model: 'alpha', messages: [{ role: 'user', content: 'Say yes.' }] });
    await send(`${office.url}/v1/feedback`, {
      body: { request_id: judged.headers['x-request-id'], correct: true },
      headers: bearer(secret),
    });
  }
});
afterAll(async () => {
  await office.close();
  rmSync(folder, { recursive: true, force: true });
});

async function replay(given: Partial<ReplayArguments>): Promise<{ code: number; text: string }> {
  let text = '';
  const code = await runReplay({
    corrections: true,
    config: office.quorum.config.file ?? undefined,
    port: new URL(office.url).port,
    env: {},
    clock: systemClock,
    isTerminal: false,
    write: (part) => void (text += part),
    ...given,
  });
  return { code, text };
}

it('on the answers of then: what each model would have got right, and what the router makes of them', async () => {
  const { code, text } = await replay({});
  expect(code).toBe(0);
  expect(text).toContain('1 corrections are left out: their prompts weren');
  expect(text).toMatch(/beta +100\.00 %/);
  expect(text).toMatch(/alpha +0\.00 %/);
});

it('as a file that a replay reads', async () => {
  let lines = '';
  const given = { config: office.quorum.config.file ?? undefined, env: {}, clock: systemClock };
  expect(await runExport({ ...given, rows: 'corrections', write: (text) => void (lines += text) })).toBe(0);
  const file = join(folder, 'corrections.jsonl');
  writeFileSync(file, lines);
  const [row, ...none] = readDataset(file);
  expect(none).toEqual([]);
  expect(row!.request.messages).toEqual(messages);
  expect(row!.source['gold']).toBe('51');
  expect(row!.answers.get('beta')).toMatchObject({ correct: 1 });
});

it('asked again of the program that runs: it fails while an answer is wrong, and is no new correction', async () => {
  office.upstream.reply('alpha', { content: '52' });
  office.upstream.reply('beta', { content: '52' });
  const wrong = await replay({ live: true });
  expect(wrong.code).toBe(1);
  expect(wrong.text).toMatch(/WRONG.*\n\n0 of 1 are right now/);
  for (const model of ['alpha', 'beta', 'gamma']) office.upstream.reply(model, { content: '51' });
  const right = JSON.parse((await replay({ live: true, json: true })).text) as Record<string, unknown>;
  expect(right).toMatchObject({ corrections: 1, right: 1 });
});
