// The ladder from one model to three, on simulated models and time.
import { describe, expect, it } from 'vitest';
import { testPath } from '../support/path.ts';
import { testSettings } from '../support/settings.ts';

const NAMES = ['aster-nano', 'birch-mini', 'cedar-flash', 'dahlia-pro', 'elm-large', 'fern-deep'];
const all = (says: string, latencyMs = 100) => Object.fromEntries(NAMES.map((name) => [name, { says, latencyMs }]));
const question = { messages: [{ role: 'user', content: 'What is 6 times 7? Reply with the number only.' }] };

describe('single', () => {
  it('asks the named model alone and passes its completion on', async () => {
    const path = testPath({ 'dahlia-pro': { says: '42' } });
    const heard = await path.ask({ ...question, model: 'dahlia-pro' });
    expect(heard.message['content']).toBe('42');
    expect(heard.told).toMatchObject({ models: ['dahlia-pro'], strategy: 'single', agreement: null, confidence: null });
    expect(path.calls.map((call) => call.model)).toEqual(['dahlia-pro']);
  });

  it('lets another model stand in when the first fails, and says so', async () => {
    const path = testPath(
      { ...all('42'), 'dahlia-pro': { fails: 'server_error' } },
      testSettings({ tiers: [{ name: 'balanced', models: ['dahlia-pro', 'elm-large'] }] }),
    );
    const heard = await path.ask(question, { wishes: { strategy: 'single', models: ['dahlia-pro', 'elm-large'] } });
    expect(heard.message['content']).toBe('42');
    expect(path.calls.length).toBeLessThanOrEqual(2);
    if (path.calls.length === 2) expect(heard.told.flags).toContain('degraded');
  });

  it('never asks another model than the named one', async () => {
    const path = testPath({ ...all('42'), 'dahlia-pro': { fails: 'server_error' } });
    await expect(path.ask({ ...question, model: 'dahlia-pro' })).rejects.toMatchObject({
      code: 'upstream_error',
      extra: { attempts: [{ model: 'dahlia-pro', status: 500 }] },
    });
    expect(path.calls.map((call) => call.model)).toEqual(['dahlia-pro']);
  });

  it("passes on an upstream's own words about the caller's request", async () => {
    const path = testPath({ 'dahlia-pro': { fails: 'rejected', status: 422 } });
    await expect(path.ask({ ...question, model: 'dahlia-pro' })).rejects.toMatchObject({
      status: 422,
      extra: { passedOn: { status: 422 } },
    });
  });

  it('tells a timeout as one', async () => {
    const path = testPath({ 'dahlia-pro': { latencyMs: 999_999 } });
    await expect(
      path.ask({ ...question, model: 'dahlia-pro' }, { wishes: { deadlineMs: 2_000 } }),
    ).rejects.toMatchObject({ code: 'upstream_timeout', status: 504 });
  });
});

describe('dual', () => {
  it('asks two side by side and is done when they agree', async () => {
    const path = testPath(all('42'));
    const heard = await path.ask(question, { wishes: { strategy: 'dual' } });
    expect(path.calls).toHaveLength(2);
    expect(path.calls[0]!.at).toBe(path.calls[1]!.at);
    expect(heard.told).toMatchObject({ strategy: 'dual', agreement: 1, flags: [] });
    expect(heard.told.models).toHaveLength(2);
  });

  it('calls a third when they disagree, and takes what two say', async () => {
    const path = testPath(all('42'));
    const [first] = (await path.ask(question, { wishes: { strategy: 'dual' } }), path.calls);
    const split = testPath({ ...all('42'), [first!.model]: { says: '41' } });
    const heard = await split.ask(question, { wishes: { strategy: 'dual' } });
    expect(split.calls).toHaveLength(3);
    expect(heard.message['content']).toBe('42');
    expect(heard.told.strategy).toBe('triple');
    expect(heard.told.models).not.toContain(first!.model);
    expect(split.records[0]!.events.some((event) => event.type === 'escalated')).toBe(true);
  });

  it('replaces a member that fails, and answers with one voice flagged when no other is left', async () => {
    const settings = testSettings({ usable: ['dahlia-pro', 'elm-large'] });
    const path = testPath({ 'dahlia-pro': { says: '42' }, 'elm-large': { fails: 'unreachable' } }, settings);
    const heard = await path.ask(question, { wishes: { strategy: 'dual' } });
    expect(heard.message['content']).toBe('42');
    expect(heard.told.flags).toContain('degraded');
  });
});

