// What is held for a plan, call by call: never less than it can cost, and no more than it can.
import { describe, expect, it } from 'vitest';
import {
  costOf,
  upperBoundTokens,
  worstCaseCost,
  type Admission,
  type AdmissionRequest,
} from '../../src/accounts/index.ts';
import type { ChatRequest, Plan, Usage } from '../../src/contract/index.ts';
import { openPurse, type Purse } from '../../src/pipeline/purse.ts';
import { openAccounts, SPENDER, usd } from '../accounts/accounts-support.ts';
import { testSettings } from '../support/settings.ts';

const BYTES = 300;
const settings = testSettings();
const [one, two, three, chairman] = [...settings.models.keys()] as [string, string, string, string];
const council: Plan = {
  call: { kind: 'council', members: [one, two, three], chairman },
  reserve: [],
  ceiling: 'council',
  chairman,
  threshold: 0.5,
  because: [],
  propensity: 1,
};
const single: Plan = { ...council, call: { kind: 'single', model: one }, ceiling: 'single', chairman: null };

const ask = (more: Partial<ChatRequest> = {}): ChatRequest => ({
  model: 'auto',
  messages: [{ role: 'user', content: 'What is 17 times 23?' }],
  ...more,
});

const purseOf = (plan: Plan, request: ChatRequest, admission: Admission): Promise<Purse> =>
  openPurse(
    {
      admission,
      settings,
      now: () => 0,
      inbound: { id: 'r', request, bodyBytes: BYTES, receivedAt: 0, spender: SPENDER },
      task: 'math',
      ceiling: null,
      signal: new AbortController().signal,
    },
    plan,
    () => [],
  );

/** What is asked of the admission for a plan. */
async function heldFor(plan: Plan, request: ChatRequest, { admission } = openAccounts()): Promise<AdmissionRequest> {
  let asked: AdmissionRequest | null = null;
  await purseOf(plan, request, { ...admission, admit: (each) => admission.admit((asked = each)) });
  return asked!;
}

describe('attempts that brought nothing and may have been charged', () => {
  const model = settings.models.get(one)!;
  const usage = (prompt: number, completion: number): Usage => ({
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
  });
  const answer = usage(10, 5);

  /** What is held for a call, and what is spent once it has ended well after `lost` tokens of input. */
  async function spentAfter(lost: number, limit: number): Promise<{ held: number; cost: number; spent: number }> {
    const { admission } = openAccounts({ budgets: [{ scope: 'global', limit: usd(limit / 1e9) }] });
    const request = ask({ max_completion_tokens: 50 });
    const purse = await purseOf(single, request, admission);
    const [before] = await admission.standing(SPENDER, 0);
    const payment = await purse.pay(model, 'member', request);
    const cost = payment.settle(answer, false, lost === 0 ? null : usage(lost, 0));
    purse.close();
    const [after] = await admission.standing(SPENDER, 0);
    expect(after!.held).toBe(0);
    return { held: before!.held, cost, spent: after!.spent };
  }

  const counted = costOf(model.price!, answer);

  it('count before a good one as well', async () => {
    const again = costOf(model.price!, usage(30, 0));
    expect(await spentAfter(0, 1e12)).toMatchObject({ cost: counted, spent: counted });
    expect(await spentAfter(30, 1e12)).toMatchObject({ cost: counted + again, spent: counted + again });
  });

  it('count up to what is held, and so never past a budget that is used up to its last cent', async () => {
    const { held } = await spentAfter(0, 1e12);
    expect(held).toBeGreaterThan(counted);
    expect(await spentAfter(1e6, held)).toEqual({ held, cost: held, spent: held });
  });
});

describe('a council', () => {
  it('is held for what its judges can read: as much as the members may write', async () => {
    const { calls } = await heldFor(council, ask({ max_completion_tokens: 50 }));
    const roles = calls.map(({ id }) => id.split('/', 1)[0]);
    expect(roles).toEqual(['member', 'member', 'member', 'judge', 'judge', 'judge', 'chairman']);
    const mostRead = 3 * (50 * 6 + 64);
    for (const { inputAtMost } of calls.slice(3)) {
      // A judge reads every member's answer whole.
      expect(inputAtMost).toBeGreaterThanOrEqual(upperBoundTokens(BYTES) + 3 * 50);
      expect(inputAtMost).toBeLessThanOrEqual(upperBoundTokens(BYTES) + mostRead);
    }
  });

  it('of short answers isn’t refused by a budget that can pay it', async () => {
    const calls = (await heldFor(council, ask({ max_completion_tokens: 50 }))).calls;
    const most = calls.reduce(
      (sum, { model, inputAtMost }) => sum + worstCaseCost(model.price!, inputAtMost, 1_024),
      0,
    );
    const accounts = openAccounts({ budgets: [{ scope: 'global', limit: usd(most / 1e9) }] });
    await expect(heldFor(council, ask({ max_completion_tokens: 50 }), accounts)).resolves.toBeDefined();
  });
});

describe('what the bytes of a request don’t stand for', () => {
  const seeing = (...parts: readonly Record<string, unknown>[]): ChatRequest =>
    ask({ messages: [{ role: 'user', content: [{ type: 'text', text: 'What is it?' }, ...parts] as never }] });
  const inputOf = async (request: ChatRequest): Promise<number> =>
    (await heldFor(single, request)).calls[0]!.inputAtMost;

  it('is held as well: pictures, and files as large as the context', async () => {
    const picture = (detail: string) => ({
      type: 'image_url',
      image_url: { url: 'https://example.com/1.png', detail },
    });
    expect(await inputOf(ask())).toBe(upperBoundTokens(BYTES));
    expect(await inputOf(seeing(picture('low')))).toBe(upperBoundTokens(BYTES) + 3_000);
    expect(await inputOf(seeing(picture('auto'), picture('high')))).toBe(upperBoundTokens(BYTES) + 100_000);
    expect(await inputOf(seeing({ type: 'file', file: { file_id: 'file-1' } }))).toBe(
      settings.models.get(one)!.context,
    );
  });

  it('stays so when it is counted closely', async () => {
    const { calls } = await heldFor(
      single,
      seeing({ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }),
    );
    expect(await calls[0]!.countInput!()).toBeGreaterThan(50_000);
  });
});
