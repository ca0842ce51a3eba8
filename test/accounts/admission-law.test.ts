// Π14 as a client sees it: never overspent, never refused while the money would truly suffice, nothing held at the end.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sleep } from '../../src/contract/index.ts';
import { call, charged, dear, openAccounts, SPENDER, usd } from './accounts-support.ts';

interface Client {
  /** What it asks for at the most, and what it gets, in tokens of $0.001. */
  readonly most: number;
  readonly share: number;
  readonly startsMs: number;
  readonly takesMs: number;
  readonly leaves: boolean;
}

const client: fc.Arbitrary<Client> = fc.record({
  most: fc.integer({ min: 1, max: 400 }),
  share: fc.double({ min: 0, max: 1, noNaN: true }),
  startsMs: fc.nat(300),
  takesMs: fc.nat(200),
  leaves: fc.boolean(),
});

async function play(limit: number, clients: readonly Client[]): Promise<void> {
  const accounts = openAccounts({ budgets: [{ scope: 'global', limit: usd(limit / 1_000) }], heldWaitMs: 60_000 });
  const { clock, admission } = accounts;
  accounts.keyring.stop();
  let spent = 0;
  let inFlight = 0;
  const one = async ({ most, share, startsMs, takesMs, leaves }: Client, index: number): Promise<void> => {
    await sleep(clock, startsMs);
    const request = { id: `r${index}`, at: clock.now(), spender: SPENDER, task: null, ceiling: null, strategy: null };
    const reservation = await admission.admit({ ...request, calls: [call(dear(), most)] }).catch((error: unknown) => {
      expect(error).toMatchObject({
        status: expect.toSatisfy((status: number) => status === 429 || status === 400) as number,
      });
      expect(spent + inFlight + most).toBeGreaterThan(limit);
      return null;
    });
    if (reservation === null) return;
    // The upstream stops where it is told to.
    const real = Math.min(Math.ceil(most * share), reservation.clamps.get('0') ?? Infinity);
    inFlight += real;
    await sleep(clock, takesMs);
    inFlight -= real;
    // One whose client has left is settled by what came until then.
    const tokens = leaves ? Math.floor(real / 2) : real;
    spent += tokens;
    reservation.settle('0', charged(tokens / 1_000, tokens));
    reservation.finish();
  };
  await clock.runUntil(Promise.all(clients.map(one)));
  expect(spent).toBeLessThanOrEqual(limit);
  expect((await admission.standing(SPENDER, clock.now()))[0]).toMatchObject({ spent: usd(spent / 1_000), held: 0 });
  await accounts.ledger.stop();
  accounts.db.close();
}

describe('Π14 admission', () => {
  it('neither overspends nor cries wolf', async () => {
    const clients = fc.array(client, { minLength: 1, maxLength: 25 });
    await fc.assert(fc.asyncProperty(fc.integer({ min: 50, max: 3_000 }), clients, play), { numRuns: 150 });
  });
});
