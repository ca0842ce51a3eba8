// When the same is tried again: the delays by themselves, and through real calls under a clock that jumps.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createUpstream, MAX_RETRIES, nextRetryMs, retryDelayMs } from '../../src/upstream/index.ts';
import { createRetryBudget } from '../../src/upstream/retry.ts';
import { callTo, COMPLETION, failureOf, json, jumpingClock, PATIENT, site, upstreamFor, type Answer } from './scene.ts';

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const PATIENT_MODEL = { timeouts: PATIENT };

describe('retry delays', () => {
  it('Π3 delays double from 1 s, and jitter stays within half of the step', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: MAX_RETRIES }), chance, (n, random) => {
        const step = 1000 * 2 ** (n - 1);
        const delay = retryDelayMs(n, () => random, null);
        expect(delay).toBeGreaterThanOrEqual(step);
        expect(delay).toBeLessThanOrEqual(step * 1.5);
        expect(retryDelayMs(n, () => 0, null)).toBe(step);
      }),
    );
  });

  it('Π3 a retry-after wins over the formula', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), chance, fc.nat(), (n, random, asked) => {
        expect(retryDelayMs(n, () => random, asked)).toBe(asked);
      }),
    );
  });

  it('Π3 at most 5, never past the deadline', () => {
    const asked = fc.option(fc.nat({ max: 100_000 }), { nil: null });
    fc.assert(
      fc.property(fc.nat({ max: 9 }), fc.nat({ max: 9 }), asked, chance, fc.nat({ max: 60_000 }), (...drawn) => {
        const [retries, maxRetries, retryAfterMs, random, left] = drawn;
        const state = { retries, maxRetries, retryAfterMs, now: 5000, deadlineAt: 5000 + left };
        const delay = nextRetryMs(state, () => random);
        if (delay !== null) {
          expect(retries).toBeLessThan(Math.min(5, maxRetries));
          expect(delay).toBeLessThan(left);
        } else if (retries < Math.min(5, maxRetries)) {
          expect(retryDelayMs(retries + 1, () => random, retryAfterMs)).toBeGreaterThanOrEqual(left);
        }
      }),
    );
  });

  it('Π3 through real calls: each wait doubles with jitter, at most 5 of them, none past the deadline', async () => {
    const { origin, seen } = await site((response) => json(response, 429, { error: { code: 'rate_limit_exceeded' } }));
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 8 }), chance, fc.nat({ max: 60_000 }), async (maxRetries, random, timeMs) => {
        const clock = jumpingClock();
        const deadlineAt = clock.now() + timeMs + 1;
        const upstream = createUpstream({ clock, random: () => random });
        const before = seen.length;
        const call = callTo(origin, { model: PATIENT_MODEL, provider: { maxRetries }, maxRetries: 9, deadlineAt });
        const failure = await failureOf(upstream.whole(call));
        await upstream.close();
        expect(failure).toMatchObject({ kind: 'rate_limited', status: 429, retries: clock.waits.length });
        expect(seen.length - before).toBe(clock.waits.length + 1);
        expect(clock.waits.length).toBeLessThanOrEqual(Math.min(5, maxRetries));
        clock.waits.forEach((wait, at) => expect(wait).toBeCloseTo(1000 * 2 ** at * (1 + random / 2), 6));
        expect(clock.now()).toBeLessThan(deadlineAt);
      }),
      { numRuns: 100 },
    );
  });
});

const RETRYING = { maxRetries: 5, provider: { maxRetries: 5 }, model: PATIENT_MODEL };

/** The first answers as given, then a good one. */
const thenGood =
  (...first: readonly Answer[]): Answer =>
  (response, seen, nth) => {
    const answer = first[nth - 1];
    if (answer === undefined) json(response, 200, COMPLETION);
    else answer(response, seen, nth);
  };

const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (response) =>
    json(response, code, { error: { message: 'no', code: null } }, headers);

