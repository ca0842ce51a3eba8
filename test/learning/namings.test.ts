// What callers call their requests teaches which task those are that come without a name.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import type { Task } from '../../src/contract/index.ts';
import { createEvidence, createLearner, createMemoryLearningStore, EVIDENCE } from '../../src/learning/index.ts';
import { classify, compileTasks, featuresOf, traitsOf } from '../../src/routing/index.ts';
import { user } from '../routing/asking.ts';
import { OWN_TASKS } from '../routing/own-tasks.ts';
import { PROMPTS } from '../routing/prompts.ts';
import { catalogTasks } from '../support/catalog-tasks.ts';
import { chat, scriptedConfig, send, startQuorum } from '../support/program.ts';
import { startUpstream } from '../support/scripted-upstream.ts';
import { testModel, testSettings, testTask } from '../support/settings.ts';

const root = mkdtempSync(join(tmpdir(), 'quorum-namings-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The tasks stand in the config by their names alone. */
function scene(own: readonly string[]) {
  const tasks = new Map<string, Task>([...catalogTasks(), ...own.map((name) => [name, testTask({ name })] as const)]);
  const classifier = compileTasks(tasks);
  const store = createMemoryLearningStore();
  const begin = () =>
    createLearner({
      evidence: createEvidence(EVIDENCE, []),
      sums: { add: () => {} },
      store,
      model: () => testModel({ name: 'a' }),
      now: () => 0,
      onChange: () => {},
    });
  let learner = begin();
  let count = 0;
  const traits = (prompt: string) => traitsOf(featuresOf(user(prompt)), user(prompt));
  const voices = [{ model: 'a', quality: 0.7, camp: 0 }];
  return {
    name(prompt: string, task: string, tenant = 'alice', times = 1) {
      for (let nth = 0; nth < times; nth += 1)
        learner.ended({
          request: `r${(count += 1)}`,
          tenant,
          at: 0,
          task,
          facts: { task, kind: null, voices, factor: 1, tokenProbability: null },
          values: [],
          signals: [],
          confidence: null,
          traits: traits(prompt),
          named: true,
        });
      learner.catchUp();
    },
    restart: () => void (learner = begin()),
    guess(prompt: string, tenant = 'alice') {
      const features = featuresOf(user(prompt));
      const { namings } = learner.insight(features, () => traits(prompt), tenant, 0);
      const called = namings && { namings, traits: traits(prompt) };
      return classify(classifier, features, { task: null }, testSettings().routing, called);
    },
  };
}

describe('two tasks named fifty times each, in each of six languages', () => {
  const scenes = Object.entries(OWN_TASKS).map(([language, tasks]) => {
    const its = scene(Object.keys(tasks));
    const asked = Object.entries(tasks).flatMap(([name, lines]) => lines.asked.map((prompt) => ({ name, prompt })));
    const known = () => asked.filter(({ name, prompt }) => its.guess(prompt).task === name).length;
    const before = known();
    for (const [name, { taught }] of Object.entries(tasks)) for (const line of taught) its.name(line, name, 'alice', 5);
    const taken = PROMPTS[language.toLowerCase()]!.filter(([, prompt]) => its.guess(prompt).task in tasks);
    return { language, all: asked.length, before, known: known(), taken };
  });

  it('are known by more than half of the prompts that nobody named, by some in each language, by none before', () => {
    const sum = (pick: (one: (typeof scenes)[number]) => number): number =>
      scenes.reduce((total, one) => total + pick(one), 0);
    expect(sum(({ before }) => before)).toBe(0);
    expect(sum(({ known }) => known)).toBeGreaterThan(sum(({ all }) => all) / 2);
    for (const { known, language } of scenes) expect(known, language).toBeGreaterThan(1);
  });

  it('take little that is nobody’s', () => {
    for (const { taken, language } of scenes) expect(taken.length, language + JSON.stringify(taken)).toBeLessThan(3);
  });
});

describe('what callers call their requests', () => {
  const [billing, shipping] = ['My payment was declined, refund the invoice', 'The parcel has not arrived yet'];
  const asked = 'Refund this declined payment';

  it('counts from the tenth time on, of two tasks at least', () => {
    const { name, guess } = scene(['billing', 'shipping']);
    name(billing, 'billing', 'alice', 20);
    name(shipping, 'shipping', 'alice', 9);
    expect(guess(asked).task).not.toBe('billing');
    name(shipping, 'shipping');
    expect(guess(asked).task).toBe('billing');
  });

  it('is a tenant’s own', () => {
    const { name, guess } = scene(['billing', 'shipping']);
    name(billing, 'billing', 'alice', 10);
    name(shipping, 'shipping', 'alice', 10);
    expect(guess(asked, 'bob')).toEqual(scene(['billing', 'shipping']).guess(asked, 'bob'));
  });

  it('is known again after a start, and counts once', () => {
    const { name, guess, restart } = scene(['billing', 'shipping']);
    name(billing, 'billing', 'alice', 10);
    name(shipping, 'shipping', 'alice', 10);
    const before = guess(asked);
    restart();
    expect(guess(asked)).toEqual(before);
  });

  it('goes with the times, however much there is of it', () => {
    const { name, guess } = scene(['billing', 'shipping']);
    const many = (letter: string): string =>
      Array.from(
        { length: 400 },
        (_, nth) => letter + String(nth).replace(/\d/g, (digit) => 'abcdefghij'[+digit]!),
      ).join(' ');
    name(`zorkel flimmer ${many('x')}`, 'billing', 'alice', 300);
    name(`parcel arrived ${many('y')}`, 'shipping', 'alice', 300);
    expect(guess('zorkel flimmer').task).toBe('billing');
    name(`zorkel flimmer ${many('z')}`, 'shipping', 'alice', 3_000);
    name(`refund declined ${many('w')}`, 'billing', 'alice', 3_000);
    expect(guess('zorkel flimmer').task).toBe('shipping');
    expect(guess('refund declined').task).toBe('billing');
  });
});

it('through the program: named at one process, guessed at the other within seconds and after a restart', async () => {
  const upstream = await startUpstream();
  const config = scriptedConfig(upstream, {
    more: { storage: { url: `sqlite:${join(root, 'q.db')}` }, tasks: { billing: {}, shipping: {} } },
  });
  const [one, two] = [await startQuorum({ config }), await startQuorum({ config })];
  const ask = (content: string) => ({ model: 'alpha', messages: [{ role: 'user', content }] });
  const guess = async ({ url }: { readonly url: string }): Promise<unknown> => {
    const route = await send(`${url}/v1/route`, {
      method: 'POST',
      body: { ...ask('Refund this declined payment'), model: 'auto' },
    });
    return (JSON.parse(route.text) as { readonly decision: { readonly classification: { readonly task: string } } })
      .decision.classification.task;
  };
  try {
    expect(await guess(two)).not.toBe('billing');
    for (let nth = 0; nth < 10; nth += 1) {
      await chat(one.url, ask('My payment was declined, refund the invoice'), { 'x-quorum-task': 'billing' });
      await chat(one.url, ask('The parcel has not arrived yet'), { 'x-quorum-task': 'shipping' });
    }
    for (const each of [one, two])
      await vi.waitFor(async () => expect(await guess(each)).toBe('billing'), { timeout: 8_000, interval: 100 });
    await one.stop();
    const again = await startQuorum({ config });
    expect(await guess(again)).toBe('billing');
    await again.stop();
  } finally {
    await one.stop();
    await two.stop();
    await upstream.close();
  }
}, 30_000);
