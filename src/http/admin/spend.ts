// /admin/v1/spend, /ledger and /unreconciled: what was spent by whom on what, line by line where wanted, and corrections.
import type { Request } from 'express';
import { z } from 'zod';
import { spendCsv } from '../../accounts/index.ts';
import {
  QuorumError,
  SPEND_GROUPS,
  usdOf,
  type Clock,
  type Ledger,
  type LedgerEntry,
  type SpendGroup,
  type SpendQuery,
  type SpendRow,
} from '../../contract/index.ts';
import { idOf, limitOf, momentShown, pageShown, queryOf, route, rowCursorOf, type AdminRoute } from './answer.ts';
import { ACTOR } from './budgets.ts';
import { pointAt, readInput, usd } from './input.ts';

export interface LedgerParts {
  readonly ledger: Ledger;
  readonly clock: Clock;
}

export const correction = z.strictObject({ cost_usd: usd() });

export function spendRoutes({ ledger, clock }: LedgerParts): readonly AdminRoute[] {
  return [
    {
      method: 'get',
      path: '/admin/v1/spend',
      async handle(request, response, { id }) {
        const query = spendQueryOf(request, clock.now());
        const format = queryOf(request, 'format') ?? 'json';
        if (format !== 'csv' && format !== 'json')
          throw new QuorumError('invalid_value', "'format' is json or csv.", { param: 'format' });
        const rows = await ledger.spend(query);
        const csv = format === 'csv';
        const body = csv
          ? spendCsv(query.groupBy, rows)
          : JSON.stringify(spendShown(query, rows, await ledger.spend({ ...query, groupBy: [] })));
        response.writeHead(200, [
          'content-type',
          csv ? 'text/csv; charset=utf-8' : 'application/json; charset=utf-8',
          ...(csv ? ['content-disposition', 'attachment; filename="spend.csv"'] : []),
          'x-request-id',
          id,
        ]);
        response.end(body);
      },
    },
    route('get', '/ledger', async (request) => {
      const { rows, cursor } = await ledger.entries(limitOf(request), rowCursorOf(request));
      return pageShown(rows.map(entryShown), cursor);
    }),
    route('get', '/unreconciled', async (request) =>
      pageShown((await ledger.unreconciled(limitOf(request))).map(entryShown), null),
    ),
    route('post', '/unreconciled/:id/correct', async (request) => {
      const seq = Number(idOf(request));
      const { cost_usd: cost } = await readInput(request, correction);
      const act = { at: clock.now(), actor: ACTOR };
      if (Number.isSafeInteger(seq) && (await ledger.correct(seq, cost, act))) return { id: seq, corrected: true };
      throw new QuorumError(
        'not_found',
        `There is no unreconciled entry "${idOf(request)}", or it was corrected already.`,
      );
    }),
  ];
}

const isGroup = (name: string): name is SpendGroup => SPEND_GROUPS.some((group) => group === name);

/** This month by key, unless it says otherwise. */
function spendQueryOf(request: Request, now: number): SpendQuery {
  const names = (queryOf(request, 'group_by') ?? queryOf(request, 'group') ?? 'key')
    .split(',')
    .map((name) => name.trim());
  const groupBy = names.filter(isGroup);
  if (groupBy.length !== names.length || new Set(names).size !== names.length)
    throw new QuorumError('invalid_value', `'group_by' lists some of ${SPEND_GROUPS.join(', ')}, each once.`, {
      param: 'group_by',
    });
  const filters = { keyId: 'key', team: 'team', user: 'user', tag: 'tag', model: 'model' } as const;
  const given = Object.entries(filters).flatMap(([field, name]) => {
    const value = queryOf(request, name);
    return value === undefined ? [] : [[field, value] as const];
  });
  return {
    groupBy,
    since: pointOf(request, 'since', now) ?? monthStart(now),
    until: pointOf(request, 'until', now) ?? Math.ceil(now) + 1,
    ...Object.fromEntries(given),
  };
}

export function monthStart(now: number): number {
  const date = new Date(now);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
}

/** A moment, or how long ago: `7d`. */
export function pointOf(request: Request, name: string, now: number): number | undefined {
  const given = queryOf(request, name);
  if (given === undefined) return undefined;
  return pointAt(given, name, now);
}

export function spendShown(
  { groupBy, since, until }: SpendQuery,
  rows: readonly SpendRow[],
  all: readonly SpendRow[],
): unknown {
  return {
    object: 'list',
    group_by: groupBy,
    since: momentShown(since),
    until: momentShown(until),
    data: rows.map((row) => ({
      ...Object.fromEntries(groupBy.map((group, index) => [group, row.group[index] ?? null])),
      ...sumShown(row),
    })),
    total: all[0] === undefined ? null : sumShown(all[0]),
  };
}

const sumShown = ({ cost, calls, inputTokens, outputTokens }: SpendRow) => ({
  cost_usd: usdOf(cost),
  calls,
  input_tokens: inputTokens,
  output_tokens: outputTokens,
});

export function entryShown(entry: LedgerEntry): Record<string, unknown> {
  const { seq, at, kind, amount, call, keyId, team, user, tags, model, task, strategy, flag, allowances } = entry;
  return {
    id: seq,
    object: 'ledger_entry',
    at: momentShown(at),
    kind,
    amount_usd: usdOf(amount),
    call,
    request_id: kind === 'charge' ? call.split('/', 1)[0] : null,
    key: keyId,
    team,
    user,
    tags,
    model,
    task,
    strategy,
    input_tokens: entry.inputTokens,
    output_tokens: entry.outputTokens,
    flag,
    usage: entry.usage,
    price_version: entry.priceVersion,
    allowances,
  };
}