describe('retries of calls', () => {
  it.each([408, 409, 425, 429, 500, 502, 503, 529])('%i is tried again', async (code) => {
    const { origin } = await site(thenGood(status(code), status(code)));
    const clock = jumpingClock();
    const reply = await upstreamFor({ clock, random: () => 0 }).whole(callTo(origin, RETRYING));
    expect(reply.retries).toBe(2);
    expect(clock.waits).toEqual([1000, 2000]);
  });

  it.each([400, 401, 403, 404, 422, 302])('%i is not', async (code) => {
    const { origin, seen } = await site(thenGood(status(code)));
    const failure = await failureOf(upstreamFor({ clock: jumpingClock() }).whole(callTo(origin, RETRYING)));
    expect(failure).toMatchObject({ status: code, retries: 0 });
    expect(seen).toHaveLength(1);
  });

  it('streams are retried before their first event, an error event included', async () => {
    const errorEvent: Answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(': hello\n\ndata: {"error":{"message":"busy","code":503}}\n\n');
    };
    const good: Answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end('data: {"choices":[]}\n\n');
    };
    const { origin } = await site(thenGood(status(503), errorEvent, good));
    const reply = await upstreamFor({ clock: jumpingClock() }).stream(callTo(origin, { ...RETRYING, stream: true }));
    expect(reply.retries).toBe(2);
  });

  const inSeconds = (seconds: number): string => new Date(1000 + seconds * 1000).toUTCString();
  it.each([
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after': '7' }, 7000],
    [{ 'retry-after': '0.5' }, 500],
    [{ 'retry-after-ms': '20', 'retry-after': '7' }, 20],
    [{ 'retry-after': inSeconds(9) }, 9000],
    [{ 'retry-after': inSeconds(-1) }, 0],
    [{ 'retry-after': 'soon' }, 1000],
    [{ 'retry-after': '-3' }, 1000],
  ])('%j waits %i ms', async (headers, waitMs) => {
    const { origin } = await site(thenGood(status(429, headers)));
    const clock = jumpingClock();
    await upstreamFor({ clock, random: () => 0 }).whole(callTo(origin, RETRYING));
    expect(clock.waits).toEqual([waitMs]);
  });

  it('a retry-after past the deadline ends it at once, with the last failure and its wish', async () => {
    const { origin, seen } = await site(status(429, { 'retry-after': '60' }));
    const clock = jumpingClock();
    const call = callTo(origin, { ...RETRYING, deadlineAt: clock.now() + 30_000 });
    const failure = await failureOf(upstreamFor({ clock }).whole(call));
    expect(failure).toMatchObject({ kind: 'rate_limited', retryAfterMs: 60_000, retries: 0 });
    expect(Buffer.from(failure.body!).toString()).toContain('"no"');
    expect([seen.length, clock.waits]).toEqual([1, []]);
  });

  it('an upstream that says not to is not asked again', async () => {
    const { origin } = await site(status(503, { 'x-should-retry': 'false' }));
    const failure = await failureOf(upstreamFor({ clock: jumpingClock() }).whole(callTo(origin, RETRYING)));
    expect(failure.retries).toBe(0);
  });

  it('the smallest limit of call, provider and five counts', async () => {
    const { origin } = await site(status(500));
    const upstream = upstreamFor({ clock: jumpingClock() });
    const retriesOf = async (call: number, provider: number): Promise<number> => {
      const limits = { model: PATIENT_MODEL, maxRetries: call, provider: { maxRetries: provider } };
      return (await failureOf(upstream.whole(callTo(origin, limits)))).retries;
    };
    expect([await retriesOf(1, 9), await retriesOf(9, 2), await retriesOf(9, 9)]).toEqual([1, 2, 5]);
  });

  it('nobody listening is tried again', async () => {
    const clock = jumpingClock();
    const failure = await failureOf(upstreamFor({ clock }).whole(callTo('http://127.0.0.1:1', RETRYING)));
    expect(failure).toMatchObject({ kind: 'unreachable', retries: 5 });
    expect(clock.waits).toHaveLength(5);
  });

  it('a reset before any answer on a fresh socket is an ordinary retry', async () => {
    const { origin } = await site(thenGood((response) => response.socket?.resetAndDestroy()));
    const clock = jumpingClock();
    const reply = await upstreamFor({ clock, random: () => 0 }).whole(callTo(origin, RETRYING));
    expect([reply.retries, clock.waits]).toEqual([1, [1000]]);
  });

  it('a kept-alive socket that resets before any answer: once more at once on a fresh one, uncounted', async () => {
    const { origin, seen } = await site((response, _, nth) => {
      if (nth === 2) response.socket?.resetAndDestroy();
      else json(response, 200, COMPLETION);
    });
    const clock = jumpingClock();
    const upstream = upstreamFor({ clock });
    await upstream.whole(callTo(origin, { model: PATIENT_MODEL }));
    await settled();
    const reply = await upstream.whole(callTo(origin, { model: PATIENT_MODEL }));
    expect([reply.retries, clock.waits]).toEqual([0, []]);
    expect(seen[1]!.socket).toBe(seen[0]!.socket);
    expect(seen[2]!.socket).not.toBe(seen[0]!.socket);
  });

  it('... but only once', async () => {
    const { origin, seen } = await site((response, _, nth) => {
      if (nth > 1) response.socket?.resetAndDestroy();
      else json(response, 200, COMPLETION);
    });
    const upstream = upstreamFor({ clock: jumpingClock() });
    await upstream.whole(callTo(origin, { model: PATIENT_MODEL }));
    await settled();
    expect(await failureOf(upstream.whole(callTo(origin, { model: PATIENT_MODEL })))).toMatchObject({
      kind: 'unreachable',
      retries: 0,
    });
    expect(seen).toHaveLength(3);
  });
});

