// The council's laws, in simulated time.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../src/contract/index.ts';
import { borda, enoughRankings, readRanking } from '../../src/strategy/ranking.ts';
import { progressOf, testPath, type Heard } from '../support/path.ts';
import { testSettings } from '../support/settings.ts';
import type { SimulatedModel } from '../support/simulated-models.ts';

const MEMBERS = ['birch-mini', 'cedar-flash', 'dahlia-pro', 'elm-large'];
const ESSAY = { messages: [{ role: 'user', content: 'Write a short essay on rivers and what they mean for cities.' }] };
const COUNCIL = { wishes: { strategy: 'council' } } as const;

const isRanking = (request: ChatRequest): boolean =>
  JSON.stringify(request.response_format ?? {}).includes('quorum_ranking');
const isChairing = (request: ChatRequest): boolean => lastText(request).includes('drafts');
const lastText = (request: ChatRequest): string => request.messages.at(-1)!.content as string;
const labelsIn = (request: ChatRequest): string[] =>
  [...lastText(request).matchAll(/<<\w+ answer (\w+)/g)].map((match) => match[1]!);

/** A member that answers, judges by the alphabet and chairs. */
const member = (name: string, more: SimulatedModel = {}): SimulatedModel => ({
  latencyMs: 300,
  says: (request) =>
    isRanking(request)
      ? JSON.stringify({ ranking: labelsIn(request) })
      : isChairing(request)
        ? `The synthesis by ${name}.`
        : `Rivers, says ${name}, ${name.repeat(9)}`,
  ...more,
});
const council = (more: Record<string, SimulatedModel> = {}) => ({
  ...Object.fromEntries(MEMBERS.map((name) => [name, member(name)])),
  ...more,
});
const settings = testSettings({ usable: MEMBERS });

