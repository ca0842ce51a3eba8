// Answers come back as they were put, while they are fresh and there is room.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  asCompletion,
  asCompletionBytes,
  asStream,
  type CacheEntry,
  createCache,
  worthKeeping,
} from '../../src/cache/index.ts';
import type { CacheSettings, Completion, Flag, Nano } from '../../src/contract/index.ts';
import { completionFromStream, streamOf } from '../../src/wire/index.ts';
import { simulatedClock } from '../support/simulated-clock.ts';

const settings: CacheSettings = { enabled: true, ttlMs: 60_000, maxEntries: 100, maxBytes: 1_000_000, scope: 'key' };

function completionOf(content: string, more: Partial<Completion> = {}): Completion {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'a',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
    ...more,
  };
}

function entryOf(bytes: Uint8Array, more: Partial<CacheEntry> = {}): CacheEntry {
  return {
    form: 'completion',
    bytes,
    models: ['a'],
    strategy: 'single',
    task: 'math',
    tier: 'balanced',
    agreement: null,
    confidence: 0.9,
    flags: [],
    tags: [],
    tenant: 'acme',
    costSaved: 5 as Nano,
    storedAt: 0,
    ...more,
  };
}
const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const textOf = (bytes: readonly Uint8Array[]): string => Buffer.concat(bytes).toString();

function setUp(changes: Partial<CacheSettings> = {}) {
  const clock = simulatedClock();
  let limits = { ...settings, ...changes };
  const cache = createCache({ clock, limits: () => limits });
  const change = (more: Partial<CacheSettings>): void => {
    limits = { ...limits, ...more };
  };
  return { clock, cache, change };
}

