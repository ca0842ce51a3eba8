// `quorum replay`: recorded answers run through a policy, and what another policy would have done on recorded requests.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { runReplay, type ReplayArguments } from '../../src/cli/replay.ts';
import { estimatesOf, refusalOf } from '../../src/learning/index.ts';
import { systemClock } from '../../src/main.ts';
import { chat, send, startScene } from '../support/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'quorum-replay-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function written(name: string, content: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

async function replay(given: Partial<ReplayArguments>): Promise<{ code: number; text: string }> {
  let text = '';
  const code = await runReplay({
    env: {},
    clock: systemClock,
    isTerminal: false,
    write: (part) => void (text += part),
    ...given,
  });
  return { code, text };
}

/** "small" is cheap and wrong at every third, "large <1>" dear and always right. */
const rows = Array.from({ length: 90 }, (_, nth) => {
  const answer = (correct: number, cost: number) => ({
    content: String(correct === 1 ? nth : nth + 1),
    correct,
    cost_usd: cost,
    prompt_tokens: 40,
    completion_tokens: 10,
    latency_s: cost * 1_000,
  });
  return {
    id: `row-${nth}`,
    request: { messages: [{ role: 'user', content: `Add ${nth} and 0.` }] },
    answers: { small: answer(nth % 3 === 0 ? 0 : 1, 0.0001), 'large <1>': answer(1, 0.002) },
  };
});
const answered = (answer: string): string =>
  `{"request":{"messages":[{"role":"user","content":"x"}]},"answers":{"a":{${answer}}}}`;
const lines = rows.map((row) => JSON.stringify(row)).join('\n');
const dataset = written('made.jsonl', lines);

interface Run {
  readonly name: string;
  readonly kind: 'policy' | 'model';
  readonly accuracy: number;
  readonly costUsd: number;
  readonly latencyS: number;
}
const runsOf = async (given: Partial<ReplayArguments>): Promise<readonly Run[]> =>
  (JSON.parse((await replay({ json: true, ...given })).text) as { readonly runs: readonly Run[] }).runs;

describe('a file of recorded answers', () => {
  it('gives each model’s own figures, and the policy’s without and with feedback', async () => {
    const runs = await runsOf({ dataset, feedback: '1' });
    expect(runs.map(({ name, kind }) => [name, kind])).toEqual([
      ['policy, no feedback', 'policy'],
      ['policy, feedback on 100 %', 'policy'],
      ['small', 'model'],
      ['large <1>', 'model'],
    ]);
    expect(runs[2]!.accuracy).toBeCloseTo(2 / 3, 9);
    expect(runs[3]).toMatchObject({ accuracy: 1, costUsd: expect.closeTo(0.002, 9), latencyS: expect.closeTo(2, 9) });
    expect(runs[1]!.accuracy).toBeGreaterThan(runs[0]!.accuracy);
  });

  it('says the same of the same seed, of a packed file, and once without any feedback', async () => {
    const runs = await runsOf({ dataset, seed: '7' });
    expect(await runsOf({ dataset: written('made.jsonl.gz', gzipSync(lines)), seed: '7' })).toEqual(runs);
    expect((await runsOf({ dataset, feedback: '0' })).filter(({ kind }) => kind === 'policy')).toHaveLength(1);
  });

  it('runs a policy file over the models that it shares with the rows', async () => {
    const model = 'provider: here, price: 1/2, quality: 7';
    const policy = written(
      'policy.yaml',
      `providers: { here: { base_url: "http://127.0.0.1:9/v1", api_key: x } }\nmodels: { small: { ${model} } }\nrouting: { strategy: single, explore: 0 }\n`,
    );
    const [alone] = await runsOf({ dataset, policy });
    expect(alone!.accuracy).toBeCloseTo(2 / 3, 9);
    const stranger = written('stranger.jsonl', '{"prompt":"x","correct":{"unheard-of":1}}');
    await expect(replay({ dataset: stranger, policy })).rejects.toThrow(
      'none of the models in the dataset: unheard-of',
    );
  });

  it('shows a table, and draws all of it inside the picture', async () => {
    const svg = join(folder, 'frontier.svg');
    const { code, text } = await replay({ dataset, svg, limit: '30' });
    expect(code).toBe(0);
    expect(text).toMatch(/^small +66\.67 % +\$0\.100 +1\.00 +0\.10 s$/m);
    const picture = readFileSync(svg, 'utf8');
    expect(picture).toContain('>large &#60;1&#62;</text>');
    expect(picture.match(/<circle /g)).toHaveLength(4);
  });

  it('says nothing of times where the rows don’t, and asks one model where they hold no answers', async () => {
    const bare = rows.map(({ request }, nth) =>
      JSON.stringify({ prompt: request.messages[0]!.content, correct: { weak: nth % 3 === 0 ? 0 : 1, strong: 1 } }),
    );
    const { text } = await replay({ dataset: written('bare.jsonl', bare.join('\n')) });
    expect(text).toMatch(/^policy, no feedback .* 1\.00 +–$/m);
    expect(text).toMatch(/^strong +100\.00 % .*–$/m);
    expect(text).toContain('went to one model each');
  });

  it.each([
    ['null', /line 1: a row has/],
    ['{"prompt":"x"}', /line 1: a row has/],
    ['{"request":{},"answers":{"a":{"correct":1}}}', /"messages"/],
    ['{"request":{"messages":["x"]},"answers":{"a":{"correct":1}}}', /"messages"/],
    ['{"request":{"messages":[{"role":"user","content":"x"}]},"answers":{}}', /no model has answered/],
    ['{"request":{"messages":[{"role":"user","content":"x"}]},"answers":{"a":null}}', /"correct" of a is a number/],
    ['{"prompt":"x","correct":{"a":"yes"}}', /"correct" of a is a number/],
    ['{"request":{"messages":[{"role":5}]},"answers":{"a":{"content":"b","correct":1}}}', /messages\[0\]/],
    [answered('"content":5,"correct":1'), /line 1: "content" of a is a text/],
    [answered('"content":"5","correct":true'), /line 1: "correct" of a is a number from 0 to 1/],
    [answered('"content":"5","correct":1,"cost_usd":"x"'), /"cost_usd" of a is a number of at least 0/],
    [answered('"tool_calls":"x","correct":1'), /"tool_calls" of a is a list of calls/],
    [answered('"tool_calls":[{"name":1}],"correct":1'), /"tool_calls.0.name" of a is a text/],
    ['', /holds no rows/],
  ])('refuses %s in words', async (line, sentence) => {
    await expect(replay({ dataset: written('bad.jsonl', line) })).rejects.toThrow(sentence);
  });

  it.each([
    [{ feedback: '5' }, '--feedback 5: a share from 0 to 1'],
    [{ feedback: 'x' }, '--feedback x: a share from 0 to 1'],
    [{ limit: '1.5' }, '--limit 1.5: a whole number'],
    [{ seed: 'x' }, '--seed x: a whole number'],
    [{ grader: 'gone.mjs' }, '--grader gone.mjs: there is no such file'],
    [{ svg: '/nowhere/at/all.svg' }, '--svg /nowhere/at/all.svg: there is no folder /nowhere/at'],
    [{ svg: tmpdir() }, 'that is a folder'],
    [{ since: '3d' }, '--since says nothing together with --dataset'],
    [{ corrections: true }, '--corrections says nothing together with --dataset'],
    [{ live: true }, '--live says nothing together with --dataset'],
    [{ dataset: undefined, policy: 'x.yaml', limit: '3' }, '--limit says nothing together with --policy'],
    [
      { dataset: undefined, corrections: true, live: true, svg: 'x.svg' },
      '--svg says nothing together with --corrections --live',
    ],
  ])('refuses %o', async (given, sentence) => {
    await expect(replay({ dataset, ...given })).rejects.toThrow(sentence);
  });

  it('refuses what isn’t a file, and what isn’t gzip', async () => {
    await expect(replay({ dataset: folder })).rejects.toThrow(`There is no file ${folder}`);
    await expect(replay({ dataset: written('bad.jsonl.gz', lines) })).rejects.toThrow("can't be unpacked as gzip");
  });
});

describe('off-policy estimates', () => {
  it('are what the formulas say, worked out by hand', () => {
    const one = { expected: 0.5, expectedOfTarget: 0.6 };
    const told = estimatesOf([
      { ...one, propensity: 0.5, target: 1, reward: 1 },
      { ...one, propensity: 0.5, target: 0, reward: 0 },
      { ...one, propensity: 0.25, target: 0.25, reward: 0 },
      { ...one, propensity: 1, target: 1, reward: 1 },
    ]);
    expect([told.records, told.matched]).toEqual([4, 3]);
    expect(told.effective).toBeCloseTo(16 / 6, 9);
    expect(told.recorded.value).toBeCloseTo(0.5, 9);
    expect(told.ips.value).toBeCloseTo(3 / 4, 9);
    expect(told.snips.value).toBeCloseTo(3 / 4, 9);
    expect(told.doublyRobust.value).toBeCloseTo(0.6 + (1 - 0.5 + 0.5) / 4, 9);
    // Deviations of w·r = 2, 0, 0, 1 from 0.75: squares sum to 2.75.
    expect(told.ips.to - told.ips.value).toBeCloseTo(1.96 * Math.sqrt(2.75 / 12), 9);
    expect(refusalOf(told)).toContain('2.7 of the other policy');
  });
});

describe('recorded requests', () => {
  it('another policy is estimated where it overlaps with what was done, and refused where it doesn’t', async () => {
    const scene = await startScene({ more: { routing: { explore: 0, strategy: 'single' } } });
    try {
      for (let nth = 0; nth < 40; nth += 1) {
        const { headers } = await chat(scene.url, {
          model: 'auto',
          messages: [{ role: 'user', content: `Is ${nth} odd?` }],
        });
        const body = { request_id: headers['x-request-id'], correct: nth % 4 !== 0 };
        expect((await send(`${scene.url}/v1/feedback`, { method: 'POST', body })).status).toBe(200);
      }
      const { file } = scene.quorum.config;
      interface Told {
        readonly records: number;
        readonly judged: number;
        readonly accuracy: Readonly<Record<string, { readonly value: number; readonly from: number }>>;
        readonly costUsd: Readonly<Record<string, { readonly value: number }>>;
      }
      const told = async (): Promise<Told> =>
        JSON.parse((await replay({ config: file, policy: file, json: true, since: '1h' })).text) as Told;
      await expect.poll(async () => (await told()).judged, { timeout: 10_000, interval: 50 }).toBe(40);
      const { accuracy, costUsd } = await told();
      expect(accuracy['recorded']!.value).toBeCloseTo(0.75, 9);
      expect(accuracy['snips']!.value).toBeGreaterThan(0.6);
      expect(accuracy['snips']!.from).toBeLessThan(accuracy['snips']!.value);
      const was = costUsd['recorded']!.value;
      expect(costUsd['doublyRobust']!.value / was, 'dollars as they were, not as foreseen').toBeGreaterThan(0.5);
      expect(costUsd['doublyRobust']!.value / was).toBeLessThan(2);
      const svg = join(folder, 'what-if.svg');
      const { text } = await replay({ config: file, policy: file, svg });
      expect(text).toMatch(/^accuracy +75\.00 % \[/m);
      expect(text).toContain(`are in ${svg}`);
      expect(readFileSync(svg, 'utf8').match(/<circle /g), 'what was and what would have been').toHaveLength(2);

      const other = written('other.yaml', readFileSync(file, 'utf8').replace('"single"', '"triple"'));
      const refused = await replay({ config: file, policy: other });
      expect(refused.code).toBe(1);
      expect(refused.text).toContain("can't be told");
      expect(refused.text).toContain('nothing that the other policy would do was ever done');
    } finally {
      await scene.close();
    }
  }, 30_000);
});
