// The laws of asking several at once: an early answer loses nothing, nobody is left running, everything is on the record once.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatRequest, Merged, Plan } from '../../src/contract/index.ts';
import { carryOut, type Outcome } from '../../src/strategy/index.ts';
import type { SimulatedModel } from '../support/simulated-models.ts';
import { scriptedPanel, type Script } from './scripted-panel.ts';

const MEMBERS = ['birch-mini', 'cedar-flash', 'dahlia-pro'] as const;
const TRIPLE = { call: { kind: 'triple', members: MEMBERS }, ceiling: 'triple' } as const satisfies Partial<Plan>;
const DUAL = {
  call: { kind: 'dual', members: ['birch-mini', 'cedar-flash'] },
  ceiling: 'triple',
  reserve: ['dahlia-pro', 'elm-large', 'fern-deep'],
} as const satisfies Partial<Plan>;

const latencyMs = fc.integer({ min: 1, max: 9_000 });
const fate = fc.oneof(
  { weight: 8, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constantFrom('server_error', 'unreachable', 'malformed', 'timeout') },
);
const saying = (values: readonly string[]) =>
  fc
    .record({ latencyMs, says: fc.constantFrom(values[0]!, values[0]!, ...values), fails: fate })
    .map(({ fails, ...rest }): SimulatedModel => ({ ...rest, ...(fails !== undefined && { fails }) }));
const kinds = {
  number: saying(['42', 'The answer is 41.', '**42**', '7']),
  label: saying(['yes', 'No.', 'Yes']),
  choice: saying(['(A)', 'The answer is (B).', 'C']),
  json: saying(['{"a":1,"b":"x"}', '{"b":"x","a":1}', '{"a":2,"b":"x"}', '{"a":1,"b":"y"}']),
};
const anyTrio = fc.oneof(...Object.values(kinds).map((model) => fc.tuple(model, model, model)));

const textOf = ({ base, message }: Merged): string | null => (message ?? base.message).content;
async function run(script: Script) {
  const scripted = scriptedPanel(script);
  const outcome = await scripted.clock.runUntil(carryOut(scripted.panel).catch((error: unknown) => error as Error));
  return { ...scripted, outcome };
}
const mergedOf = (outcome: Outcome | Error): Merged | null => (outcome instanceof Error ? null : outcome.merged);
const modelsOf = (trio: readonly SimulatedModel[]) =>
  Object.fromEntries(MEMBERS.map((name, index) => [name, trio[index]!]));

