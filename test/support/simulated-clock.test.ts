// The simulated clock keeps order, lets promises settle, and never waits for real.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sleep } from '../../src/contract/index.ts';
import { simulatedClock } from './simulated-clock.ts';

describe('simulatedClock', () => {
  it('runs what is due in order of its moment, ties in the order they were set, each at its own time', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 12 }),
        fc.integer({ min: 0, max: 60 }),
        async (delays, ms) => {
          const clock = simulatedClock(1000);
          const ran: (readonly [delay: number, at: number, number: number])[] = [];
          delays.forEach((delay, number) => clock.after(delay, () => ran.push([delay, clock.now(), number])));
          await clock.advance(ms);
          const due = delays
            .map((delay, number) => [delay, 1000 + delay, number] as const)
            .filter(([delay]) => delay <= ms);
          expect(ran).toEqual(due.toSorted((left, right) => left[0] - right[0] || left[2] - right[2]));
          expect([clock.now(), clock.pending]).toEqual([1000 + ms, delays.length - due.length]);
        },
      ),
    );
  });

  it('lets promises settle between timers, so that chains of sleeps take their whole time', async () => {
    const clock = simulatedClock(0);
    const woke: number[] = [];
    const chain = (async () => {
      for (let turn = 0; turn < 3; turn++) {
        await sleep(clock, 10);
        woke.push(clock.now());
      }
      return 'done';
    })();
    await clock.advance(20);
    expect(woke).toEqual([10, 20]);
    expect(await clock.runUntil(chain)).toBe('done');
    expect(clock.now()).toBe(30);
  });

  it('forgets what was cancelled, passes a rejection on, and says when nothing is left', async () => {
    const clock = simulatedClock();
    clock.after(5, () => {
      throw new Error('was cancelled');
    })();
    await clock.advance(10);
    const failing = sleep(clock, 3).then(() => {
      throw new Error('as it should');
    });
    await expect(clock.runUntil(failing)).rejects.toThrow('as it should');
    await expect(clock.runUntil(new Promise(() => {}))).rejects.toThrow('No timer is left');
  });
});
