// Rate-limit headers are read and obeyed: never sent before they allow it, never later than needed.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPaceLine, Pace, type Turn } from '../../src/upstream/pacing.ts';
import { allowancesOf, resetAtOf } from '../../src/upstream/pacing-headers.ts';
import { simulatedClock } from '../support/simulated-clock.ts';
import { callTo, COMPLETION, site, upstreamFor } from './scene.ts';

const NOW = Date.UTC(2026, 0, 1);
/** Of a client that stays; one a request, as in life. */
const stays = (): AbortSignal => new AbortController().signal;

describe('rate-limit headers', () => {
  it.each([
    ['1', 1_000],
    ['0.25', 250],
    ['6m0s', 360_000],
    ['1h2m3.5s', 3_723_500],
    ['20ms', 20],
    ['1d', 86_400_000],
    ['2m59.56s', 179_560],
    [String((NOW + 7_000) / 1_000), 7_000],
    [String(NOW + 7_000), 7_000],
    ['2026-01-01T00:00:09Z', 9_000],
    ['2026-01-01T01:00:09+01:00', 9_000],
    ['Thu, 01 Jan 2026 00:00:12 GMT', 12_000],
  ])('%s is read as %i ms from now', (text, ms) => {
    expect(resetAtOf(text, NOW)! - NOW).toBeCloseTo(ms, 3);
  });

  it.each(['', 'soon', '-5s', '1x', 'm'])('"%s" is no time', (text) => {
    expect(resetAtOf(text, NOW)).toBeNull();
  });

  it.each([
    [
      'OpenAI, Groq',
      { 'x-ratelimit-limit-requests': '60', 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '1s' },
      'requests',
      0,
      60,
      1_000,
    ],
    [
      'OpenAI’s tokens',
      {
        'x-ratelimit-limit-tokens': '150000',
        'x-ratelimit-remaining-tokens': '149984',
        'x-ratelimit-reset-tokens': '6m0s',
      },
      'tokens',
      149_984,
      150_000,
      360_000,
    ],
    [
      'Anthropic',
      {
        'anthropic-ratelimit-requests-limit': '50',
        'anthropic-ratelimit-requests-remaining': '49',
        'anthropic-ratelimit-requests-reset': '2026-01-01T00:00:02Z',
      },
      'requests',
      49,
      50,
      2_000,
    ],
    [
      'Anthropic’s input tokens',
      {
        'anthropic-ratelimit-input-tokens-remaining': '1000',
        'anthropic-ratelimit-input-tokens-reset': '2026-01-01T00:00:02Z',
      },
      'tokens',
      1_000,
      null,
      2_000,
    ],
    [
      'OpenRouter',
      { 'x-ratelimit-limit': '20', 'x-ratelimit-remaining': '3', 'x-ratelimit-reset': String(NOW + 4_000) },
      'requests',
      3,
      20,
      4_000,
    ],
    [
      'Azure',
      { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '10' },
      'requests',
      0,
      null,
      10_000,
    ],
    ['Together', { 'x-tokenlimit-remaining': '9', 'x-tokenlimit-reset': '1' }, 'tokens', 9, null, 1_000],
    [
      'the IETF draft',
      { 'ratelimit-limit': '100, 100;w=60', 'ratelimit-remaining': '0', 'ratelimit-reset': '30' },
      'requests',
      0,
      100,
      30_000,
    ],
    ['the IETF draft in one', { ratelimit: 'limit=100, remaining=5, reset=30' }, 'requests', 5, 100, 30_000],
    ['the later IETF draft', { ratelimit: '"default";r=5;t=30' }, 'requests', 5, null, 30_000],
  ] as const)('%s', (_, headers, counts, remaining, limit, ms) => {
    expect(allowancesOf(headers, NOW)).toEqual([
      expect.objectContaining({ counts, remaining, limit, resetAt: NOW + ms }),
    ]);
  });

  it('other headers say nothing', () => {
    expect(
      allowancesOf(
        {
          'content-type': 'application/json',
          'x-limit-remaining-lives': '9',
          'x-ratelimit-remaining-requests': 'many',
        },
        NOW,
      ),
    ).toEqual([]);
  });
});

