// One request's money: what its plan may cost is held before the first call, and each call gives back what it didn't need.
import {
  type AbortWatch,
  CallFailure,
  membersOf,
  NO_MONEY,
  type Attempt,
  type ChatRequest,
  type Model,
  type Nano,
  type Plan,
  type Settings,
  type Usage,
} from '../contract/index.ts';
import {
  costOf,
  countTokens,
  inputBound,
  reportedCost,
  type Admission,
  type Intent,
  type PlannedCall,
} from '../accounts/index.ts';
import type { Inbound } from './exchange.ts';

type Role = Attempt['role'];

/** A judge's reply is a list of labels. */
const RANKING_TOKENS = 1024;
/** Other models' answers that a judge or the chairman reads; they are cut at 24,000 characters each. */
const READ_TOKENS = 24_000;
/** What is a token to one model is at most so many to another: bytes of a character that it doesn't know. */
const FOREIGN_TOKENS = 6;
/** Around each answer. */
const WRAPPING_TOKENS = 64;

/** One call that is paid for. Ends with `settle` or `release`, once. */
export interface Payment {
  /** To be put in place of the request's own limit; null: it stands. */
  readonly clampTokens: number | null;
  /** Returns what the call cost. `again`: what earlier attempts at it may have used, null: nothing; counted as far as money is held for it. */
  settle(usage: Usage, estimated: boolean, again: Usage | null): Nano;
  release(): void;
}

export interface Purse {
  /** Before the call goes out. Rejects with `CallFailure` when the money for it can't be had. */
  pay(model: Model, role: Role, request: ChatRequest): Payment | Promise<Payment>;
  /** On every way out, once the last call has ended. */
  close(): void;
  /** The smaller plan that could be paid; null: the one that was asked for. */
  readonly smaller: Plan | null;
  readonly clamped: boolean;
}

interface PurseParts {
  readonly admission: Admission;
  readonly settings: Settings;
  readonly now: () => number;
  readonly inbound: Pick<Inbound, 'id' | 'request' | 'bodyBytes' | 'receivedAt' | 'spender'>;
  readonly task: string;
  readonly ceiling: Nano | null;
  readonly signal: AbortWatch;
}

/** An intent that remembers what it would carry out. */
interface PlannedIntent extends Intent {
  readonly plan: Plan;
}

/** Rejects with the budget's refusal. `smallerPlans`: cheaper ways to do it, dearest first. */
export async function openPurse(parts: PurseParts, plan: Plan, smallerPlans: () => Iterable<Plan>): Promise<Purse> {
  const { settings, inbound } = parts;
  const { request } = inbound;
  const inputAtMost = inputBound(request, inbound.bodyBytes);
  const callsOfPlan = callsOf(plan, settings, request, inputAtMost);
  const reservation = await parts.admission.admit({
    calls: callsOfPlan,
    strategy: plan.call.kind,
    id: inbound.id,
    at: inbound.receivedAt,
    spender: inbound.spender,
    task: parts.task,
    ceiling: parts.ceiling,
    *smaller(): Generator<PlannedIntent> {
      for (const each of smallerPlans())
        yield { plan: each, strategy: each.call.kind, calls: callsOf(each, settings, request, inputAtMost) };
    },
    signal: parts.signal,
  });
  const downgraded = reservation.downgraded as PlannedIntent | null;
  const planned = downgraded?.calls ?? callsOfPlan;
  const begun: string[] = [];
  const ended: string[] = [];
  const ends = (id: string): boolean => !ended.includes(id) && ended.push(id) > 0;

  function paymentOf(id: string, model: Model): Payment {
    return {
      clampTokens: reservation.clamps.get(id) ?? null,
      settle(usage, estimated, again) {
        const price = model.price ?? reservation.priceOf(id);
        const told = settings.providers.get(model.provider)?.reportsCost === true ? reportedCost(usage) : null;
        const counted = told ?? (price === null ? NO_MONEY : costOf(price, usage));
        // A guess never says that an upstream took more than it was allowed to.
        const held = reservation.amountOf(id) ?? counted;
        // Without an earlier attempt there is no fee of it either.
        const lost = price === null || again === null ? 0 : costOf(price, again);
        const cost = (
          estimated ? Math.min(counted + lost, held) : Math.max(counted, Math.min(counted + lost, held))
        ) as Nano;
        if (ends(id))
          reservation.settle(id, {
            at: parts.now(),
            cost,
            usage,
            estimated: estimated || lost > 0,
            priceVersion: settings.version,
          });
        return cost;
      },
      release() {
        if (ends(id)) reservation.release(id);
      },
    };
  }

  async function payMore(id: string, model: Model, role: Role, asked: ChatRequest): Promise<Payment> {
    try {
      if (reservation.amountOf(id) === null)
        await reservation.more([
          callOf(
            id,
            model,
            asked === request ? inputAtMost : inputBound(asked, JSON.stringify(asked).length * 3),
            asked,
            role,
            false,
          ),
        ]);
      await reservation.sent([id]);
    } catch (refusal) {
      throw new CallFailure('refused', 'the budget has no money left for it', { cause: refusal });
    }
    return paymentOf(id, model);
  }

  return {
    pay(model, role, asked) {
      const own = `${role}/${model.name}`;
      // A judge may be asked twice: each call is a charge of its own.
      let id = own;
      for (let turn = 2; begun.includes(id); turn++) id = `${own}/${turn}`;
      begun.push(id);
      const isHeld = planned.some((call) => call.sent && call.id === id);
      return isHeld ? paymentOf(id, model) : payMore(id, model, role, asked);
    },
    close: () => reservation.finish(),
    smaller: downgraded?.plan ?? null,
    clamped: reservation.clamps.size > 0,
  };
}

