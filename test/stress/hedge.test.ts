// A stream that is silent for too long gets a rival, over the whole program.
import { afterEach, expect, it } from 'vitest';
import { chat, dataOf, startScene, type Scene } from '../support/program.ts';

let scene: Scene;
afterEach(() => scene.close());

const SINGLE = { 'x-quorum-strategy': 'single' };
let asked = 0;
/** Each another question: one that is asked again and again speaks against its model. */
const stream = () => {
  const messages = [{ role: 'user', content: `Is ${(asked += 7)} a number?` }];
  return chat(scene.url, { model: 'auto', stream: true, messages }, SINGLE);
};

/** Until a rival is affordable: on a busy machine some of these streams get one themselves, and each costs as much as twenty streams save. */
async function warmUp(): Promise<void> {
  const affordable = (): number => {
    const { requests } = scene.upstream;
    return requests.length / 20 - requests.filter(({ model }) => model === 'beta').length;
  };
  for (let turn = 0; turn < 4; turn++) await Promise.all(Array.from({ length: 8 }, stream));
  while (affordable() < 1.5) await stream();
}

it('the rival is heard, the silent one is let go, and both are on the record', async () => {
  scene = await startScene({ more: { routing: { explore: 0, hedge: true } } });
  await warmUp();
  scene.upstream.reply('alpha', { stall: true });
  const answer = await stream();
  expect(answer.status).toBe(200);
  expect(dataOf(answer.text).at(-1)).toBe('[DONE]');
  const [cut] = await scene.upstream.aborted(1);
  expect(cut!.model).toBe('alpha');
  const id = answer.headers['x-request-id'] as string;
  const record = (await (await fetch(`${scene.url}/v1/requests/${id}`)).json()) as {
    attempts: { model: string; outcome: string }[];
    models: string[];
  };
  expect(record.models).toEqual(['beta']);
  expect(
    record.attempts.map(({ model, outcome }) => [model, outcome]).sort(([one], [other]) => one!.localeCompare(other!)),
  ).toEqual([
    ['alpha', 'aborted'],
    ['beta', 'ok'],
  ]);
});

it('nothing of the kind happens unless it is asked for', async () => {
  scene = await startScene();
  await warmUp();
  scene.upstream.reply('alpha', { delayMs: 400 });
  await stream();
  expect(scene.upstream.requests.filter(({ model }) => model === 'beta')).toHaveLength(0);
});
