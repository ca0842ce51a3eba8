// GET /v1/spend and POST /v1/estimate: what one's own key has spent, and what a usage would cost.
import type { Request, Response } from 'express';
import { z } from 'zod';
import { demand, type Admission } from '../accounts/index.ts';
import {
  usdOf,
  type Balance,
  type Clock,
  type CurrentSettings,
  type Ledger,
  type Model,
  type Nano,
} from '../contract/index.ts';
import { momentShown } from './admin/answer.ts';
import { balanceShown } from './admin/budgets.ts';
import { checked, readInput, text } from './admin/input.ts';
import { monthStart } from './admin/spend.ts';
import type { Visit } from './chat.ts';
import { estimateUsage, type Estimate, type EstimateQuestion } from './estimate.ts';
import { sendJson } from './json.ts';

export interface SpendParts {
  readonly admission: Admission;
  readonly ledger: Ledger;
  readonly settings: CurrentSettings;
  readonly clock: Clock;
  readonly evidence: {
    quality(
      model: Model,
      task: string,
      tenant: string | null,
      now: number,
    ): { readonly quality: number; readonly samples: number };
  };
}

/** Its budgets, the first of them said at the top too; and this month's spending (UTC), budget or not. */
export async function showSpend(
  { admission, ledger, clock }: SpendParts,
  response: Response,
  { id, visitor: { caller } }: Visit,
): Promise<void> {
  const now = clock.now();
  const { tenant, keyId, team, user, tags } = caller;
  const balances = await admission.standing({ tenant, keyId, team, user, tags }, now);
  const since = monthStart(now);
  const mine = { groupBy: [], since, until: Math.ceil(now) + 1, ...(keyId !== null && { keyId }) };
  const [month] = await ledger.spend(mine);
  const budgets = balances.toSorted(ownFirst).map(balanceShown);
  const { period, starts_at, resets_at, spent_usd, held_usd, limit_usd, left_usd } = budgets[0] ?? {
    period: 'month',
    starts_at: momentShown(since),
    resets_at: momentShown(nextMonth(since)),
    spent_usd: usdOf(month?.cost ?? (0 as Nano)),
    held_usd: 0,
    limit_usd: null,
    left_usd: null,
  };
  sendJson(
    response,
    {
      object: 'spend',
      period,
      starts_at,
      resets_at,
      spent_usd,
      held_usd,
      limit_usd,
      left_usd,
      budgets,
      month: {
        since: momentShown(since),
        spent_usd: usdOf(month?.cost ?? (0 as Nano)),
        calls: month?.calls ?? 0,
        input_tokens: month?.inputTokens ?? 0,
        output_tokens: month?.outputTokens ?? 0,
      },
    },
    ['x-request-id', id],
  );
}

/** The key's own budget before those that it shares, the tightest first. */
function ownFirst(one: Balance, other: Balance): number {
  const left = ({ limit, spent, held }: Balance): number => limit - spent - held;
  return Number(other.scope === 'key') - Number(one.scope === 'key') || left(one) - left(other);
}

function nextMonth(start: number): number {
  const date = new Date(start);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}

const COUNT = 'a number of requests, 0 or more';
export const question = z.strictObject({
  tier: text().nullish(),
  usage: z.record(
    z.string(),
    z
      .number({ error: COUNT })
      .min(0, { error: COUNT })
      .max(1e9, { error: `${COUNT}, a billion at the most` }),
    { error: 'requests by task, such as { "code": 1000 }' },
  ),
});

export async function estimateSpend(
  { settings, evidence, clock }: SpendParts,
  request: Request,
  response: Response,
  { id, visitor: { caller, permissions } }: Visit,
): Promise<void> {
  const now = settings();
  const { tier, usage } = await readInput(request, question);
  // Whoever names none gets what a request without one would be served from.
  const usual = permissions.tier(now.defaultTier) ? now.defaultTier : [...now.tiers.keys()].find(permissions.tier);
  const meant = tier ?? usual ?? now.defaultTier;
  if (now.tiers.has(meant)) demand(permissions, { tier: meant });
  const estimate = estimateUsage({
    tier: meant,
    usage,
    settings: now,
    allowed: permissions.anyModel ? null : (model) => permissions.model(model),
    quality: (task, model) => evidence.quality(now.models.get(model)!, task, caller.tenant, clock.now()),
  });
  sendJson(response, estimate, ['x-request-id', id]);
}

/** The same for the command line; throws `invalid_value`. */
export function estimateFor(given: unknown, about: Omit<EstimateQuestion, 'tier' | 'usage'>): Estimate {
  const { tier, usage } = checked(question, given);
  return estimateUsage({ ...about, tier: tier ?? null, usage });
}
