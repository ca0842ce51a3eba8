// Joined requests: one does it, nobody disturbs the others, and nothing runs on when everybody has left.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFlights, type Flight } from '../../src/cache/index.ts';

const never = new AbortController().signal;

describe('flights', () => {
  it('the first leads, the others get what it brings', async () => {
    const flights = createFlights<string>();
    const leader = flights.join('k');
    const followers = [flights.join('k'), flights.join('k')];
    expect([leader.leader, ...followers.map((one) => one.leader)]).toEqual([true, false, false]);
    expect(flights.join('other').leader).toBe(true);
    const waiting = followers.map((one) => one.flight.wait(never));
    leader.flight.settle('four');
    leader.flight.settle('five');
    leader.flight.fail(new Error('late'));
    expect(await Promise.all(waiting)).toEqual(['four', 'four']);
    expect(await followers[0]!.flight.wait(never)).toBe('four');
    expect(flights.join('k').leader).toBe(true);
  });

  it('a failure reaches all who wait, is nobody else, and the next starts anew', async () => {
    const flights = createFlights<string>();
    const leader = flights.join('k');
    const follower = flights.join('k');
    const waiting = follower.flight.wait(never);
    leader.flight.fail(new Error('down'));
    await expect(waiting).rejects.toThrow('down');
    expect(flights.size()).toBe(0);
    const again = flights.join('k');
    expect(again.leader).toBe(true);
    expect(again.flight.signal.aborted).toBe(false);
  });

  it('a leader whose client has gone keeps going for its followers', async () => {
    const flights = createFlights<string>();
    const leader = flights.join('k');
    const follower = flights.join('k');
    const waiting = follower.flight.wait(never);
    leader.flight.leave();
    leader.flight.leave();
    expect(leader.flight.signal.aborted).toBe(false);
    expect(flights.join('k').leader).toBe(false);
    leader.flight.settle('four');
    expect(await waiting).toBe('four');
    follower.flight.leave();
    expect(leader.flight.signal.aborted).toBe(false);
  });

  it('a follower that leaves while it waits is told its own reason', async () => {
    const flights = createFlights<string>();
    const leader = flights.join('k');
    const gone = new AbortController();
    const waiting = flights.join('k').flight.wait(gone.signal);
    gone.abort(new Error('client gone'));
    await expect(waiting).rejects.toThrow('client gone');
    await expect(flights.join('k').flight.wait(gone.signal)).rejects.toThrow('client gone');
    expect(leader.flight.signal.aborted).toBe(false);
    leader.flight.leave();
    expect(leader.flight.signal.aborted).toBe(true);
    expect(flights.join('k').leader).toBe(true);
  });

  it('for any interleaving: it aborts just when all have left before the end, and all who stayed get the outcome', async () => {
    const action = fc.oneof(
      { weight: 4, arbitrary: fc.constant({ kind: 'join' } as const) },
      { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('leave', 'abort'), who: fc.nat(9) }) },
      { weight: 1, arbitrary: fc.constantFrom({ kind: 'settle' } as const, { kind: 'fail' } as const) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 30 }), async (actions) => {
        const flights = createFlights<number>();
        interface One {
          readonly round: number;
          readonly flight: Flight<number>;
          readonly gone: AbortController;
          readonly outcome: Promise<string>;
          left: boolean;
        }
        const everyone: One[] = [];
        let round = 0;
        let open = false;
        const ends = new Map<number, string>();
        const aboard = (): One[] => everyone.filter((one) => one.round === round && !one.left);

        const join = (): void => {
          const { leader, flight } = flights.join('k');
          expect(leader).toBe(!open);
          if (leader) round += 1;
          open = true;
          const gone = new AbortController();
          const outcome = leader
            ? Promise.resolve('led')
            : flight.wait(gone.signal).then(
                (value) => `value ${value}`,
                (error: Error) => error.message,
              );
          everyone.push({ round, flight, gone, outcome, left: false });
        };
        const depart = (one: One | undefined, how: 'leave' | 'abort'): void => {
          if (one === undefined) return;
          if (how === 'abort') one.gone.abort(new Error('gone'));
          else one.flight.leave();
          if (how === 'abort' && one.flight === leaderOf(one.round).flight) one.flight.leave();
          const mine = one.round === round && open;
          one.left = true;
          if (!mine || aboard().length > 0) return;
          open = false;
          ends.set(round, 'Everyone who waited for it has left.');
          expect(one.flight.signal.aborted).toBe(true);
        };
        const leaderOf = (which: number): One => everyone.find((one) => one.round === which)!;
        const end = (kind: 'settle' | 'fail'): void => {
          if (!open) return;
          const { flight } = leaderOf(round);
          if (kind === 'settle') flight.settle(round);
          else flight.fail(new Error(`failed ${round}`));
          open = false;
          ends.set(round, kind === 'settle' ? `value ${round}` : `failed ${round}`);
        };

        for (const action of actions) {
          if (action.kind === 'join') join();
          else if (action.kind === 'settle' || action.kind === 'fail') end(action.kind);
          else depart(everyone[action.who], action.kind);
          expect(flights.size()).toBe(open ? 1 : 0);
          if (open) expect(leaderOf(round).flight.signal.aborted).toBe(false);
        }
        end('settle');
        for (const one of everyone) {
          const outcome = await one.outcome;
          if (outcome === 'led') continue;
          expect([ends.get(one.round), ...(one.left ? ['gone'] : [])]).toContain(outcome);
        }
      }),
      { numRuns: 500 },
    );
  });
});
