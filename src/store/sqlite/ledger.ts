// The ledger in SQLite: reservations that are on disk before their call goes out, and entries that only grow.
import {
  NO_MONEY,
  Roster,
  usdOf,
  type Allowance,
  type Balance,
  type Charge,
  type Clock,
  type HoldLeg,
  type HoldOutcome,
  type HoldRequest,
  type Ledger,
  type Nano,
} from '../../contract/index.ts';
import type { Db } from './database.ts';
import { createGroupCommit } from './group-commit.ts';
import { createHoldJournal, type OwnerIdentity } from './hold-journal.ts';
import { createBook, type NewEntry } from './ledger-book.ts';
import { createLedgerReports } from './ledger-reports.ts';
import { keepAlive, thisProcess } from './ledger-recovery.ts';
import { createTurns, unavailable } from './ledger-turns.ts';
import { BLANK, entryOf, openLegs, rowOf, type Flag, type LiveHold, type LiveLeg } from './live-holds.ts';

export interface SqliteLedgerOptions {
  readonly clock: Clock;
  /** Names this process among those that share the file; made up when absent. */
  readonly owner?: OwnerIdentity;
  /** Runs a task at the end of this turn of the event loop. */
  readonly soon?: (task: () => void) => void;
  /** The file can't be written, or a listener failed. Called on every try. */
  readonly onTrouble?: (error: unknown) => void;
  /** How many calls of dead processes were given back, and posted at their reserve. */
  readonly onRecovered?: (counts: { readonly released: number; readonly unreconciled: number }) => void;
}

/**
 * Several processes may open the same file. A connection of its own with a short `busyMs` keeps the event loop
 * free while another process writes. One transaction serves all that is asked in one turn of the event loop.
 */