describe('triple', () => {
  it('returns as soon as two agree and aborts the third', async () => {
    const path = testPath({ ...all('42', 100) });
    await path.ask(question, { wishes: { strategy: 'triple' } });
    const slow = path.calls.at(-1)!.model;
    const again = testPath({ ...all('42', 100), [slow]: { says: '42', latencyMs: 5_000 } });
    const heard = await again.ask(question, { wishes: { strategy: 'triple' } });
    expect(again.calls).toHaveLength(3);
    expect(again.calls.find((call) => call.model === slow)!.aborted).toBe(true);
    expect(again.records[0]!.timings.totalMs).toBeLessThan(200);
    expect(heard.told.models).toHaveLength(2);
    expect(again.records[0]!.attempts.find((attempt) => attempt.model === slow)).toMatchObject({
      outcome: 'aborted',
      estimated: true,
    });
  });

  it('waits for the third when the first two disagree', async () => {
    const first = testPath(all('42'));
    await first.ask(question, { wishes: { strategy: 'triple' } });
    const [a, , c] = first.calls.map((call) => call.model);
    const path = testPath({
      ...all('42', 100),
      [a!]: { says: '13', latencyMs: 50 },
      [c!]: { says: '42', latencyMs: 700 },
    });
    const heard = await path.ask(question, { wishes: { strategy: 'triple' } });
    expect(heard.message['content']).toBe('42');
    expect(path.records[0]!.timings.totalMs).toBeGreaterThanOrEqual(700);
    expect(heard.told.models).not.toContain(a);
  });

  it('flags three different answers as disputed and does not keep them', async () => {
    const first = testPath(all('42'));
    await first.ask(question, { wishes: { strategy: 'triple' } });
    const [a, b, c] = first.calls.map((call) => call.model);
    const settings = testSettings({ usable: [a!, b!, c!] });
    const path = testPath({ [a!]: { says: '1' }, [b!]: { says: '2' }, [c!]: { says: '3' } }, settings);
    const asking = { wishes: { strategy: 'triple' }, cache: 'default' } as const;
    const heard = await path.ask(question, asking);
    expect(heard.told.flags).toContain('disputed');
    await path.ask(question, asking);
    expect(path.calls).toHaveLength(6);
  });
});

describe('cascade', () => {
  it('stays with the cheap one when its answer is good enough', async () => {
    const path = testPath(all('42'));
    const heard = await path.ask(question, { wishes: { strategy: 'cascade' } });
    expect(path.calls).toHaveLength(1);
    expect(heard.told.strategy).toBe('cascade');
  });

  it('goes up on evidence: invalid JSON, cut off, refused', async () => {
    const cheap = testPath(all('{"a":1}'));
    const asked = { ...question, response_format: { type: 'json_object' } };
    await cheap.ask(asked, { wishes: { strategy: 'cascade' } });
    const name = cheap.calls[0]!.model;
    for (const bad of [
      { says: 'not json' },
      { says: '{"a":', finishReason: 'length' },
      { message: { content: null, refusal: 'I cannot help with that.' } },
    ]) {
      const path = testPath({ ...all('{"a":1}'), [name]: bad });
      const heard = await path.ask(asked, { wishes: { strategy: 'cascade' } });
      expect(path.calls.length, JSON.stringify(bad)).toBe(2);
      expect(heard.message['content']).toBe('{"a":1}');
    }
  });
});

describe('money and time bound the ladder', () => {
  it("doesn't escalate past what the request may cost", async () => {
    const path = testPath(all('42'));
    await path.ask(question, { wishes: { strategy: 'dual' } });
    const spent = path.records[0]!.cost;
    const [first] = path.calls;
    const tight = testPath({ ...all('42'), [first!.model]: { says: '41' } });
    const heard = await tight
      .ask(question, { wishes: { strategy: 'dual', maxCost: (spent + 1) as typeof spent } })
      .catch((error: unknown) => error);
    expect(tight.calls.length).toBeLessThanOrEqual(2);
    expect(heard).toBeDefined();
  });
});