/** Every call that the plan may make, as far as it can be foreseen: what more there is, is held when it comes to that. */
function callsOf(plan: Plan, settings: Settings, request: ChatRequest, input: number): readonly PlannedCall[] {
  const { call, reserve, ceiling } = plan;
  const of = (role: Role, name: string, sent: boolean, reads = 0): PlannedCall =>
    callOf(`${role}/${name}`, settings.models.get(name)!, input + reads, request, role, sent);
  switch (call.kind) {
    case 'single':
      return [of('member', call.model, true)];
    case 'dual':
      return [
        ...call.members.map((name) => of('member', name, true)),
        ...(ceiling === 'dual' ? [] : reserve.slice(0, 1).map((name) => of('escalation', name, false))),
      ];
    case 'triple':
      return call.members.map((name) => of('member', name, true));
    case 'cascade':
      return call.steps.map((name, step) => of(step === 0 ? 'member' : 'escalation', name, step === 0));
    case 'council': {
      const longest = Math.max(...call.members.map((name) => settings.models.get(name)!.maxOutput));
      const answer = Math.min(limitOf(request) ?? Infinity, longest) * FOREIGN_TOKENS + WRAPPING_TOKENS;
      const reads = Math.min(READ_TOKENS, answer) * call.members.length;
      return [
        ...membersOf(call).map((name) => of('member', name, true)),
        ...membersOf(call).map((name) => of('judge', name, false, reads)),
        of('chairman', call.chairman, false, reads),
      ];
    }
    default:
      return call satisfies never;
  }
}

const limitOf = (request: ChatRequest): number | null => request.max_completion_tokens ?? request.max_tokens ?? null;

function callOf(
  id: string,
  model: Model,
  inputAtMost: number,
  request: ChatRequest,
  role: Role,
  sent: boolean,
): PlannedCall {
  return {
    id,
    model,
    sent,
    inputAtMost: inputAtMost === Infinity ? model.context : inputAtMost,
    ...(role !== 'judge' &&
      role !== 'chairman' && { countInput: () => countTokens(request, model.provider === 'openai') }),
    outputAtMost: role === 'judge' ? RANKING_TOKENS : limitOf(request),
    choices: request.n ?? 1,
  };
}

/** The request with its output limited to what is paid for, under the name that the caller used. */
export function clampedRequest(request: ChatRequest, tokens: number | null): ChatRequest {
  if (tokens === null) return request;
  return request.max_tokens != null && request.max_completion_tokens == null
    ? { ...request, max_tokens: tokens }
    : { ...request, max_completion_tokens: tokens };
}
