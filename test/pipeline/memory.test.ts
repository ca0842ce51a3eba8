// The cache and the requests in flight, through the whole path in simulated time.
import { describe, expect, it } from 'vitest';
import { testPath } from '../support/path.ts';
import { testSettings } from '../support/settings.ts';

const ALONE = { model: 'dahlia-pro', messages: [{ role: 'user', content: 'Name a river.' }] };
const KEPT = { cache: 'default' } as const;

describe('recall', () => {
  it('gives a kept answer again, whole and as a stream, without a call', async () => {
    const path = testPath({ 'dahlia-pro': { says: 'The Elbe flows north.' } });
    const first = await path.ask(ALONE, KEPT);
    const again = await path.ask(ALONE, KEPT);
    const streamed = await path.ask({ ...ALONE, stream: true }, KEPT);
    expect(first.told.cache).toBe('miss');
    expect(again.told).toMatchObject({ cache: 'hit', models: ['dahlia-pro'], cost: 0, attempts: 0 });
    expect(streamed.told.cache).toBe('hit');
    expect([again.message['content'], streamed.message['content']]).toEqual([
      'The Elbe flows north.',
      'The Elbe flows north.',
    ]);
    expect(streamed.text).toContain('data: [DONE]');
    expect(path.calls).toHaveLength(1);
  });

  it('keeps a stream for those who want it whole', async () => {
    const path = testPath({ 'dahlia-pro': { says: 'The Elbe flows north.' } });
    await path.ask({ ...ALONE, stream: true }, KEPT);
    const whole = await path.ask(ALONE, KEPT);
    expect(whole.message['content']).toBe('The Elbe flows north.');
    expect(path.calls).toHaveLength(1);
  });

  it.each([true, false])('keeps the usage of a stream once, whether its client wants it (%s)', async (wanted) => {
    const path = testPath({ 'dahlia-pro': { says: 'The Elbe flows north.' } });
    const streamed = (include: boolean) =>
      path.ask({ ...ALONE, stream: true, stream_options: { include_usage: include } }, KEPT);
    await streamed(wanted);
    const again = await streamed(true);
    expect(again.told.cache).toBe('hit');
    expect(again.text.match(/"prompt_tokens"/g)).toHaveLength(1);
    expect((await streamed(false)).text).not.toContain('"prompt_tokens"');
    expect(path.calls).toHaveLength(1);
  });

  it('does not keep a stream that another model stood in for', async () => {
    const path = testPath({ 'dahlia-pro': { fails: 'server_error' } }, testSettings());
    const asked = { ...ALONE, model: 'auto', stream: true };
    const wishes = { strategy: 'single', models: ['dahlia-pro', 'birch-mini'] } as const;
    const first = await path.ask(asked, { ...KEPT, wishes });
    const again = await path.ask(asked, { ...KEPT, wishes });
    expect(path.records.map(({ flags }) => flags)).toEqual([
      expect.arrayContaining(['degraded']),
      expect.arrayContaining(['degraded']),
    ]);
    expect([first.told.cache, again.told.cache]).toEqual(['miss', 'miss']);
  });

  it('never crosses tenants', async () => {
    const path = testPath({});
    await path.ask(ALONE, { ...KEPT, tenant: 'one' });
    await path.ask(ALONE, { ...KEPT, tenant: 'other' });
    expect(path.calls).toHaveLength(2);
  });

  it('where it is shared, tells nobody which request of another tenant an answer was made for', async () => {
    const path = testPath({}, testSettings({ cache: { scope: 'global' } }));
    for (const tenant of ['one', 'other', 'one']) await path.ask(ALONE, { ...KEPT, tenant });
    expect(path.calls).toHaveLength(1);
    expect(path.records.map(({ repeats }) => repeats)).toEqual([undefined, undefined, path.records[0]!.id]);
  });

  it('obeys its directives', async () => {
    const path = testPath({});
    const calls = async (cache: string): Promise<number> => {
      const before = path.calls.length;
      await path.ask(ALONE, { cache }).catch((error: unknown) => expect(error).toMatchObject({ code: 'cache_miss' }));
      return path.calls.length - before;
    };
    expect(await calls('only')).toBe(0);
    expect(await calls('no-store')).toBe(1);
    expect(await calls('default')).toBe(1);
    expect(await calls('default')).toBe(0);
    expect(await calls('only')).toBe(0);
    expect(await calls('no-cache')).toBe(1);
    expect(await calls('refresh')).toBe(1);
    expect(await calls('off')).toBe(1);
    await path.clock.advance(120_000);
    expect(await calls('default; ttl=60s')).toBe(1);
    await path.clock.advance(3_700_000);
    expect(await calls('default')).toBe(1);
  });

  it("doesn't keep what is cut off, filtered or broken off", async () => {
    for (const model of [{ finishReason: 'length' }, { finishReason: 'content_filter' }, { breaksAfter: 1 }]) {
      for (const stream of 'breaksAfter' in model ? [true] : [true, false]) {
        const path = testPath({ 'dahlia-pro': { says: 'half of', ...model } });
        await path.ask({ ...ALONE, stream }, KEPT).catch(() => null);
        await path.ask({ ...ALONE, stream }, KEPT).catch(() => null);
        expect(path.calls, JSON.stringify({ model, stream })).toHaveLength(2);
      }
    }
  });
});

