// Which budgets a request falls under, and the allowance of each at this moment.
import {
  SCOPES,
  type Allowance,
  type Budget,
  type BudgetPeriod,
  type Nano,
  type OnExceed,
  type ScopeKind,
  type Spender,
} from '../contract/index.ts';
import { periodAt, type Span } from './period.ts';

export interface Budgets {
  /** All that count this spender's money now, the config's and the administration's. */
  allowancesOf(spender: Spender, at: number): readonly Allowance[];
  list(): readonly Budget[];
  find(id: string): Budget | null;
  /** The allowance of a budget for one subject; `subject` is needed where the budget is for each. */
  allowance(budget: Budget, subject: string | null, at: number): Allowance;
}

const MOST_KNOWN = 10_000;

/** `current`: the config's budgets, then the administration's; of two with one id the later wins. */
export function createBudgets(current: () => readonly Budget[]): Budgets {
  let seen: readonly Budget[] | null = null;
  let byScope = new Map<ScopeKind, readonly Budget[]>();
  let byId = new Map<string, Budget>();
  const spans = new Map<string, Span>();
  const allowances = new Map<string, Allowance>();
  /** What a spender's money was counted against the last time, and how long that holds. */
  const counted = new Map<string, Counted>();

  const look = (): void => {
    const now = current();
    if (now === seen) return;
    seen = now;
    allowances.clear();
    counted.clear();
    byId = new Map(now.map((budget) => [budget.id, budget]));
    byScope = new Map(
      ([...SCOPES, 'shadow'] as const).map((scope) => [
        scope,
        [...byId.values()].filter((budget) => budget.scope === scope),
      ]),
    );
  };
  const spanOf = ({ period, timeZone }: Budget, at: number): Span => {
    const name = `${period} ${timeZone}`;
    const known = spans.get(name);
    if (known !== undefined && at >= known.startsAt && (known.endsAt === null || at < known.endsAt)) return known;
    const span = periodAt(period, at, timeZone);
    spans.set(name, span);
    return span;
  };
  const allowance = (budget: Budget, subject: string | null, at: number): Allowance => {
    const span = spanOf(budget, at);
    const name = `${budget.id}|${subject ?? ''}`;
    const found = allowances.get(name);
    if (found !== undefined && found.startsAt === span.startsAt) return found;
    const made = allowanceOf(budget, subject, span);
    if (allowances.size >= MOST_KNOWN) allowances.clear();
    allowances.set(name, made);
    return made;
  };

  return {
    allowancesOf: (spender, at) => {
      look();
      if (byId.size === 0) return NONE;
      const name = nameOf(spender);
      const known = counted.get(name);
      if (known !== undefined && at >= known.from && at < known.until) return known.allowances;
      const found = (spender.shadow === undefined ? SUBJECTS : BESIDE).flatMap(([scope, subjectsOf]) =>
        (byScope.get(scope) ?? []).flatMap((budget) =>
          subjectsOf(spender)
            .filter((subject) => budget.subject === null || budget.subject === subject)
            .map((subject) => allowance(budget, subject, at)),
        ),
      );
      if (counted.size >= MOST_KNOWN) counted.clear();
      counted.set(name, {
        allowances: found,
        from: Math.max(...found.map(({ startsAt }) => startsAt)),
        until: Math.min(...found.map(({ resetsAt }) => resetsAt ?? Infinity)),
      });
      return found;
    },
    list: () => {
      look();
      return [...byId.values()];
    },
    find: (id) => {
      look();
      return byId.get(id) ?? null;
    },
    allowance,
  };
}

interface Counted {
  readonly allowances: readonly Allowance[];
  readonly from: number;
  readonly until: number;
}

/** Two spenders of one name are counted alike. */
const nameOf = ({ team, keyId, user, tags, shadow }: Spender): string =>
  tags.length === 0 && user === null
    ? `${keyId ?? ''}\n${team ?? ''}`
    : JSON.stringify([keyId, team, user, tags, shadow]);

const NONE: readonly Allowance[] = [];

const one = (subject: string | null): readonly (string | null)[] => (subject === null ? [] : [subject]);
const SUBJECTS: readonly (readonly [ScopeKind, (spender: Spender) => readonly (string | null)[]])[] = [
  ['global', () => [null]],
  ['team', (spender) => one(spender.team)],
  ['key', (spender) => one(spender.keyId)],
  ['user', (spender) => one(spender.user)],
  ['tag', (spender) => [...new Set(spender.tags)]],
];
const BESIDE: typeof SUBJECTS = [['shadow', ({ shadow }) => one(shadow ?? null)]];

function allowanceOf(budget: Budget, subject: string | null, { startsAt, endsAt }: Span): Allowance {
  const { id, scope, period, limit, onExceed, softAt } = budget;
  return {
    id: [id, subject ?? '', period, startsAt].join('|'),
    budget: id,
    scope,
    subject,
    period,
    startsAt,
    resetsAt: endsAt,
    limit,
    enforced: onExceed !== 'warn',
    onExceed,
    softAt,
  };
}

/** What is said of a new budget; what is left out makes it a monthly hard limit in UTC. */
export interface BudgetInput {
  readonly scope: ScopeKind;
  readonly subject?: string | null;
  readonly period?: BudgetPeriod;
  readonly limit: Nano;
  readonly timeZone?: string;
  readonly softAt?: readonly number[];
  readonly onExceed?: OnExceed;
  readonly unpriced?: Budget['unpriced'];
}

export function budgetOf(id: string, input: BudgetInput, source: Budget['source']): Budget {
  return {
    id,
    scope: input.scope,
    subject: input.scope === 'global' ? null : (input.subject ?? null),
    period: input.period ?? 'month',
    limit: input.limit,
    timeZone: input.timeZone ?? 'UTC',
    softAt: input.softAt ?? [0.5, 0.8, 0.95],
    onExceed: input.onExceed ?? 'reject',
    unpriced: input.unpriced ?? 'refuse',
    source,
  };
}