describe('council', () => {
  it('goes through three stages and lets the chairman write', async () => {
    const path = testPath(council(), settings);
    const heard = await path.ask(ESSAY, COUNCIL);
    expect(String(heard.message['content'])).toMatch(/^The synthesis by/);
    expect(heard.told.strategy).toBe('council');
    const record = path.records[0]!;
    expect(Object.keys(record.timings.stages)).toEqual(['route', 'members', 'rankings', 'synthesis']);
    expect(record.attempts.filter((attempt) => attempt.role === 'judge').length).toBeGreaterThanOrEqual(2);
    expect(record.attempts.filter((attempt) => attempt.role === 'chairman')).toHaveLength(1);
  });

  it("shows judges the others' answers without names, their own left out, in orders that differ", async () => {
    const orders = new Set<string>();
    for (let seed = 1; seed <= 12; seed++) {
      const path = testPath(council(), settings, seed);
      await path.ask(ESSAY, COUNCIL);
      for (const call of path.calls.filter(({ request }) => isRanking(request))) {
        const shown = lastText(call.request);
        expect(shown).not.toContain(`says ${call.model}`);
        expect(labelsIn(call.request)).toHaveLength(3);
        orders.add([...shown.matchAll(/says ([a-z-]+)/g)].map((match) => match[1]).join());
      }
    }
    expect(orders.size).toBeGreaterThan(6);
  });

  it('puts the best-ranked answer in place of a chairman that fails, flagged', async () => {
    const failing = Object.fromEntries(
      MEMBERS.map((name) => [
        name,
        member(name, {
          says: (request) =>
            isChairing(request) ? '' : (member(name).says as (request: ChatRequest) => string)(request),
        }),
      ]),
    );
    const path = testPath(failing, settings);
    const heard = await path.ask(ESSAY, COUNCIL);
    expect(String(heard.message['content'])).toMatch(/^Rivers, says/);
    expect(heard.told.flags).toContain('degraded');
    expect(heard.told.models).toHaveLength(1);
  });

  it('puts what most say in its place where no judge ranked anything, not the refusal of whom it trusts most', async () => {
    const says = (name: string) => (request: ChatRequest) =>
      isRanking(request) || isChairing(request) || name === 'elm-large' ? 'I cannot help with that.' : 'Paris';
    const path = testPath(Object.fromEntries(MEMBERS.map((name) => [name, { says: says(name) }])), settings);
    const heard = await path.ask({ ...ESSAY, messages: [{ role: 'user', content: 'Capital of France?' }] }, COUNCIL);
    expect(heard.message['content']).toBe('Paris');
    expect(heard.told.flags).toContain('degraded');
    expect(heard.told.agreement).toBeGreaterThan(0.6);
  });

  it('streams the chairman as it writes', async () => {
    const path = testPath(council({ 'elm-large': member('elm-large', { paceMs: 50 }) }), settings);
    const heard = await path.ask({ ...ESSAY, stream: true }, COUNCIL);
    expect(String(heard.message['content'])).toMatch(/^The synthesis by/);
    expect(heard.text.endsWith('data: [DONE]\n\n')).toBe(true);
    const chunks = heard.writes.filter(({ text }) => text.startsWith('data: {'));
    expect(chunks.at(-1)!.at - chunks[0]!.at).toBeGreaterThanOrEqual(50);
  });

  it('merges JSON answers by type and spares the chairman', async () => {
    const says = (request: ChatRequest): string =>
      isRanking(request) ? JSON.stringify({ ranking: labelsIn(request) }) : '{"city":"Paris","river":"Seine"}';
    const path = testPath(Object.fromEntries(MEMBERS.map((name) => [name, { says }])), settings);
    const heard = await path.ask({ ...ESSAY, response_format: { type: 'json_object' } }, COUNCIL);
    expect(JSON.parse(String(heard.message['content']))).toEqual({ city: 'Paris', river: 'Seine' });
    expect(path.records[0]!.attempts.some((attempt) => attempt.role === 'chairman')).toBe(false);
  });

  it('is no tie any more once a chairman has written, however the members stood', async () => {
    const capital = {
      messages: [{ role: 'user', content: 'What is the capital of Ruritania? Answer with one word.' }],
    };
    const split = Object.fromEntries(
      MEMBERS.map((name, nth) => [
        name,
        member(name, {
          says: (request) =>
            isRanking(request) ? 'Both are fine.' : isChairing(request) || nth % 2 === 0 ? 'Strelsau' : 'Hentzau',
        }),
      ]),
    );
    const path = testPath(split, settings);
    const heard = await path.ask(capital, COUNCIL);
    expect(heard.message['content']).toBe('Strelsau');
    expect(path.records[0]!.attempts.some(({ role }) => role === 'chairman')).toBe(true);
    expect(heard.told.flags).not.toContain('tie');
  });

  it('has every judge on the record before a merged answer goes out, those too that were not waited for', async () => {
    const says = (name: string) => (request: ChatRequest) =>
      isRanking(request)
        ? JSON.stringify({ ranking: labelsIn(request) })
        : JSON.stringify({ city: name, river: 'Seine' });
    const panel = Object.fromEntries(
      MEMBERS.map((name, nth) => [name, { says: says(name), latencyMs: 100 * (nth + 1) }] as const),
    );
    const path = testPath(panel, settings);
    await path.ask({ ...ESSAY, response_format: { type: 'json_object' } }, COUNCIL);
    const judges = path.records[0]!.attempts.filter(({ role }) => role === 'judge');
    expect([...new Set(judges.map(({ model }) => model))].sort()).toEqual(MEMBERS);
    expect(judges.some(({ outcome }) => outcome === 'aborted')).toBe(true);
  });

  it('spares judges and chairman where all say the same, but not of code, nor where the caller named it', async () => {
    const roles = async (says: string, wishes: object): Promise<ReadonlySet<string>> => {
      const models = Object.fromEntries(MEMBERS.map((name) => [name, member(name, { says: unlessJudge(says) })]));
      const tasks = testSettings().tasks;
      const path = testPath(models, {
        ...settings,
        tasks: new Map([...tasks].map(([name, task]) => [name, { ...task, strategy: 'council' as const }])),
      });
      await path.ask({ messages: [{ role: 'user', content: 'What is 6 times 7?' }] }, { wishes });
      return new Set(path.records[0]!.attempts.map(({ role }) => role));
    };
    const unlessJudge = (says: string) => (request: ChatRequest) =>
      isRanking(request) ? JSON.stringify({ ranking: labelsIn(request) }) : says;
    expect([...(await roles('42', {}))]).toEqual(['member']);
    expect(await roles('42', { strategy: 'council' })).toContain('judge');
    expect(await roles('```js\nexport const answer = () => 6 * 7;\n```', {})).toContain('judge');
  });

  it('keeps the tools in the panel', async () => {
    const tools = [
      {
        type: 'function',
        function: {
          name: 'river',
          parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
        },
      },
    ];
    const message = {
      content: null,
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'river', arguments: '{"city":"Paris"}' } }],
    };
    const path = testPath(Object.fromEntries(MEMBERS.map((name) => [name, { message }])), settings);
    const heard = await path.ask({ ...ESSAY, tools }, COUNCIL);
    expect(heard.message['tool_calls']).toMatchObject([{ function: { name: 'river' } }]);
    expect(heard.finishReason).toBe('tool_calls');
    expect(path.calls[0]!.request.tools).toEqual(tools);
  });

  it('says what happened to each when fewer than two answer', async () => {
    const broken = Object.fromEntries(MEMBERS.slice(1).map((name) => [name, member(name, { fails: 'server_error' })]));
    await expect(testPath(council(broken), settings).ask(ESSAY, COUNCIL)).rejects.toMatchObject({
      code: 'not_enough_answers',
      status: 502,
      extra: { attempts: expect.arrayContaining([expect.objectContaining({ model: 'dahlia-pro', status: 500 })]) },
    });
  });
});

