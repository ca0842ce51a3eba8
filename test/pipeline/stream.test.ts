// Streams through the whole path: bytes as they come, and never cut silently.
import { describe, expect, it } from 'vitest';
import type { Written } from '../../src/contract/index.ts';
import { BOUNDLESS } from '../../src/pipeline/capacity.ts';
import { progressOf, testPath } from '../support/path.ts';
import { testSettings } from '../support/settings.ts';

const NAMES = ['birch-mini', 'cedar-flash', 'dahlia-pro', 'elm-large', 'fern-deep', 'aster-nano'];

const ALONE = { model: 'dahlia-pro', stream: true, messages: [{ role: 'user', content: 'Name a river.' }] };

describe('a request that has ended', () => {
  it('tells whoever begins to follow it so at once, as long as its record is not kept', async () => {
    const later: (() => void)[] = [];
    const path = testPath({}, testSettings(), 1, { later: (work) => void later.push(work) });
    await path.ask({ ...ALONE, stream: false });
    const heard: unknown[] = [];
    path.pipeline.running('req_1')!.follow((event) => heard.push(event));
    expect(heard).toEqual([null]);
    for (const work of later) work();
    expect(path.pipeline.running('req_1')).toBeUndefined();
    expect(path.records).toHaveLength(1);
  });
});

describe('progress', () => {
  it('Π10 that comes late bears the stage that was reached', async () => {
    const later: (() => void)[] = [];
    const path = testPath({}, testSettings(), 1, { later: (work) => void later.push(work) });
    await path.ask({ ...ALONE, stream: false });
    const trail = path.pipeline.running('req_1')!;
    const reached = trail.events.at(-1)!;
    trail.tell({ stage: 1, type: 'failed', model: 'dahlia-pro' });
    expect(trail.events.at(-1)).toMatchObject({ seq: reached.seq + 1, stage: reached.stage, type: 'failed' });
  });
});

describe('the slot of a request', () => {
  it.each([
    ['answered', {}],
    ['failed', { 'dahlia-pro': { fails: 'server_error' } }],
  ] as const)('is free again once it has %s', async (_how, models) => {
    let taken = 0;
    const enter = () => {
      taken += 1;
      return { waitedMs: 0, release: () => void (taken -= 1) };
    };
    const path = testPath(models, testSettings(), 1, { capacity: { ...BOUNDLESS, enter } });
    for (const stream of [false, true]) await path.ask({ ...ALONE, stream }).catch(() => undefined);
    expect(taken).toBe(0);
    expect(path.records).toHaveLength(2);
  });
});

describe('a single stream', () => {
  it('comes chunk by chunk, ends with the summary and [DONE], and hides the usage that nobody asked for', async () => {
    const path = testPath({ 'dahlia-pro': { says: 'The Elbe flows north.', paceMs: 10 } });
    const heard = await path.ask(ALONE);
    const times = heard.writes.map(({ at }) => at);
    expect(new Set(times).size).toBeGreaterThan(2);
    expect(heard.text).not.toContain('"prompt_tokens"');
    expect(heard.writes.at(-1)!.text).toBe('data: [DONE]\n\n');
    const summary = /^: quorum (\{.*\})\n\n$/.exec(heard.writes.at(-2)!.text)![1]!;
    expect(JSON.parse(summary)).toMatchObject({ model: 'dahlia-pro', strategy: 'single', attempts: 1 });
    expect(path.records[0]!.attempts[0]!.usage).toMatchObject({ completion_tokens: 10 });
  });

  it('gives the usage to who asks for it', async () => {
    const path = testPath({});
    expect((await path.ask({ ...ALONE, stream_options: { include_usage: true } })).text).toContain('"prompt_tokens"');
  });

  it('lets go of the text of its request once it has begun, and no sooner', async () => {
    const written = (): Written => ({ text: JSON.stringify(ALONE), fields: ALONE });
    const [streamed, failing, merged] = [written(), written(), written()];
    await testPath({}).ask(ALONE, { written: streamed });
    expect(streamed).toEqual({ text: '', fields: ALONE });
    await expect(
      testPath({ 'dahlia-pro': { fails: 'server_error' } }).ask(ALONE, { written: failing }),
    ).rejects.toThrow();
    await testPath({}).ask({ ...ALONE, model: 'quorum/dual' }, { written: merged });
    expect([failing.text, merged.text]).toEqual([JSON.stringify(ALONE), JSON.stringify(ALONE)]);
  });

  it('that breaks off ends with an error chunk and without [DONE]', async () => {
    const path = testPath({ 'dahlia-pro': { says: 'The Elbe flows north into the sea.', breaksAfter: 3 } });
    const heard = await path.ask(ALONE);
    const last = JSON.parse(heard.writes.at(-1)!.text.replace(/^data: /, '')) as {
      error: unknown;
      choices: { finish_reason: string }[];
    };
    expect(last.error).toMatchObject({ code: 'upstream_error' });
    expect(last.choices[0]!.finish_reason).toBe('error');
    expect(heard.text).not.toContain('[DONE]');
    expect(path.records[0]).toMatchObject({ status: 502, errorCode: 'upstream_error' });
  });
});

describe('a stream of several models', () => {
  it('tells its progress first, then streams the answer', async () => {
    const path = testPath({});
    const heard = await path.ask({ ...ALONE, model: 'quorum/dual' });
    const told = progressOf(heard);
    expect(told.map(({ type }) => type)).toEqual(expect.arrayContaining(['routed', 'call_start', 'answer']));
    expect(heard.writes[0]!.text).toMatch(/^: quorum /);
    expect(heard.message['content']).toBe('yes');
  });

  it('keeps the connection alive while it waits', async () => {
    const path = testPath(
      Object.fromEntries(NAMES.map((name) => [name, { latencyMs: 35_000 }])),
      testSettings({
        models: NAMES.map((name) => ({
          name,
          speed: 'slow',
          timeouts: { connectMs: 1_000, firstTokenMs: 60_000, idleMs: 60_000, totalMs: 60_000 },
        })),
      }),
    );
    const heard = await path.ask({ ...ALONE, model: 'quorum/dual' });
    const quiet = heard.writes.slice(1).map(({ at }, index) => at - heard.writes[index]!.at);
    expect(Math.max(...quiet)).toBeLessThanOrEqual(10_000);
    expect(heard.text).toContain(': keep-alive');
  });

  it('tells a failure in the stream', async () => {
    const path = testPath(Object.fromEntries(NAMES.map((name) => [name, { fails: 'server_error' as const }])));
    const heard = await path.ask({ ...ALONE, model: 'quorum/triple' });
    expect(heard.writes.at(-1)!.text).toContain('"finish_reason":"error"');
    expect(heard.text).not.toContain('[DONE]');
  });
});
