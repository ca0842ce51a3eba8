// Which models are asked at all: ejected ones aren’t, never more than half of them, and each call’s end is counted.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CallFailure, type StreamReply, type Upstream, type WholeReply } from '../../src/contract/index.ts';
import type { CallEnd } from '../../src/upstream/breaker.ts';
import { guarded, slotOfModel } from '../../src/upstream/health-guard.ts';
import { createHealth, isOutlier, type Health } from '../../src/upstream/health.ts';
import { createSlots } from '../../src/upstream/slots.ts';
import { testModel, testProvider } from '../support/settings.ts';
import { simulatedClock } from '../support/simulated-clock.ts';

const whom = (model: string) => ({ model, provider: 'acme', address: 'http://acme' });
const ORDINARY = { replaceable: true, standIn: false };

function scene(poolSize = 3, random = () => 0.5) {
  let now = 0;
  const health = createHealth({ now: () => now, random, poolSize: () => poolSize });
  const breakDown = (model: string): void => {
    for (let turn = 0; turn < 5; turn++) health.ended(whom(model), 'bad', now);
  };
  return { health, breakDown, at: (ms: number) => (now = ms) };
}

const openOnes = (health: Health): string[] =>
  health.snapshot().flatMap(({ model, state }) => (state === 'closed' ? [] : [model]));