describe('requests in flight', () => {
  it('make one call for a hundred that ask the same, and each gets the answer in its own form', async () => {
    const path = testPath({ 'dahlia-pro': { says: 'The Elbe.', latencyMs: 500 } });
    const all = Promise.all(
      Array.from({ length: 100 }, (_, index) => path.begin({ ...ALONE, stream: index % 2 === 0 }, KEPT)),
    );
    const heard = await path.clock.runUntil(all);
    expect(path.calls).toHaveLength(1);
    expect(new Set(heard.map(({ message }) => message['content']))).toEqual(new Set(['The Elbe.']));
    expect(heard.filter(({ told }) => told.cache === 'coalesced')).toHaveLength(99);
    expect(path.records.reduce((sum, record) => sum + record.attempts.length, 0)).toBe(1);
    // What they waited for is the model, not Quorum.
    for (const { told } of heard) expect(told).toMatchObject({ upstreamMs: 500, overheadMs: 0 });
  });

  it('go on for the others when the first one leaves, and end when nobody is left', async () => {
    const path = testPath({ 'dahlia-pro': { says: 'The Elbe.', latencyMs: 500 } });
    const leaver = new AbortController();
    const first = path.begin(ALONE, { ...KEPT, gone: leaver }).catch((error: unknown) => error);
    const second = path.begin(ALONE, KEPT);
    await path.clock.advance(100);
    leaver.abort();
    expect((await path.clock.runUntil(second)).message['content']).toBe('The Elbe.');
    expect(path.calls).toMatchObject([{ aborted: false }]);
    await path.clock.runUntil(first);

    const lonely = new AbortController();
    const alone = path.begin({ ...ALONE, seed: 2 }, { ...KEPT, gone: lonely }).catch((error: unknown) => error);
    await path.clock.advance(100);
    lonely.abort();
    expect(await path.clock.runUntil(alone)).toMatchObject({ code: 'client_closed' });
    expect(path.calls[1]).toMatchObject({ aborted: true });
    expect(path.records.at(-1)).toMatchObject({ status: 499, attempts: [{ outcome: 'aborted', estimated: true }] });
  });

  it('share a failure, and the next request tries anew', async () => {
    const path = testPath({ 'dahlia-pro': { fails: 'server_error', latencyMs: 200 } });
    const both = Promise.all(
      [path.begin(ALONE, KEPT), path.begin(ALONE, KEPT)].map((each) => each.catch((error: unknown) => error)),
    );
    for (const error of await path.clock.runUntil(both)) expect(error).toMatchObject({ code: 'upstream_error' });
    expect(path.calls).toHaveLength(1);
    await path.ask(ALONE, KEPT).catch(() => null);
    expect(path.calls).toHaveLength(2);
  });
});