describe('attempts that may have been charged', () => {
  const gone: Answer = (response) => response.socket?.destroy();

  it.each([
    ['no answer', gone, 1],
    ['504: a gateway lost patience', status(504), 1],
    ['524: so did another', status(524), 1],
    ['503', status(503), undefined],
    ['429', status(429), undefined],
  ])('before a good one, %s: %o', async (_, answer, lost) => {
    const { origin } = await site(thenGood(answer));
    const reply = await upstreamFor({ clock: jumpingClock() }).whole(callTo(origin, RETRYING));
    expect([reply.retries, reply.lost]).toEqual([1, lost]);
  });

  it('all of them, when none was good; a connection that never was is none', async () => {
    const { origin } = await site(gone);
    const upstream = upstreamFor({ clock: jumpingClock() });
    expect(await failureOf(upstream.whole(callTo(origin, RETRYING)))).toMatchObject({ retries: 5, lost: 6 });
    const nobody = await failureOf(upstream.whole(callTo('http://127.0.0.1:1', RETRYING)));
    expect(nobody).toMatchObject({ retries: 5, lost: 0, sent: false });
  });
});

/** A kept-alive socket is free again a turn of the event loop after its answer. */
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

describe('the retry budget', () => {
  it('lets three retries be under way, or a fifth of all calls', () => {
    fc.assert(
      fc.property(fc.nat({ max: 200 }), (calls) => {
        const budget = createRetryBudget();
        for (let call = 0; call < calls; call++) budget.begin();
        let taken = 0;
        while (budget.take()) taken++;
        expect(taken).toBe(Math.ceil(Math.max(3, calls / 5)));
        budget.give();
        expect([budget.take(), budget.take()]).toEqual([true, false]);
        for (let call = 0; call < calls; call++) budget.end();
        for (let retry = 0; retry < taken; retry++) budget.give();
        expect(budget.take()).toBe(true);
      }),
    );
  });

  it('stops a storm: of ten calls that fail at once three are tried again', async () => {
    const waiting: (() => void)[] = [];
    const { origin, seen } = await site((response) => {
      waiting.push(() => json(response, 500, {}));
      if (waiting.length === 10) for (const answer of waiting.splice(0)) answer();
      if (seen.length > 10) json(response, 200, COMPLETION);
    });
    const upstream = upstreamFor({ clock: jumpingClock() });
    const all = await Promise.allSettled(Array.from({ length: 10 }, () => upstream.whole(callTo(origin, RETRYING))));
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  });
});