describe('rankings', () => {
  it('are read from JSON, fenced JSON, objects and prose', () => {
    const labels = ['A', 'B', 'C'];
    const read = (content: string) => readRanking({ role: 'assistant', content }, labels);
    expect(read('{"ranking":["B","A","C"]}')).toEqual(['B', 'A', 'C']);
    expect(read('```json\n{"ranking": ["Answer C", "answer b"]}\n```')).toEqual(['C', 'B']);
    expect(read('{"ranking":[{"label":"C"},{"label":"Z"},{"label":"A"}]}')).toEqual(['C', 'A']);
    expect(read('A is weak. Final ranking: C > B > A')).toEqual(['C', 'B', 'A']);
    expect(read('no idea')).toBeNull();
  });

  it('add up to Borda points that do not depend on how many saw an answer', () => {
    const points = borda(
      ['x', 'y', 'z'],
      [
        { weight: 1, order: ['x', 'y'] },
        { weight: 1, order: ['x', 'z'] },
        { weight: 1, order: ['y', 'z'] },
      ],
    );
    expect([...points]).toEqual([
      ['x', 1],
      ['y', 0.5],
      ['z', 0],
    ]);
  });
});

const latency = fc.integer({ min: 200, max: 3_000 });

describe('laws', () => {
  it('Π1 councils at the speed of their models end in under 15 s, and in at most half the time of the stages one after the other', async () => {
    let within = 0;
    const runs = 100;
    const sample = fc.sample(fc.tuple(latency, latency, latency, latency), { numRuns: runs, seed: 7 });
    for (const latencies of sample) {
      const models = Object.fromEntries(
        MEMBERS.map((name, index) => [name, member(name, { latencyMs: latencies[index]! })]),
      );
      const path = testPath(models, settings);
      await path.ask(ESSAY, COUNCIL);
      const { timings, attempts } = path.records[0]!;
      const chairman = attempts.find(({ role }) => role === 'chairman')!;
      // Each member, each judge and the chairman in turn, with the pause of a second that fixed schedules keep between calls.
      const inTurn =
        latencies.reduce((sum, each) => sum + 2 * (each + 1_000), 0) + (chairman.endedMs - chairman.startedMs);
      if (timings.totalMs < 15_000 && timings.totalMs <= inTurn / 2) within += 1;
    }
    expect(within).toBeGreaterThanOrEqual(runs * 0.9);
  });

  const codeOfAll = (fates: readonly (string | null)[]): string =>
    fates.every((fate) => fate === 'timeout')
      ? 'upstream_timeout'
      : fates.every((fate) => fate === 'rate_limited')
        ? 'rate_limit_exceeded'
        : 'upstream_error';

  it('Π5 any subset of failing members that leaves two answers ends in an answer; otherwise in a clear error with every failure recorded', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(null, 'server_error', 'timeout', 'unreachable', 'rate_limited', 'malformed'), {
          minLength: 4,
          maxLength: 4,
        }),
        async (fates) => {
          const models = Object.fromEntries(
            MEMBERS.map((name, index) => [
              name,
              member(name, fates[index] == null ? {} : { fails: fates[index] as 'timeout' }),
            ]),
          );
          const path = testPath(models, settings);
          const alive = fates.filter((fate) => fate === null).length;
          const outcome = await path.ask(ESSAY, COUNCIL).catch((error: unknown) => error);
          const failures = path.records[0]!.attempts.filter(
            ({ outcome: how, role }) => how !== 'ok' && role !== 'chairman' && role !== 'judge',
          );
          expect(failures.length).toBe(4 - alive);
          if (alive >= 2) {
            expect(outcome).toHaveProperty('message.content');
            expect((outcome as Heard).told.flags.includes('degraded')).toBe(alive < 4);
          } else if (alive === 1) expect(outcome).toHaveProperty('code', 'not_enough_answers');
          else expect(outcome).toHaveProperty('code', codeOfAll(fates));
        },
      ),
      { numRuns: 100 },
    );
  });

  it('Π8 each progress event leaves within 100 ms of what it tells', async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(latency, latency, latency, latency), fc.boolean(), async (latencies, events) => {
        const path = testPath(
          Object.fromEntries(MEMBERS.map((name, index) => [name, member(name, { latencyMs: latencies[index]! })])),
          settings,
        );
        const startedAt = path.clock.now();
        const heard = await path.ask({ ...ESSAY, stream: true }, { ...COUNCIL, events });
        const told = progressOf(heard);
        expect(told.filter(({ type }) => type === 'answer').length).toBeGreaterThanOrEqual(4);
        for (const event of told) expect(event.writtenAt - startedAt - event.at_ms).toBeLessThanOrEqual(100);
      }),
      { numRuns: 100 },
    );
  });

  it('Π9 the chairman starts as soon as half the rankings are there, and at least two', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 100, max: 8_000 }), { minLength: 4, maxLength: 4 }),
        async (latencies) => {
          const judged = new Map<string, number>();
          const models = Object.fromEntries(
            MEMBERS.map((name, index) => [name, member(name, { latencyMs: latencies[index]! })]),
          );
          const path = testPath(models, settings);
          await path.ask(ESSAY, COUNCIL);
          const { attempts, events } = path.records[0]!;
          for (const event of events) if (event.type === 'ranking') judged.set(event.model!, event.atMs);
          const arrivals = [...judged.values()].sort((a, b) => a - b);
          const chairman = attempts.find(({ role }) => role === 'chairman')!;
          expect(arrivals).toHaveLength(2);
          expect(chairman.startedMs - arrivals[1]!).toBeLessThan(1);
        },
      ),
      { numRuns: 100 },
    );
    expect(enoughRankings(5, 2, 3)).toBe(false);
    expect(enoughRankings(5, 3, 2)).toBe(true);
    expect(enoughRankings(2, 1, 1)).toBe(false);
    expect(enoughRankings(4, 1, 0)).toBe(true);
  });

  it('Π10 sequence numbers rise by one and stages never go back', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('single', 'dual', 'triple', 'cascade', 'council'),
        fc.tuple(latency, latency, latency, latency),
        fc.nat(3),
        async (strategy, latencies, broken) => {
          const models = Object.fromEntries(
            MEMBERS.map((name, index) => [
              name,
              member(name, {
                latencyMs: latencies[index]!,
                ...(index === broken && { fails: 'server_error' as const }),
              }),
            ]),
          );
          const path = testPath(models, settings);
          await path.ask(ESSAY, { wishes: { strategy: strategy } }).catch(() => null);
          const { events } = path.records[0]!;
          expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
          for (const [index, event] of events.entries())
            if (index > 0) expect(event.stage).toBeGreaterThanOrEqual(events[index - 1]!.stage);
        },
      ),
      { numRuns: 100 },
    );
  });

  const spanOf = (model: string, fromMs: number, toMs: number): string =>
    `${model} ${fromMs.toFixed(0)}-${toMs.toFixed(0)}`;

  it('Π11 the record has the total time, the time of each stage, and that of every model that answered', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('single', 'dual', 'triple', 'cascade', 'council'),
        fc.tuple(latency, latency, latency, latency),
        async (strategy, latencies) => {
          const path = testPath(
            Object.fromEntries(MEMBERS.map((name, index) => [name, member(name, { latencyMs: latencies[index]! })])),
            settings,
          );
          await path.ask(ESSAY, { wishes: { strategy: strategy } });
          const { timings, attempts, events } = path.records[0]!;
          const stages = Object.values(timings.stages);
          expect(timings.totalMs).toBeGreaterThan(0);
          expect(stages.reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(timings.totalMs, 1);
          const { at } = path.records[0]!;
          expect(attempts.map(({ model, startedMs, endedMs }) => spanOf(model, startedMs, endedMs)).sort()).toEqual(
            path.calls.map((call) => spanOf(call.model, call.at - at, call.endedAt! - at)).sort(),
          );
          expect(events.at(-1)!.type).toBe('done');
        },
      ),
      { numRuns: 100 },
    );
  });
});