describe('cache', () => {
  it('gives back what was put until its time is over', async () => {
    const { cache, clock } = setUp();
    const bytes = bytesOf(completionOf('4'));
    expect(cache.put('k', entryOf(bytes), 1_000)).toBe(true);
    bytes.fill(0);
    await clock.advance(999);
    expect(cache.get('k')).toMatchObject({ ...entryOf(bytesOf(completionOf('4'))), storedAt: clock.now() - 999 });
    await clock.advance(1);
    expect(cache.get('k')).toBeNull();
    expect(cache.stats()).toEqual({ entries: 0, bytes: 0, hits: 1, misses: 1, stored: 1, evicted: 0, saved: 5 });
  });

  it('tells what is there without counting it as used or keeping it from going first', () => {
    const { cache } = setUp({ maxEntries: 2 });
    cache.put('a', entryOf(new Uint8Array(10)), 1_000);
    cache.put('b', entryOf(new Uint8Array(10)), 1_000);
    expect([cache.peek('a'), cache.peek('none')]).toEqual([expect.objectContaining({ tenant: 'acme' }), null]);
    expect(cache.stats()).toMatchObject({ hits: 0, misses: 0, saved: 0 });
    cache.put('c', entryOf(new Uint8Array(10)), 1_000);
    expect(cache.peek('a')).toBeNull();
  });

  it('counts what is too old for one who asks as a miss, and has it for others', async () => {
    const { cache, clock } = setUp();
    cache.put('k', entryOf(new Uint8Array(10)), 60_000);
    await clock.advance(10_000);
    expect([cache.get('k', 9_999), cache.peek('k', 9_999)]).toEqual([null, null]);
    expect(cache.stats()).toMatchObject({ hits: 0, misses: 1, saved: 0 });
    expect(cache.get('k', 10_000)).not.toBeNull();
  });

  it('puts nothing without a time to live, without room, or when it is off', () => {
    const { cache, change } = setUp({ maxBytes: 10_000 });
    expect(cache.put('k', entryOf(new Uint8Array(10)), 0)).toBe(false);
    expect(cache.put('k', entryOf(new Uint8Array(10)), Number.NaN)).toBe(false);
    expect(cache.put('k', entryOf(new Uint8Array(9_999)), 1_000)).toBe(false);
    expect(cache.put('k', entryOf(new Uint8Array(10)), 1_000)).toBe(true);
    change({ enabled: false });
    expect(cache.get('k')).toBeNull();
    expect(cache.put('k2', entryOf(new Uint8Array(10)), 1_000)).toBe(false);
  });

  it('lets the least recently used go first, by number and by bytes, also when the limits change', () => {
    const { cache, change } = setUp({ maxEntries: 3 });
    for (const key of ['a', 'b', 'c']) cache.put(key, entryOf(new Uint8Array(100)), 1_000);
    cache.get('a');
    cache.put('d', entryOf(new Uint8Array(100)), 1_000);
    expect(['a', 'b', 'c', 'd'].filter((key) => cache.get(key) !== null)).toEqual(['a', 'c', 'd']);
    change({ maxEntries: 2 });
    expect(['a', 'c', 'd'].filter((key) => cache.get(key) !== null)).toEqual(['c', 'd']);
    change({ maxEntries: 100, maxBytes: 4_000 });
    cache.put('big', entryOf(new Uint8Array(2_000)), 1_000);
    expect(['c', 'd', 'big'].filter((key) => cache.get(key) !== null)).toEqual(['big']);
    expect(cache.stats().evicted).toBe(4);
  });

  it('never holds more than its limits, and only what was put last', () => {
    const step = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e'), size: fc.nat(3_000), read: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (steps, maxEntries) => {
        const { cache } = setUp({ maxEntries, maxBytes: 8_000 });
        const model = new Map<string, number>();
        for (const { key, size, read } of steps) {
          if (!read && cache.put(key, entryOf(new Uint8Array(size)), 1_000)) model.set(key, size);
          const found = cache.get(key);
          if (found !== null) expect(found.bytes.byteLength).toBe(model.get(key));
          const { entries, bytes } = cache.stats();
          expect(entries).toBeLessThanOrEqual(maxEntries);
          expect(bytes).toBeLessThanOrEqual(8_000);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('forgets by key, model, tag and tenant; all conditions must hold', () => {
    const { cache } = setUp();
    const fill = (): void => {
      cache.put('1', entryOf(new Uint8Array(1), { models: ['a', 'b'], tags: ['x'] }), 1_000);
      cache.put('2', entryOf(new Uint8Array(1), { models: ['b'], tenant: 'globex' }), 1_000);
      cache.put('3', entryOf(new Uint8Array(1), { models: ['c'], tags: ['x', 'y'], tenant: 'globex' }), 1_000);
    };
    const left = (): string[] => ['1', '2', '3'].filter((key) => cache.get(key) !== null);
    for (const [filter, expected] of [
      [{ key: '2' }, ['1', '3']],
      [{ model: 'b' }, ['3']],
      [{ tag: 'x' }, ['2']],
      [{ tenant: 'globex' }, ['1']],
      [{ tenant: 'globex', model: 'b' }, ['1', '3']],
      [{ tenant: 'acme', model: 'c' }, ['1', '2', '3']],
      [{}, ['1', '2', '3']],
      [{ all: true }, []],
      [{ all: true, tenant: 'acme' }, ['2', '3']],
    ] as const) {
      fill();
      expect(cache.invalidate(filter)).toBe(3 - expected.length);
      expect(left()).toEqual(expected);
    }
  });
});

describe('forms of an entry', () => {
  const completion = completionOf('Four, as "usage":{} everybody knows.');
  const whole = entryOf(bytesOf(completion));
  const withUsage = entryOf(
    Buffer.concat([...streamOf(completion, { includeUsage: true }), Buffer.from('data: [DONE]\n\n')]),
    { form: 'stream' },
  );
  const without = entryOf(
    Buffer.concat([...streamOf(completion, { includeUsage: false }), Buffer.from('data: [DONE]\n\n')]),
    { form: 'stream' },
  );

  it('a whole answer streams, and a stream is a whole answer', () => {
    expect(asCompletionBytes(whole)).toBe(whole.bytes);
    expect(asCompletion(whole)).toEqual(completion);
    expect(asCompletion(withUsage)).toEqual(completion);
    expect(JSON.parse(textOf([asCompletionBytes(withUsage)]))).toEqual(completion);
    expect(completionFromStream(Buffer.concat(asStream(whole, { includeUsage: true })))).toEqual(completion);
    expect(asStream(whole, { includeUsage: false }).length).toBeGreaterThan(3);
  });

  it('a stream has the usage just when it is asked for, and never an end of its own', () => {
    for (const entry of [whole, withUsage, without])
      for (const includeUsage of [true, false]) {
        const text = textOf(asStream(entry, { includeUsage }));
        expect(text).not.toContain('[DONE]');
        const usage = completionFromStream(Buffer.from(text))?.usage;
        if (!includeUsage) expect(usage).toBeUndefined();
        else if (entry !== without) expect(usage).toEqual(completion.usage);
      }
  });

  it('a kept stream goes out as it came', () => {
    expect(textOf([...asStream(withUsage, { includeUsage: true }), Buffer.from('data: [DONE]\n\n')])).toBe(
      textOf([withUsage.bytes]),
    );
  });

  it('converts once', () => {
    expect(asStream(whole, { includeUsage: true })).toBe(asStream(whole, { includeUsage: true }));
    expect(asCompletion(withUsage)).toBe(asCompletion(withUsage));
  });

  it('throws at what is no completion', () => {
    expect(() => asCompletion(entryOf(Buffer.from('data: nonsense\n\n'), { form: 'stream' }))).toThrow(/no completion/);
  });
});

describe('worthKeeping', () => {
  const keeping = (completion: Completion | null, flags: readonly Flag[] = [], status = 200): boolean =>
    worthKeeping({ status, completion, flags });
  const finished = (finish_reason: string | null): Completion =>
    completionOf('4', { choices: [{ index: 0, message: { role: 'assistant', content: '4' }, finish_reason }] });
  const saying = (message: Record<string, unknown>): Completion =>
    completionOf('', {
      choices: [{ index: 0, message: { role: 'assistant', content: null, ...message }, finish_reason: 'tool_calls' }],
    });

  it('keeps whole answers', () => {
    expect(keeping(completionOf('4'))).toBe(true);
    expect(keeping(completionOf('4'), ['low_confidence', 'downgraded', 'clamped'])).toBe(true);
    expect(keeping(saying({ tool_calls: [{ type: 'function', function: { name: 'f', arguments: '{}' } }] }))).toBe(
      true,
    );
    expect(keeping(saying({ refusal: 'No.' }))).toBe(true);
  });

  it('does not keep what is cut off, empty, failed, disputed or degraded', () => {
    for (const reason of ['length', 'content_filter', 'error', null]) expect(keeping(finished(reason))).toBe(false);
    expect(keeping(null)).toBe(false);
    expect(keeping(completionOf(''))).toBe(false);
    expect(keeping(saying({ tool_calls: [] }))).toBe(false);
    expect(keeping(completionOf('4', { choices: [] }))).toBe(false);
    expect(keeping(completionOf('4', { error: { message: 'no' } }))).toBe(false);
    expect(keeping(completionOf('4'), [], 206)).toBe(false);
    expect(keeping(completionOf('4'), ['disputed'])).toBe(false);
    expect(keeping(completionOf('4'), ['degraded'])).toBe(false);
    const half = completionOf('4');
    const cut = { ...half.choices[0]!, index: 1, finish_reason: 'length' };
    expect(keeping({ ...half, choices: [half.choices[0]!, cut] })).toBe(false);
  });
});
