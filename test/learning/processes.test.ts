// Several processes on one store: each knows within seconds what the others have seen, and nothing counts twice.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, expect, it, vi } from 'vitest';
import {
  createEvidence,
  createLearner,
  createMemoryLearningStore,
  EVIDENCE,
  evidenceAt,
  type Evidence,
  type Outcome,
} from '../../src/learning/index.ts';
import { openStore } from '../../src/store/index.ts';
import { lessonOf } from '../store/fixtures.ts';
import { chat, scriptedConfig, send, startQuorum } from '../support/program.ts';
import { startUpstream } from '../support/scripted-upstream.ts';
import { testModel } from '../support/settings.ts';
import { simulatedClock } from '../support/simulated-clock.ts';

const root = mkdtempSync(join(tmpdir(), 'quorum-processes-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const DAY = 86_400_000;
/** None so bad that a change is suspected: what is then set aside depends on the order. */
const outcome: fc.Arbitrary<Outcome> = fc.record({
  tenant: fc.constantFrom('t1', 't2'),
  task: fc.constantFrom('math', 'code'),
  model: fc.constantFrom('a', 'b'),
  good: fc.double({ min: 0.6, max: 1, noNaN: true }),
  weight: fc.double({ min: 0, max: 1, noNaN: true }),
  at: fc.nat({ max: 30 * DAY }),
});
const step = fc.record({
  who: fc.constantFrom(0, 1),
  what: fc.oneof({ arbitrary: outcome, weight: 3 }, fc.constantFrom('writes', 'hears', 'takes back')),
});

const view = (evidence: Evidence, suffix: string): number[] =>
  ['a', 'b'].flatMap((name) =>
    ['math', 'code'].flatMap((task) =>
      ['t1', 't2', null].flatMap((tenant) => {
        const { quality, samples } = evidence.quality(
          testModel({ name: name + suffix, quality: 6 }),
          task,
          tenant,
          30 * DAY,
        );
        return [quality, samples];
      }),
    ),
  );

it('two processes that hear of each other know what one alone would know, whenever they write and hear', async () => {
  const clock = simulatedClock();
  const file = `sqlite:${join(root, 'sums.db')}`;
  const stores = [
    await openStore(file, clock, { decay: evidenceAt }),
    await openStore(file, clock, { decay: evidenceAt }),
  ];
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const suffix = `-${(run += 1)}`;
      const processes = await Promise.all(
        stores.map(async ({ evidence: store }) => ({ store, evidence: createEvidence(EVIDENCE, await store.load()) })),
      );
      const alone = createEvidence(EVIDENCE, []);
      const seen: Outcome[][] = [[], []];
      const hear = ({ store, evidence }: (typeof processes)[number]): void => evidence.replace(store.news());
      for (const { who, what } of steps) {
        const its = processes[who]!;
        if (what === 'writes') await its.store.flush();
        else if (what === 'hears') hear(its);
        else if (what === 'takes back') {
          const last = seen[who]!.pop();
          if (last === undefined) continue;
          alone.retract(last);
          its.store.add([its.evidence.retract(last)]);
        } else {
          const one = { ...what, model: what.model + suffix };
          seen[who]!.push(one);
          alone.observe(one);
          its.store.add(its.evidence.observe(one));
        }
      }
      for (const { store } of processes) await store.flush();
      for (const each of processes) hear(each);
      for (const { evidence } of processes)
        view(evidence, suffix).forEach((value, nth) => expect(value).toBeCloseTo(view(alone, suffix)[nth]!, 6));
    }),
    { numRuns: 100 },
  );
  for (const store of stores) await store.close();
}, 30_000);

it('thousands of verdicts of another process are studied some at a time, each of them once', () => {
  const store = createMemoryLearningStore();
  const learner = createLearner({
    evidence: createEvidence(EVIDENCE, []),
    sums: { add: () => undefined },
    store,
    model: (name) => testModel({ name, quality: 6 }),
    now: () => 0,
    onChange: () => undefined,
  });
  const studied = (): number => learner.calibration.report(null).verdicts;
  const COUNT = 1_000;
  for (let nth = 0; nth < COUNT; nth += 1) {
    const lesson = lessonOf(`r${nth}`, 0);
    const said = { request: lesson.request, tenant: lesson.tenant, at: 0, good: 1 };
    store.judge({ ...said, correction: null, kind: null, comment: null }, lesson);
  }
  for (let isMore = true; isMore;) {
    const before = studied();
    isMore = learner.catchUp();
    expect(studied() - before).toBeLessThanOrEqual(100);
  }
  expect(studied()).toBe(COUNT);
  expect(learner.catchUp()).toBe(false);
  expect(studied()).toBe(COUNT);
});

it('a verdict that one program hears moves the confidence in the other, once', async () => {
  const upstream = await startUpstream();
  const more = {
    server: { admin_key: 'sk-admin-secret-000' },
    storage: { url: `sqlite:${join(root, 'programs.db')}` },
  };
  const config = scriptedConfig(upstream, { more });
  const [one, two] = [await startQuorum({ config }), await startQuorum({ config })];
  const headers = { authorization: 'Bearer sk-admin-secret-000' };
  const samples = async ({ url }: { readonly url: string }, model: string): Promise<number> => {
    const list = await send(`${url}/admin/v1/confidence?model=${model}&task=math`, { headers });
    return (JSON.parse(list.text) as { readonly data: readonly { readonly samples: number }[] }).data[0]!.samples;
  };
  const judged = async ({ url }: { readonly url: string }, model: string): Promise<void> => {
    const body = { model, messages: [{ role: 'user', content: 'What is 7 * 30?' }] };
    const told = await chat(url, body, { ...headers, 'x-quorum-task': 'math' });
    const verdict = { request_id: told.headers['x-request-id'], correct: true };
    expect((await send(`${url}/v1/feedback`, { method: 'POST', body: verdict, headers })).status).toBe(200);
  };
  const both = (model: string, count: number): Promise<void> =>
    vi.waitFor(
      async () => {
        for (const each of [one, two]) expect(await samples(each, model)).toBeCloseTo(count, 2);
      },
      { timeout: 8_000, interval: 100 },
    );
  try {
    await judged(one, 'alpha');
    await judged(two, 'alpha');
    await judged(two, 'beta');
    await both('alpha', 2);
    await both('beta', 1);
    await judged(one, 'beta');
    await both('beta', 2);
    await both('alpha', 2);
  } finally {
    await one.stop();
    await two.stop();
    await upstream.close();
  }
}, 30_000);
