// What may happen at the same time: slots in order, tenants in turn, all names or none, and no deadlock.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QuorumError } from '../../src/contract/index.ts';
import { createSlots, type Lease, type Slots } from '../../src/upstream/slots.ts';
import { simulatedClock } from '../support/simulated-clock.ts';

const SIGNAL = new AbortController().signal;

function scene(limits: Record<string, number>, maxWaitMs = 10_000) {
  const clock = simulatedClock();
  return { clock, slots: createSlots({ clock, limitOf: (name) => limits[name], maxWaitMs: () => maxWaitMs }) };
}
const used = (slots: Slots, name: string): number => slots.use().find((each) => each.name === name)!.used;

describe('slots', () => {
  it('cost nothing where nothing is limited', () => {
    const { slots } = scene({});
    expect(slots.take(['global', 'planner'], 't', SIGNAL)).toMatchObject({ waitedMs: 0 });
    expect(slots.use()).toEqual([]);
  });

  it('are given at once while there are any, then in order', async () => {
    const { slots } = scene({ heavy: 1 });
    const first = slots.take(['heavy'], 't', SIGNAL) as Lease;
    const order: number[] = [];
    const waiting = [1, 2, 3].map(async (number) => {
      const lease = await slots.take(['heavy'], 't', SIGNAL);
      order.push(number);
      lease.release();
    });
    first.release();
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3]);
    expect(used(slots, 'heavy')).toBe(0);
  });

  it('go to tenants in turn', async () => {
    const { slots } = scene({ heavy: 1 });
    const first = slots.take(['heavy'], 'x', SIGNAL) as Lease;
    const order: string[] = [];
    const waiting = ['a', 'a', 'a', 'b', 'b', 'c'].map(async (tenant) => {
      const lease = await slots.take(['heavy'], tenant, SIGNAL);
      order.push(tenant);
      lease.release();
    });
    first.release();
    await Promise.all(waiting);
    expect(order).toEqual(['a', 'b', 'c', 'a', 'b', 'a']);
  });

  it('refuses with overload_throttled and retry-after after the longest wait', async () => {
    const { clock, slots } = scene({ heavy: 1 });
    const lease = slots.take(['heavy'], 't', SIGNAL) as Lease;
    const waiting = (slots.take(['heavy'], 't', SIGNAL) as Promise<Lease>).catch((error: unknown) => error);
    await clock.advance(9_999);
    const second = (slots.take(['heavy'], 't', SIGNAL) as Promise<Lease>).catch((error: unknown) => error);
    await clock.advance(1);
    const error = (await waiting) as QuorumError;
    expect(error).toMatchObject({ code: 'overload_throttled', status: 503 });
    expect(error.extra.retryAfterMs).toBeGreaterThanOrEqual(1_000);
    lease.release();
    expect(await second).toMatchObject({ waitedMs: 1 });
  });

  it('refuses at once when the line is too long to be served in time', async () => {
    const { clock, slots } = scene({ heavy: 1 }, 1_000);
    const lease = slots.take(['heavy'], 't', SIGNAL) as Lease;
    await clock.advance(500);
    lease.release();
    void slots.take(['heavy'], 't', SIGNAL);
    const outcomes = Array.from({ length: 20 }, () => {
      try {
        void (slots.take(['heavy'], 't', SIGNAL) as Promise<Lease>).catch(() => undefined);
        return 'waits';
      } catch (error) {
        return (error as QuorumError).code;
      }
    });
    expect(outcomes.slice(0, 8)).toEqual(Array(8).fill('waits'));
    expect(outcomes.slice(8)).toEqual(Array(12).fill('overload_throttled'));
  });

  it('takes all names or none: who waits for one holds nothing of the others', async () => {
    const { slots } = scene({ global: 2, heavy: 1 });
    const heavy = slots.take(['heavy', 'global'], 't', SIGNAL) as Lease;
    const waiting = slots.take(['heavy', 'global'], 't', SIGNAL) as Promise<Lease>;
    const light = slots.take(['global'], 't', SIGNAL) as Lease;
    expect(light.waitedMs).toBe(0);
    heavy.release();
    (await waiting).release();
    light.release();
    expect(used(slots, 'global')).toBe(0);
  });

  it('no interleaving deadlocks, and no slot leaks on any way out', async () => {
    const NAMES = ['planner', 'executor', 'heavy', 'global', 'model a', 'provider p'];
    const job = fc.record({
      names: fc.subarray(NAMES, { minLength: 1 }),
      inner: fc.subarray(['model a', 'provider p']),
      tenant: fc.constantFrom('x', 'y', 'z'),
      afterMs: fc.integer({ min: 0, max: 3_000 }),
      holdMs: fc.integer({ min: 0, max: 2_000 }),
      abortMs: fc.option(fc.integer({ min: 0, max: 4_000 }), { freq: 3 }),
      releases: fc.integer({ min: 1, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(job, { minLength: 1, maxLength: 25 }), async (jobs) => {
        const limits: Record<string, number> = {
          planner: 2,
          executor: 5,
          heavy: 1,
          global: 6,
          'model a': 1,
          'provider p': 2,
        };
        const { clock, slots } = scene(limits);
        let over = 0;
        const pass = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));
        const outer = (names: readonly string[]): string[] => names.filter((name) => !/ /.test(name));
        const all = jobs.map(async ({ names, inner, tenant, afterMs, holdMs, abortMs, releases }) => {
          await pass(afterMs);
          const gone = new AbortController();
          if (abortMs !== null) clock.after(abortMs, () => gone.abort());
          let lease: Lease | null = null;
          let call: Lease | null = null;
          try {
            lease = await slots.take(outer(names), tenant, gone.signal);
            call = await slots.take(inner, tenant, gone.signal);
            for (const { name, used: taken, limit } of slots.use()) expect(taken, name).toBeLessThanOrEqual(limit);
            await pass(holdMs);
          } catch (error) {
            expect((error as QuorumError).code).toMatch(/overload_throttled|client_closed/);
          } finally {
            for (let turn = 0; turn < releases; turn++) call?.release();
            for (let turn = 0; turn < releases; turn++) lease?.release();
            over++;
          }
        });
        await clock.runUntil(Promise.all(all));
        expect(over).toBe(jobs.length);
        for (const { used: taken, waiting } of slots.use())
          expect({ taken, waiting }).toEqual({ taken: 0, waiting: 0 });
      }),
      { numRuns: 150 },
    );
  });
});