describe('health', () => {
  it('skips an ejected model at once where another can answer, and names the time', () => {
    const { health, breakDown } = scene();
    breakDown('a');
    expect(health.admit(whom('a'), ORDINARY)).toMatch(/until 1970-01-01T00:00:30/);
    expect(health.admit(whom('a'), { replaceable: false, standIn: false })).toBeNull();
    expect([...health.ailing()!.keys()]).toEqual(['a']);
    expect(health.admit(whom('b'), ORDINARY)).toBeNull();
  });

  it('lets exactly one probe through', () => {
    const { health, breakDown, at } = scene();
    breakDown('a');
    at(30_000);
    expect(health.ailing()).toBeNull();
    expect(health.admit(whom('a'), ORDINARY)).toBeNull();
    expect(health.admit(whom('a'), ORDINARY)).toMatch(/left alone/);
    health.ended(whom('a'), 'good', 30_000);
    expect(health.admit(whom('a'), ORDINARY)).toBeNull();
  });

  it('starts a returned model slowly, and ends watching it', () => {
    const { health, breakDown, at } = scene();
    breakDown('a');
    at(30_000);
    health.ended(whom('a'), 'good', 30_000);
    at(36_000);
    expect(health.ailing()?.get('a')).toMatch(/coming back: it gets 20 %/);
    at(50_000);
    expect(health.ailing()).toBeNull();
    at(61_000);
    expect(health.ailing()).toBeNull();
  });

  it('starts anew for a model that moved to another address', () => {
    const { health, breakDown } = scene();
    breakDown('a');
    expect(health.admit({ ...whom('a'), address: 'http://elsewhere' }, ORDINARY)).toBeNull();
    expect(health.ailing()).toBeNull();
  });

  it('ejects by failure rate only against peers that do much better', () => {
    expect(isOutlier({ calls: 40, failures: 16 }, { calls: 100, failures: 2 })).toBe(true);
    expect(isOutlier({ calls: 40, failures: 16 }, { calls: 100, failures: 30 })).toBe(false);
    expect(isOutlier({ calls: 40, failures: 8 }, { calls: 100, failures: 0 })).toBe(false);
    expect(isOutlier({ calls: 10, failures: 9 }, { calls: 100, failures: 0 })).toBe(false);
    expect(isOutlier({ calls: 40, failures: 40 }, { calls: 0, failures: 0 })).toBe(false);
  });

  it('never ejects more than half of the pool, and never the last one, whatever happens', () => {
    const step = fc.record({
      model: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      end: fc.constantFrom<CallEnd>('good', 'bad', 'bad', 'bad', 'neither'),
      ms: fc.integer({ min: 0, max: 20_000 }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 150 }), (pool, steps) => {
        const { health, at } = scene(pool);
        let now = 0;
        for (const { model, end, ms } of steps) {
          at((now += ms));
          health.ended(whom(model), end, now);
          expect(openOnes(health).length).toBeLessThanOrEqual(Math.floor(pool / 2));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('hops to a model that fails as well are few: one in twenty calls', () => {
    const { health, breakDown } = scene(1);
    breakDown('a');
    let hops = 0;
    for (let call = 0; call < 1_000; call++)
      if (health.admit(whom('a'), { replaceable: false, standIn: true }) === null) hops++;
    expect(hops).toBeGreaterThan(45);
    expect(hops).toBeLessThanOrEqual(56);
  });
});

describe('a guarded upstream', () => {
  const REPLY = {
    completion: {} as never,
    bytes: new Uint8Array(),
    retries: 0,
    sentAt: 0,
    firstByteAt: 0,
  } satisfies WholeReply;

  function guard(answer: Partial<Upstream>, limit?: number) {
    const clock = simulatedClock();
    const health = createHealth({ now: () => clock.now(), random: () => 0.5, poolSize: () => 4 });
    const slots = createSlots({
      clock,
      limitOf: (name) => (name === slotOfModel('small') ? limit : undefined),
      maxWaitMs: () => 1_000,
    });
    const never = () => Promise.reject(new Error('not in this test'));
    const upstream = guarded(
      { whole: never, stream: never, close: () => Promise.resolve(), ...answer },
      { clock, health, slots, isLimited: () => limit !== undefined },
    );
    const call = (more: object = {}) => ({
      provider: testProvider({ name: 'acme' }),
      model: testModel({ name: 'small' }),
      request: { model: 'small', messages: [] },
      stream: false,
      requestId: 'r',
      deadlineAt: clock.now() + 60_000,
      signal: new AbortController().signal,
      maxRetries: 0,
      replaceable: true,
      ...more,
    });
    return { clock, health, slots, upstream, call };
  }

  const failing =
    (kind: CallFailure['kind'], more = {}) =>
    () =>
      Promise.reject(new CallFailure(kind, 'no', more));

  it.each([
    ['server_error', 1],
    ['unreachable', 1],
    ['malformed', 1],
    ['refused', 1],
    ['timeout', 1],
    ['rate_limited', 0],
    ['rejected', 0],
    ['aborted', 0],
  ] as const)('%s counts against the model: %i', async (kind, count) => {
    const { upstream, health, call } = guard({ whole: failing(kind) });
    await expect(upstream.whole(call())).rejects.toMatchObject({ kind });
    expect(health.snapshot()[0]!.failuresInRow).toBe(count);
  });

  it("a caller's own time running out says nothing of the model", async () => {
    const { upstream, health, call, clock } = guard({ whole: failing('timeout') });
    await expect(upstream.whole(call({ deadlineAt: clock.now() }))).rejects.toMatchObject({ kind: 'timeout' });
    expect(health.snapshot()[0]!.failuresInRow).toBe(0);
  });

  it('fails at once for an ejected model, without a call', async () => {
    let calls = 0;
    const { upstream, call } = guard({ whole: () => (calls++, failing('server_error')()) });
    for (let turn = 0; turn < 5; turn++) await upstream.whole(call()).catch(() => undefined);
    await expect(upstream.whole(call())).rejects.toMatchObject({ kind: 'unreachable', sent: false });
    expect(calls).toBe(5);
  });

  it('a stream that breaks off counts as a failure, and holds its slot until its end', async () => {
    const reply: StreamReply = { retries: 0, sentAt: 0, firstByteAt: 0, pump: failing('unreachable') };
    const { upstream, health, slots, call } = guard({ stream: () => Promise.resolve(reply) }, 1);
    const live = await upstream.stream(call());
    expect(slots.use()[0]).toMatchObject({ used: 1 });
    await expect(live.pump({ write: () => true, drained: () => Promise.resolve() })).rejects.toThrow();
    expect(slots.use()[0]).toMatchObject({ used: 0 });
    expect(health.snapshot()[0]!.failuresInRow).toBe(1);
  });

  it('a stream that nobody reads gives its slot back when its request ends or its time is up', async () => {
    const reply: StreamReply = { retries: 0, sentAt: 0, firstByteAt: 0, pump: () => Promise.resolve() };
    const { upstream, slots, call, clock } = guard({ stream: () => Promise.resolve(reply) }, 2);
    const gone = new AbortController();
    await upstream.stream(call({ signal: gone.signal }));
    await upstream.stream(call());
    gone.abort();
    expect(slots.use()[0]).toMatchObject({ used: 1 });
    await clock.advance(60_000);
    expect(slots.use()[0]).toMatchObject({ used: 0 });
  });

  it('says how long a call waited for its slot', async () => {
    const { upstream, call, clock } = guard(
      { whole: () => new Promise((resolve) => clock.after(300, () => resolve(REPLY))) },
      1,
    );
    const [first, second] = await clock.runUntil(Promise.all([upstream.whole(call()), upstream.whole(call())]));
    expect(first).not.toHaveProperty('queueMs');
    expect(second).toMatchObject({ queueMs: 300 });
  });

  it('goes elsewhere when no slot comes free, and tells the client where it can’t', async () => {
    const { upstream, call, clock } = guard({ whole: () => new Promise(() => undefined) }, 1);
    void upstream.whole(call());
    const outcomes = Promise.allSettled([upstream.whole(call()), upstream.whole(call({ replaceable: false }))]);
    const [replaceable, last] = await clock.runUntil(outcomes);
    expect(replaceable).toMatchObject({ reason: { kind: 'rate_limited', sent: false } });
    expect(last).toMatchObject({ reason: { code: 'overload_throttled' } });
  });
});