describe('asking side by side', () => {
  it('early quorum loses nothing: what all three would have come to is what went out', async () => {
    let early = 0;
    await fc.assert(
      fc.asyncProperty(anyTrio, async (trio) => {
        const { outcome, record, panel } = await run({ plan: TRIPLE, models: modelsOf(trio) });
        if (!record.some((entry) => entry.outcome === 'aborted')) return;
        early += 1;
        const all = await Promise.all(
          trio.map((model, index) => {
            const alone = scriptedPanel({ plan: TRIPLE, models: { [MEMBERS[index]!]: model } });
            const options = { role: 'member', signal: alone.panel.signal, replaceable: true } as const;
            return alone.clock
              .runUntil(alone.panel.ask(MEMBERS[index]!, options).then(({ candidate }) => candidate))
              .catch(() => null);
          }),
        );
        const waited = panel.merge(all.filter((candidate) => candidate !== null));
        const merged = mergedOf(outcome)!;
        const same = merged.kind === 'json' ? JSON.parse : (text: string): unknown => text;
        expect(same(merged.camps[0]!.value)).toEqual(same(waited.camps[0]!.value));
        expect(waited.camps[0]!.models).toEqual(expect.arrayContaining([...merged.camps[0]!.models]));
        if (merged.kind === 'json') expect(JSON.parse(textOf(merged)!)).toEqual(JSON.parse(textOf(waited)!));
      }),
      { numRuns: 300 },
    );
    expect(early).toBeGreaterThan(30);
  });

  it('no call is left running after the answer, and every call is on the record exactly once', async () => {
    await fc.assert(
      fc.asyncProperty(anyTrio, fc.boolean(), async (trio, dual) => {
        const { outcome, calls, record } = await run({ plan: dual ? DUAL : TRIPLE, models: modelsOf(trio) });
        expect(calls.every(({ endedAt }) => endedAt !== null)).toBe(true);
        expect(record.map(({ model }) => model).sort()).toEqual(calls.map(({ model }) => model).sort());
        expect(new Set(record.map(({ model }) => model)).size).toBe(record.length);
        if (outcome instanceof Error) expect(record.some((entry) => entry.outcome === 'ok')).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it('the answer does not depend on who was faster', async () => {
    await fc.assert(
      fc.asyncProperty(
        kinds.number,
        kinds.number,
        kinds.number,
        fc.array(latencyMs, { minLength: 3, maxLength: 3 }),
        async (a, b, c, other) => {
          const alive = [a, b, c].map(({ latencyMs, says }): SimulatedModel => ({
            latencyMs: latencyMs!,
            says: says!,
          }));
          const one = await run({ plan: TRIPLE, models: modelsOf(alive) });
          const two = await run({
            plan: TRIPLE,
            models: modelsOf(alive.map((model, index) => ({ ...model, latencyMs: other[index]! }))),
          });
          expect(mergedOf(one.outcome)!.camps[0]!.value).toBe(mergedOf(two.outcome)!.camps[0]!.value);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('tells the reason of each step up', async () => {
    const models = { 'birch-mini': { says: '1' }, 'cedar-flash': { says: '2' }, 'dahlia-pro': { says: '2' } };
    const { outcome, events } = await run({ plan: DUAL, models });
    expect(outcome).toMatchObject({ reached: 'triple', degraded: false });
    expect(events).toContainEqual({
      stage: 1,
      type: 'escalated',
      model: 'dahlia-pro',
      detail: expect.stringMatching(/^they disagree: .+ against .+/) as string,
    });
  });

  it('asks no third where the schema of the tool decides between two that differ', async () => {
    const call = (args: string): SimulatedModel => ({
      message: {
        content: null,
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'seat', arguments: args } }],
      },
    });
    const tools: ChatRequest['tools'] = [
      {
        type: 'function',
        function: {
          name: 'seat',
          parameters: { type: 'object', properties: { place: { enum: ['aisle', 'window'] } } },
        },
      },
    ];
    const models = { 'birch-mini': call('{"place":"roof"}'), 'cedar-flash': call('{"place":"window"}') };
    const decided = await run({ plan: DUAL, models, request: { tools } });
    expect(decided.calls).toHaveLength(2);
    expect(mergedOf(decided.outcome)!.base.model).toBe('cedar-flash');
    const open = await run({
      plan: DUAL,
      models: { ...models, 'birch-mini': call('{"place":"aisle"}') },
      request: { tools },
    });
    expect(open.calls).toHaveLength(3);
  });

  it('asks whoever is worth most next, whoever was to be third, until nobody is', async () => {
    const climb = { perUsd: 1, perSecond: 0, mostVoices: 4 };
    const says = (text: string): SimulatedModel => ({ latencyMs: 5, says: text });
    const models = {
      'birch-mini': says('7'),
      'cedar-flash': says('42'),
      'dahlia-pro': says('8'),
      'elm-large': says('41'),
      'fern-deep': says('42'),
    };
    const turns = ['elm-large', 'fern-deep', 'dahlia-pro'];
    const asked = (result: Awaited<ReturnType<typeof run>>) => result.record.map(({ model }) => model);
    const seen: number[] = [];
    const script = {
      plan: { ...DUAL, climb },
      models,
      further: ({ camps }: { readonly camps: readonly unknown[] }) => {
        const model = turns[seen.push(camps.length) - 1];
        return model === undefined ? null : { model, gain: 0.1 };
      },
    };
    const climbed = await run(script);
    expect(asked(climbed)).toEqual(['birch-mini', 'cedar-flash', 'elm-large', 'fern-deep']);
    expect(seen).toEqual([2, 3, 3]);
    expect(textOf(mergedOf(climbed.outcome)!)).toBe('42');
    expect(climbed.events.find(({ type }) => type === 'escalated')?.detail).toContain('likelier by 0.10');
    const settled = await run({ plan: { ...DUAL, climb }, models, further: () => null });
    expect(asked(settled)).toEqual(['birch-mini', 'cedar-flash']);
  });

  it('stays a triple when two of the three were enough', async () => {
    const models = {
      'birch-mini': { says: '2' },
      'cedar-flash': { says: '2' },
      'dahlia-pro': { says: '2', latencyMs: 5_000 },
    };
    expect((await run({ plan: TRIPLE, models })).outcome).toMatchObject({ reached: 'triple' });
  });

  it('puts a stand-in in at once where no second voice could come otherwise, and only one for each', async () => {
    const slow = {
      'birch-mini': { fails: 'server_error', latencyMs: 10 },
      'cedar-flash': { says: '2', latencyMs: 4_000 },
      'dahlia-pro': { says: '2' },
    } as const;
    const { calls, events } = await run({ plan: DUAL, models: slow });
    expect(calls.find(({ model }) => model === 'dahlia-pro')!.at - calls[0]!.at).toBe(10);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'escalated', detail: 'stands in for birch-mini, which failed' }),
    );
    const broken = Object.fromEntries(
      [...MEMBERS, 'elm-large', 'fern-deep'].map((name) => [name, { fails: 'server_error' as const }]),
    );
    const all = await run({ plan: DUAL, models: broken });
    expect(all.calls).toHaveLength(4);
    expect(all.outcome).toHaveProperty('code', 'upstream_error');
  });

  it('asks nobody else when every upstream says that the request is wrong', async () => {
    const rejecting = Object.fromEntries(MEMBERS.map((name) => [name, { fails: 'rejected' as const, status: 400 }]));
    const { calls, outcome } = await run({ plan: DUAL, models: rejecting });
    expect(calls).toHaveLength(2);
    expect(outcome).toMatchObject({ extra: { passedOn: { status: 400 } } });
  });

  it('says why it went no further when time or money is short', async () => {
    const models = { 'birch-mini': { says: '1' }, 'cedar-flash': { says: '2' } };
    const { calls, events } = await run({
      plan: DUAL,
      models,
      objection: () => 'it would cost more than the request may',
    });
    expect(calls).toHaveLength(2);
    expect(events.find(({ type }) => type === 'stage_end')!.detail).toContain(
      'no further voice: fern-deep: it would cost more',
    );
  });

  it('goes up to a council when three disagree and the plan lets it', async () => {
    const says =
      (own: string): NonNullable<SimulatedModel['says']> =>
      (request) =>
        JSON.stringify(request.response_format ?? '').includes('quorum_ranking')
          ? '{"ranking":["A","B"]}'
          : request.messages.length > 1
            ? '2, after all'
            : own;
    const models = {
      'birch-mini': { says: says('1') },
      'cedar-flash': { says: says('2') },
      'dahlia-pro': { says: says('3') },
      'elm-large': { says: says('4') },
    };
    const plan = { ...DUAL, ceiling: 'council', reserve: ['dahlia-pro'], chairman: 'elm-large' } as const;
    const { outcome, record, events } = await run({ plan, models });
    expect(outcome).toMatchObject({ reached: 'council', merged: { base: { model: 'elm-large' } } });
    expect(record.filter(({ role }) => role === 'judge').length).toBeGreaterThanOrEqual(2);
    expect(events.filter(({ type }) => type === 'escalated')).toHaveLength(2);
    const refused = await run({
      plan,
      models,
      objection: (model) => (model === 'elm-large' ? 'no time is left before the deadline' : null),
    });
    expect(refused.outcome).toMatchObject({ reached: 'triple', merged: { disputed: true } });
    expect(refused.events.some(({ detail }) => detail?.includes('no council: elm-large: no time'))).toBe(true);
  });
});

describe('one whole answer', () => {
  const plan = { call: { kind: 'single', model: 'birch-mini' }, ceiling: 'dual', reserve: ['cedar-flash'] } as const;

  it('that is good enough by itself asks for nobody', async () => {
    const { outcome, calls } = await run({ plan, models: { 'birch-mini': { says: '42' } } });
    expect(outcome).toMatchObject({ kind: 'whole', reached: 'single', degraded: false });
    expect(calls.map(({ model }) => model)).toEqual(['birch-mini']);
  });

  it('that is not gets a second voice, as far as the plan goes', async () => {
    const models = { 'birch-mini': { says: '' }, 'cedar-flash': { says: '42' } };
    const climbed = await run({ plan, models });
    expect(textOf(mergedOf(climbed.outcome)!)).toBe('42');
    expect(climbed.calls.map(({ model }) => model)).toEqual(['birch-mini', 'cedar-flash']);
    const { outcome, calls } = await run({ plan: { ...plan, ceiling: 'single' }, models });
    expect(outcome).toMatchObject({ kind: 'whole', reached: 'single' });
    expect(calls).toHaveLength(1);
  });
});

describe("a task's chairman", () => {
  const essay = (name: string) => `Rivers, says ${name}, ${name.repeat(12)} and nothing more about it.`;
  const prose = Object.fromEntries(MEMBERS.map((name) => [name, { says: essay(name) }]));
  const plan = { ...DUAL, ceiling: 'dual', chairman: 'elm-large' } as const;

  it('writes prose anew from the answers, which are fenced', async () => {
    const { outcome, calls } = await run({
      plan,
      rewritesProse: true,
      models: { ...prose, 'elm-large': { says: 'Written anew.' } },
    });
    expect(textOf(mergedOf(outcome)!)).toBe('Written anew.');
    expect(outcome).toMatchObject({
      reached: 'dual',
      degraded: false,
      merged: { models: ['elm-large', expect.any(String), expect.any(String)] },
    });
    expect(calls.at(-1)!.request.messages.at(-1)!.content).toMatch(/<<([0-9a-f]{16}) draft 1>>\n[^]+<<\/\1>>/);
  });

  it('reads the better models first', async () => {
    const three = { ...plan, call: { kind: 'triple', members: MEMBERS }, ceiling: 'triple' } as const;
    const anew = { 'elm-large': { says: 'Written anew.' } };
    const { outcome } = await run({ plan: three, rewritesProse: true, models: { ...prose, ...anew } });
    const { models, base } = mergedOf(outcome)!;
    const { voice } = scriptedPanel({ plan: three, models: prose }).panel;
    const read = models.slice(2).map((model) => voice(model).weight);
    expect(base.model).toBe('elm-large');
    expect(read).toEqual([...read].sort((one, other) => other - one));
    expect(read).toHaveLength(2);
  });

  it('leaves values alone, and prose of tasks that do not ask for it', async () => {
    const values = await run({
      plan,
      rewritesProse: true,
      models: { 'birch-mini': { says: '42' }, 'cedar-flash': { says: '42' } },
    });
    expect(values.calls).toHaveLength(2);
    expect((await run({ plan, models: prose })).calls).toHaveLength(2);
  });

  it('gives way to the answer most in agreement when it fails', async () => {
    const { outcome } = await run({
      plan,
      rewritesProse: true,
      models: { ...prose, 'elm-large': { fails: 'server_error' } },
    });
    expect(outcome).toMatchObject({ kind: 'whole', degraded: true });
    expect(textOf(mergedOf(outcome)!)).toMatch(/^Rivers, says/);
  });
});