export function createSqliteLedger(db: Db, options: SqliteLedgerOptions): Ledger {
  const { clock } = options;
  const owner = options.owner ?? thisProcess();
  const journal = createHoldJournal(db, owner, () => clock.now());
  const book = createBook(db, journal);
  const live = new Roster<LiveHold>();
  const listeners: ((balances: readonly Balance[]) => void)[] = [];

  const tell = (balances: readonly Balance[]): void => {
    for (const listener of listeners) {
      try {
        listener(balances);
      } catch (error) {
        options.onTrouble?.(error);
      }
    }
  };
  const commits = createGroupCommit(db, {
    clock,
    soon: options.soon ?? setImmediate,
    begin: () => book.begin(),
    end: () => {
      const changed = book.end();
      return () => {
        book.committed();
        if (changed.length > 0) tell(changed);
      };
    },
    ...(options.onTrouble && { onTrouble: options.onTrouble }),
  });
  const { ask, later } = createTurns(commits, book);

  /** `forget`: nothing was granted. */
  const reserve = (hold: LiveHold, legs: readonly HoldLeg[], forget: () => void = nothing): Promise<HoldOutcome> => {
    const bad = legs.find(outOfRange);
    if (bad !== undefined) {
      forget();
      return Promise.reject(new RangeError(`Can’t hold ${bad.atLeast} to ${bad.atMost} nano-dollars for ${bad.id}.`));
    }
    const added: LiveLeg[] = [];
    return ask(
      () => {
        const outcome = book.reserve(hold.request.allowances, legs);
        if (outcome.kind === 'refused') return outcome;
        if (openLegs(hold).length === 0) hold.epoch = book.epoch();
        else if (hold.epoch !== book.epoch()) throw new Error('The hold was recovered.');
        for (const [index, { id, amount }] of outcome.legs.entries()) {
          const { model, sent } = legs[index]!;
          const leg = { id, model, amount, sent, ended: false, open: true };
          added.push(leg);
          hold.legs.set(id, leg);
        }
        book.hold(hold.request.id, rowOf(hold));
        return outcome;
      },
      () => {
        for (const leg of added) hold.legs.delete(leg.id);
      },
      (outcome) => {
        if (outcome?.kind !== 'held') forget();
      },
    );
  };

  const hold = (request: HoldRequest): Promise<HoldOutcome> => {
    const known = live.get(request.id);
    if (known !== undefined) return known.outcome;
    const legs = new Map<string, LiveLeg>();
    const fresh: { -readonly [Name in keyof LiveHold]: LiveHold[Name] } = { request, legs, outcome: NEVER, epoch: 0 };
    live.set(request.id, fresh);
    fresh.outcome = reserve(fresh, request.legs, () => live.delete(request.id));
    return fresh.outcome;
  };

  const end = (hold: LiveHold, leg: LiveLeg, charge: Charge | null, flag: Flag): void => {
    if (leg.ended) return;
    leg.ended = true;
    const apply = (): void => {
      leg.open = false;
      const { id, allowances } = hold.request;
      const kept = hold.epoch === book.epoch();
      if (kept) book.hold(id, openLegs(hold).length > 0 ? rowOf(hold) : null);
      const call = `${id}/${leg.id}`;
      const corrects = kept ? null : book.openEntry(call);
      // A process that took this one for dead has posted the reserve of what was sent, and released the rest.
      const reserved = corrects === null ? 0 : leg.amount;
      const amount = ((charge?.cost ?? 0) - reserved) as Nano;
      book.move(allowances, { posted: amount, held: kept ? 0 - leg.amount : 0 });
      if (charge === null && corrects === null) return;
      book.entry(entryOf(hold.request, leg.model, call, amount, charge, flag, corrects, clock.now()));
    };
    // What a transaction rolled back has not ended yet. Nobody waits: money in flight comes back with the next hold, or soon.
    later(
      apply,
      () => {
        leg.open = true;
      },
      true,
    );
  };

  const finish = (holdId: string, at: number): void => {
    const found = live.get(holdId);
    if (found === undefined) return;
    live.delete(holdId);
    for (const leg of found.legs.values()) {
      if (leg.sent)
        end(found, leg, { at, cost: leg.amount, usage: null, estimated: true, priceVersion: '' }, 'unreconciled');
      else end(found, leg, null, null);
    }
  };

  const legOf = (holdId: string, legId: string, then: (hold: LiveHold, leg: LiveLeg) => void): void => {
    const found = live.get(holdId);
    const leg = found?.legs.get(legId);
    if (found !== undefined && leg !== undefined) then(found, leg);
  };

  const stopBeating = keepAlive(db, owner, options, book, journal, () => tell);
  const adjust = (
    allowance: Allowance,
    entry: Partial<NewEntry> & Pick<NewEntry, 'at' | 'kind' | 'amount' | 'detail'>,
  ): void => book.entry({ ...BLANK, ...entry, call: allowance.id, allowances: [allowance.id] });

  return {
    hold,
    extend: async (holdId, legs) => {
      const found = live.get(holdId);
      if (found === undefined) throw unavailable(new Error(`Nothing is held under ${holdId}.`));
      return await reserve(found, legs);
    },
    markSent: async (holdId, legIds) => {
      const found = live.get(holdId);
      const legs = legIds.map((id) => found?.legs.get(id)).filter((leg) => leg?.open && !leg.sent);
      if (found === undefined || legs.length === 0) return;
      const mark = (sent: boolean): void => legs.forEach((leg) => (leg!.sent = sent));
      await ask(
        () => {
          mark(true);
          if (openLegs(found).length === 0) return;
          if (found.epoch !== book.epoch()) throw new Error('The hold was recovered.');
          book.hold(holdId, rowOf(found));
        },
        () => mark(false),
      );
    },
    settle: (holdId, legId, charge) =>
      legOf(holdId, legId, (hold, leg) => {
        if (!isMoney(charge.cost)) end(hold, leg, { ...charge, cost: leg.amount }, 'unreconciled');
        else end(hold, leg, charge, charge.cost > leg.amount ? 'over_reserve' : charge.estimated ? 'estimated' : null);
      }),
    release: (holdId, legId) => legOf(holdId, legId, (hold, leg) => end(hold, leg, null, null)),
    finish,
    post: (charge) => {
      const known = isMoney(charge.cost);
      // What the file refuses would be tried again for ever, before all that comes after it.
      const cost = known ? charge.cost : NO_MONEY;
      const apply = (): void => {
        book.move(charge.allowances, { posted: cost });
        const flag = known ? (charge.estimated ? 'estimated' : null) : 'unreconciled';
        book.entry(entryOf(charge, charge.model, charge.id, cost, { ...charge, cost }, flag, null, charge.at));
      };
      later(apply, undefined, charge.allowances.length === 0);
    },
    flush: () => commits.flush(),
    balances: (allowances) => ask(() => allowances.map((one) => book.balance(one))),
    topUp: (allowance, amount, act) =>
      ask(() => {
        adjust(allowance, { at: act.at, kind: 'topup', amount, detail: { actor: act.actor } });
        book.audit(act, 'budget.top_up', allowance.budget, { subject: allowance.subject, amount_usd: usdOf(amount) });
        return book.credit(allowance, { topped: amount });
      }),
    reset: (allowance, act) =>
      ask(() => {
        const amount = book.balance(allowance).spent;
        adjust(allowance, { at: act.at, kind: 'reset', amount, detail: { actor: act.actor } });
        book.audit(act, 'budget.reset', allowance.budget, { subject: allowance.subject, spent_usd: usdOf(amount) });
        return book.credit(allowance, { forgiven: amount });
      }),
    ...createLedgerReports(db, book, ask),
    onPosted: (listener) => void listeners.push(listener),
    stop: async () => {
      try {
        commits.stop();
      } finally {
        stopBeating();
      }
    },
  };
}

const nothing = (): void => undefined;
const isMoney = (cost: number): boolean => Number.isSafeInteger(cost) && cost >= 0;
const NEVER = new Promise<never>(nothing);

function outOfRange({ atLeast, atMost }: HoldLeg): boolean {
  return !Number.isSafeInteger(atLeast) || !Number.isSafeInteger(atMost) || atLeast < 0 || atLeast > atMost;
}
