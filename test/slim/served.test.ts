// Slimming as a client, an upstream and an operator see it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chat, send, startScene, type Fields, type Scene } from '../support/program.ts';

const SYSTEM =
  'Please note that you   must answer in French.\n\n\n\n\nIn order to be useful, give a source for each and every claim.';
const SLIM = 'Answer in French.\n\nTo be useful, give a source for every claim.';
const WORDY = [
  { role: 'system', content: SYSTEM },
  { role: 'user', content: 'Please   note   this' },
];

let scene: Scene;

beforeAll(async () => {
  scene = await startScene({ more: { routing: { explore: 0, slim: true }, tasks: { creative: { slim: false } } } });
});
afterAll(() => scene.close());

const last = (): Fields => scene.upstream.requests.at(-1)!.body as Fields;

describe('a slimmed request', () => {
  it('reaches the upstream shorter, the user’s words to the letter', async () => {
    const answer = await chat(scene.url, { messages: WORDY });
    expect(answer.status).toBe(200);
    expect(last()['messages']).toEqual([{ role: 'system', content: SLIM }, WORDY[1]]);
  });

  it('goes out as a stream just so', async () => {
    await chat(scene.url, { messages: WORDY, stream: true });
    expect(last()['messages']).toEqual([{ role: 'system', content: SLIM }, WORDY[1]]);
  });

  it('says what it saved in the body for who asks, in the record and in the metrics', async () => {
    const answer = await chat(scene.url, { messages: WORDY }, { 'x-quorum-debug': 'true' });
    const { slimmed, request_id: id } = answer.json().quorum as { slimmed: Fields; request_id: string };
    expect(slimmed['characters']).toBe(SYSTEM.length - SLIM.length);
    expect(slimmed['tokens']).toBeGreaterThan(5);
    const record = await send(`${scene.url}/v1/requests/${id}`);
    expect((record.json() as Fields)['slimmed']).toEqual(slimmed);
    const metrics = await send(`${scene.url}/metrics`);
    expect(Number(/^quorum_slimmed_tokens_total (\S+)/m.exec(metrics.text)?.[1])).toBeGreaterThan(15);
  });

  it('a task may say otherwise', async () => {
    await chat(scene.url, { messages: WORDY }, { 'x-quorum-task': 'creative' });
    expect(last()['messages']).toEqual(WORDY);
  });
});

it('is off unless it is asked for', async () => {
  const plain = await startScene();
  try {
    const answer = await chat(plain.url, { messages: WORDY }, { 'x-quorum-debug': 'true' });
    expect((plain.upstream.requests.at(-1)!.body as Fields)['messages']).toEqual(WORDY);
    expect(answer.json().quorum).not.toHaveProperty('slimmed');
  } finally {
    await plain.close();
  }
});
