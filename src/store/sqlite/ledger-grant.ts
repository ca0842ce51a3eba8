// Who gets how much of what is left, and why not: arithmetic on balances, without the database.
import type { Allowance, Balance, HoldLeg, HoldOutcome, Nano, Refused } from '../../contract/index.ts';

/** What an allowance has seen; `limit` comes with the allowance. */
export interface Line {
  allowance: Allowance;
  posted: number;
  held: number;
  topped: number;
  forgiven: number;
  stored: boolean;
  spentChanged: boolean;
}

export function balanceOf(line: Line): Balance {
  const { id, budget, scope, subject, period, startsAt, resetsAt, limit } = line.allowance;
  return {
    allowance: id,
    budget,
    scope,
    subject,
    period,
    startsAt,
    resetsAt,
    limit: (limit + line.topped) as Nano,
    spent: (line.posted - line.forgiven) as Nano,
    held: line.held as Nano,
  };
}

/** Grants all legs at their most, or scaled down towards their least where money is short, or nothing. */
export function reserve(lines: readonly Line[], legs: readonly HoldLeg[], touched: Set<Line>): HoldOutcome {
  let [atMost, atLeast, room] = [0, 0, Infinity];
  for (const leg of legs) {
    atMost += leg.atMost;
    atLeast += leg.atLeast;
  }
  for (const line of lines) if (line.allowance.enforced) room = Math.min(room, roomOf(line));
  // What costs nothing passes even where more was spent than the limit.
  if (atLeast > 0 && room < atLeast) {
    const enforced = lines.filter(({ allowance }) => allowance.enforced);
    return refuse(
      enforced.map((line) => ({ line, balance: balanceOf(line) })),
      atLeast as Nano,
    );
  }
  const granted = grant(legs, atLeast, atMost, room);
  let sum = 0;
  for (const leg of granted) sum += leg.amount;
  const over = lines.filter((line) => !line.allowance.enforced && roomOf(line) < sum).map(balanceOf);
  for (const line of lines) {
    line.held += sum;
    touched.add(line);
  }
  return { kind: 'held', legs: granted, over };
}

const roomOf = ({ allowance, topped, posted, forgiven, held }: Line): number =>
  allowance.limit + topped - posted + forgiven - held;
const roomIn = (balance: Balance): number => balance.limit - balance.spent - balance.held;

/** Half of what is left goes to one request, unless it needs more to make sense: others want to go on as well. */
function grant(
  legs: readonly HoldLeg[],
  atLeast: number,
  atMost: number,
  room: number,
): { id: string; amount: Nano }[] {
  const total = room >= atMost ? atMost : Math.max(atLeast, Math.min(atMost, Math.floor(room / 2)));
  const share = atMost === atLeast ? 1 : (total - atLeast) / (atMost - atLeast);
  return legs.map((leg) => ({
    id: leg.id,
    amount: (leg.atLeast + Math.floor((leg.atMost - leg.atLeast) * share)) as Nano,
  }));
}

/** What is used up is told before what could never fit: it is what the next period changes. */
const SEVERITY = { used_up: 3, request_exceeds_budget: 2, budget_exceeded: 1, budget_held: 0 } as const;

function refuse(enforced: readonly { readonly line: Line; readonly balance: Balance }[], amount: Nano): Refused {
  const why = ({ limit, spent }: Balance): keyof typeof SEVERITY => {
    if (spent >= limit) return 'used_up';
    if (amount > limit) return 'request_exceeds_budget';
    return amount > limit - spent ? 'budget_exceeded' : 'budget_held';
  };
  const inTheWay = enforced
    .filter(({ balance }) => roomIn(balance) < amount)
    .map((one) => ({ ...one, why: why(one.balance) }))
    .sort((one, other) => SEVERITY[other.why] - SEVERITY[one.why] || roomIn(one.balance) - roomIn(other.balance));
  const worst = inTheWay[0]!;
  const left = enforced.map(({ balance }) => balance.limit - balance.spent);
  return {
    kind: 'refused',
    code: worst.why === 'used_up' ? 'budget_exceeded' : worst.why,
    balance: worst.balance,
    onExceed: worst.line.allowance.onExceed,
    affordableLater: Math.max(0, Math.min(...left)) as Nano,
  };
}