const requestsLeft = (remaining: number, resetMs: number, limit?: number) => ({
  'x-ratelimit-remaining-requests': String(remaining),
  'x-ratelimit-reset-requests': `${resetMs}ms`,
  ...(limit !== undefined && { 'x-ratelimit-limit-requests': String(limit) }),
});

describe('a pace', () => {
  it('Π7 one after the other: never before the headers allow it, never later', () => {
    const answer = fc.record({
      remaining: fc.integer({ min: 0, max: 3 }),
      resetMs: fc.integer({ min: 1, max: 5_000 }),
      tokensLeft: fc.option(fc.integer({ min: 0, max: 200 })),
      tokensResetMs: fc.integer({ min: 1, max: 5_000 }),
      tokens: fc.integer({ min: 1, max: 100 }),
      tookMs: fc.integer({ min: 0, max: 3_000 }),
      hasHeaders: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(answer, { minLength: 1, maxLength: 30 }), (answers) => {
        const pace = new Pace();
        let now = NOW;
        // The same said plainly: what the last headers told, counted down, gone at its reset.
        let requests = { left: Infinity, resetAt: 0 };
        let tokensLeft = { left: Infinity, resetAt: 0 };
        for (const each of answers) {
          if (requests.resetAt <= now) requests = { left: Infinity, resetAt: 0 };
          if (tokensLeft.resetAt <= now) tokensLeft = { left: Infinity, resetAt: 0 };
          let expected = now;
          if (requests.left < 1) expected = Math.max(expected, requests.resetAt);
          if (tokensLeft.left < each.tokens) expected = Math.max(expected, tokensLeft.resetAt);
          expect(pace.allowedAt(each.tokens, now)).toBe(expected);
          now = expected;
          expect(pace.allowedAt(each.tokens, now)).toBe(now);
          const number = pace.send(each.tokens);
          requests.left -= 1;
          tokensLeft.left -= each.tokens;
          now += each.tookMs;
          if (each.hasHeaders) {
            const headers = {
              ...requestsLeft(each.remaining, each.resetMs),
              ...(each.tokensLeft !== null && {
                'x-ratelimit-remaining-tokens': String(each.tokensLeft),
                'x-ratelimit-reset-tokens': `${each.tokensResetMs}ms`,
              }),
            };
            pace.heard(number, 200, headers, now);
            requests = { left: each.remaining, resetAt: now + each.resetMs };
            if (each.tokensLeft !== null) tokensLeft = { left: each.tokensLeft, resetAt: now + each.tokensResetMs };
          }
          pace.over(number);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('Π7 side by side: no window gets more than its limit, and all are sent', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 400 }),
        async (limit, count, tookMs) => {
          const clock = simulatedClock(NOW);
          const line = createPaceLine(clock);
          const WINDOW_MS = 1_000;
          const sentIn = new Map<number, number>();
          const windowOf = (at: number): number => Math.floor((at - NOW) / WINDOW_MS);
          let refused = 0;
          const one = async (tenant: string): Promise<void> => {
            const turn = await line.turn({ tokens: 1, tenant, signal: stays(), mostMs: 1e9 });
            const window = windowOf(clock.now());
            const used = (sentIn.get(window) ?? 0) + 1;
            sentIn.set(window, used);
            if (used > limit) refused++;
            await new Promise<void>((resolve) => void clock.after(tookMs, resolve));
            line.heard(turn as number, 200, {
              'x-ratelimit-remaining': String(Math.max(0, limit - used)),
              'x-ratelimit-reset': String(NOW + (window + 1) * WINDOW_MS),
              'x-ratelimit-limit': String(limit),
            });
            line.over(turn as number);
          };
          // The first answer tells what the limit is.
          await clock.runUntil(one('first'));
          await clock.runUntil(Promise.all(Array.from({ length: count }, (_, number) => one(`t${number % 3}`))));
          expect(refused).toBe(0);
          expect([...sentIn.values()].reduce((sum, each) => sum + each, 0)).toBe(count + 1);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('Π6 without headers nobody waits, however many', () => {
    const line = createPaceLine(simulatedClock());
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 500 }), fc.constantFrom(200, 400, 429, 500, 529), (tokens, status) => {
        const turn = line.turn({ tokens, tenant: 't', signal: stays(), mostMs: 0 });
        expect(turn).toBeTypeOf('number');
        line.heard(turn as number, status, { 'content-type': 'application/json' });
        expect(line.isFree).toBe(true);
      }),
    );
  });

  it('holds everybody back when an answer says retry-after, in either unit or as a date', () => {
    for (const headers of [
      { 'retry-after': '3' },
      { 'retry-after-ms': '3000' },
      { 'retry-after': new Date(NOW + 3_000).toUTCString() },
    ]) {
      const pace = new Pace();
      pace.heard(pace.send(1), 429, headers, NOW);
      expect(pace.allowedAt(1, NOW)).toBe(NOW + 3_000);
      expect(pace.allowedAt(1, NOW + 3_000)).toBe(NOW + 3_000);
      expect(pace.isFree).toBe(true);
    }
  });

  it('an answer that was overtaken only tightens', () => {
    const pace = new Pace();
    const [first, second] = [pace.send(1), pace.send(1)];
    pace.heard(second, 200, requestsLeft(0, 5_000), NOW);
    pace.heard(first, 200, requestsLeft(1, 5_000), NOW);
    expect(pace.allowedAt(1, NOW)).toBe(NOW + 5_000);
  });

  it('more tokens than the whole limit are let go: the provider shall say no', () => {
    const pace = new Pace();
    pace.heard(
      pace.send(1),
      200,
      { 'x-ratelimit-limit-tokens': '100', 'x-ratelimit-remaining-tokens': '100', 'x-ratelimit-reset-tokens': '1s' },
      NOW,
    );
    expect(pace.allowedAt(5_000, NOW)).toBe(NOW);
  });

  it('waits for tenants in turn, leaves with the signal, and says at once when it is too long', async () => {
    const clock = simulatedClock(NOW);
    const line = createPaceLine(clock);
    line.heard(line.send(), 200, requestsLeft(0, 2_000));
    const order: string[] = [];
    const gone = new AbortController();
    const enter = (tenant: string, signal = stays()) =>
      Promise.resolve(line.turn({ tokens: 1, tenant, signal, mostMs: 5_000 })).then((turn: Turn) =>
        order.push(typeof turn === 'number' ? tenant : 'late'),
      );
    const all = ['a', 'a', 'b'].map((tenant) => enter(tenant));
    const left = enter('c', gone.signal).catch(() => order.push('gone'));
    gone.abort();
    expect(line.turn({ tokens: 1, tenant: 'd', signal: stays(), mostMs: 1_999 })).toEqual({ waitMs: 2_000 });
    await clock.advance(1_999);
    expect(order).toEqual(['gone']);
    await clock.advance(1);
    await Promise.all([...all, left]);
    expect(order).toEqual(['gone', 'a', 'b', 'a']);
  });
});

describe('calls obey the pace', () => {
  const body = JSON.stringify(COMPLETION);

  it('the next request waits exactly until the headers allow it', async () => {
    const clock = simulatedClock(NOW);
    const upstream = upstreamFor({ clock });
    const { origin, seen } = await site((response, _, nth) => {
      response.writeHead(200, { 'content-type': 'application/json', ...(nth === 1 && requestsLeft(0, 4_000)) });
      response.end(body);
    });
    const call = callTo(origin);
    await upstream.whole(call);
    const waiting = upstream.whole(call);
    await clock.advance(3_999);
    expect(seen).toHaveLength(1);
    await clock.advance(1);
    expect((await waiting).queueMs).toBe(4_000);
    expect((await upstream.whole(call)).queueMs).toBeUndefined();
    expect(seen).toHaveLength(3);
  });

  it('a call that another model can take fails at once instead, and was never sent', async () => {
    const upstream = upstreamFor();
    const { origin, seen } = await site((response) => {
      response.writeHead(200, { 'content-type': 'application/json', ...requestsLeft(0, 60_000) });
      response.end(body);
    });
    await upstream.whole(callTo(origin));
    for (const replaceable of [true, false]) {
      const failure = upstream.whole(callTo(origin, { replaceable }));
      await expect(failure).rejects.toMatchObject({
        kind: 'rate_limited',
        sent: false,
        retryAfterMs: expect.closeTo(60_000, -4),
      });
    }
    expect(seen).toHaveLength(1);
  });
});
